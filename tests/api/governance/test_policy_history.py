"""Who changed a client's policy when, and what: as of every section, for those who may edit it."""

from __future__ import annotations

from typing import Any

from tests.api.calls.lines import Business, open_business
from tests.api.governance.clinics import partner_of, path_of, save
from tests.people import NORTHSIDE
from tests.support.api import World
from tests.support.askers import Asker


async def history(who: Asker, clinic: Business, query: str = "") -> Any:
    answer = await who.get(path_of(clinic, "history") + query)
    assert answer.status == 200, answer
    return answer.json


async def test_priya_reads_what_she_and_aidial_changed_newest_first(world: World) -> None:
    clinic = await open_business(world, "Australia/Sydney")
    priya = await partner_of(world, clinic)
    assert (await history(priya, clinic))["history"] == []
    await save(priya, clinic, transcripts_days=400)
    await save(world.ada, clinic, transcripts_days=500, unlocks_need_approval=True)
    found = await history(priya, clinic)
    assert (found["section"], found["mode"], found["next_cursor"]) == ("data-governance", "edit", None)
    latest, first = found["history"]
    assert [one["by"].partition("@")[0] for one in (latest, first)] == ["ada", "priya"]
    assert latest["changes"] == [
        {"field": "transcripts_days", "before": 400, "after": 500},
        {"field": "unlocks_need_approval", "before": False, "after": True},
    ]
    # Kept for good is what counted before anybody saved: the beginning, and no change of somebody's.
    assert first["changes"] == [{"field": "transcripts_days", "before": None, "after": 400}]
    assert await history(world.ada, clinic) == found


async def test_a_long_history_is_read_page_by_page_and_a_page_leads_to_its_own_clients(world: World) -> None:
    clinic, other = [await open_business(world, "Australia/Sydney") for _ in range(2)]
    priya = await partner_of(world, clinic)
    await partner_of(world, other)
    for days in (401, 402, 403):
        await save(priya, clinic, recordings_days=days)
    first = await history(priya, clinic, "&limit=2")
    rest = await history(priya, clinic, f"&limit=2&cursor={first['next_cursor']}")
    read = [one["changes"][0]["after"] for page in (first, rest) for one in page["history"]]
    assert (read, rest["next_cursor"]) == ([403, 402, 401], None)
    foreign = await priya.get(path_of(other, "history") + f"&cursor={first['next_cursor']}")
    assert (foreign.status, foreign.code) == (400, "invalid_cursor")


async def test_clients_and_those_of_another_partner_find_none(world: World) -> None:
    clinic = await open_business(world, "Australia/Sydney")
    await save(await partner_of(world, clinic), clinic, transcripts_days=400)
    for somebody in (clinic.admin, clinic.staff, world.tom, world.omar, world.mallory):
        answer = await somebody.get(path_of(clinic, "history"))
        assert (answer.status, answer.code) == (404, "not_found")
    assert (
        await world.priya.get(f"/v1/settings/data-governance/history?client_id={NORTHSIDE}")
    ).status == 404
    assert (await world.priya.get("/v1/settings/data-governance/history")).status == 400
