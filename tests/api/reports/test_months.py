"""A month turns: its report is made once, of the right calls, for whoever is to get it."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from aidial.worker import post_of
from aidial_api.settings import read_settings
from aidial_api.surfaces.reports.making import make
from tests.api.reports.months import (
    MONTH,
    NAMES,
    PATH,
    SECOND,
    asked,
    at,
    database,
    made,
    messages,
    ring,
    run,
    summary,
    turn_of,
    turn_on,
)
from tests.api.settings.clinics import Clinic
from tests.support.world_calls import CALLER


async def test_it_is_made_at_six_in_the_morning_of_the_first_and_never_again(clinic: Clinic) -> None:
    await turn_on(clinic)
    await ring(clinic, at("2026-06-12 10:00"))
    await asked(clinic)
    assert turn_of(MONTH) == at("2026-07-01 06:00")
    await run(clinic, MONTH, turn_of(MONTH) - SECOND)
    assert await made(clinic) == []
    assert await asked(clinic) == [(MONTH, turn_of(MONTH))], "it is asked for again"
    await run(clinic, MONTH, turn_of(MONTH))
    (report,) = await made(clinic)
    assert (report["month"], report["starts_at"]) == (MONTH, at("2026-06-01 00:00"))
    assert await asked(clinic) == [("2026-07", turn_of("2026-07"))]
    shown = [(row["kind"], row["recipient_shown"], row["project_id"]) for row in await messages(clinic)]
    assert shown == [
        ("monthly_report", "p...@hill-street.example", None),
        ("monthly_report", "O...@hill-street.example", None),
    ]
    await run(clinic, MONTH, turn_of(MONTH))
    assert len(await made(clinic)) == 1
    assert len(await messages(clinic)) == 2
    assert await asked(clinic) == [], "whoever made it has asked for the next"


async def test_several_workers_make_one(clinic: Clinic) -> None:
    await turn_on(clinic)
    await ring(clinic, at("2026-06-12 10:00"))
    await asked(clinic)
    files = post_of(read_settings(clinic.world.environ)).files
    async with database(clinic.world) as db:
        await asyncio.gather(
            *(
                make(db, files, client_id=clinic.client_id, month=MONTH, clock=lambda: turn_of(MONTH))
                for _ in range(4)
            )
        )
    assert len(await made(clinic)) == 1
    assert len(await messages(clinic)) == 2
    assert len(await asked(clinic)) == 1
    events = await clinic.world.events(str((await made(clinic))[0]["report_id"]))
    assert [(one["action"], one["actor_kind"]) for one in events] == [("reports.report.made", "system")]


async def test_after_a_stop_each_month_is_made_up_for_in_turn(clinic: Clinic) -> None:
    await turn_on(clinic)
    await ring(clinic, at("2026-04-12 10:00"))
    await asked(clinic)
    late, waiting = at("2026-07-09 12:00"), ["2026-04"]
    while waiting:
        await run(clinic, waiting.pop(), late)
        waiting += [month for month, due in await asked(clinic) if due <= late]
    # Of months before the clinic was there, those that had calls.
    assert [row["month"] for row in await made(clinic)] == ["2026-04"]
    await clinic.world.sql(
        "UPDATE clients SET created_at = '2026-01-01' WHERE client_id = $1", clinic.client_id
    )
    await run(clinic, "2026-05", late)
    (after,) = await asked(clinic)
    await run(clinic, after[0], late)
    assert [row["month"] for row in await made(clinic)] == ["2026-04", "2026-05", "2026-06"]
    assert [month for month, _ in await asked(clinic)] == ["2026-07"]


async def test_a_month_holds_its_own_calls_and_no_others(clinic: Clinic) -> None:
    await turn_on(clinic)
    # Hobart's June: a minute before, its first second, its last minute, and a minute after.
    await ring(clinic, at("2026-05-31 23:59"))
    await ring(clinic, at("2026-06-01 00:00"))
    await ring(clinic, at("2026-06-30 23:59"), outcome="call_back", agent={"id": "a", "name": "A"})
    missed = {"status": "missed", "end_reason": "missed", "turns": []}
    await ring(clinic, at("2026-06-30 23:00"), outcome="NDIS enquiry", **missed)
    await ring(clinic, at("2026-07-01 00:00"))
    await run(clinic, MONTH, turn_of(MONTH))
    (listed,) = (await clinic.ben.get("/v1/reports")).json["reports"]
    assert (listed["month"], listed["timezone"]) == (MONTH, "Australia/Hobart")
    kpis = listed["kpis"]
    assert kpis["total_calls"] == {"value": 3, "previous": 1, "change": 2}
    assert (kpis["completed_calls"]["value"], kpis["missed_calls"]["value"]) == (2, 1)
    assert kpis["talk_minutes"]["value"] == 6
    (report,) = await made(clinic)
    figures = msgspec.json.decode(report["figures"])
    counted = {one["day"]: one["total"] for one in figures["days"]}
    assert len(counted) == 30
    assert (counted["2026-06-01"], counted["2026-06-30"], sum(counted.values())) == (1, 2, 3)
    outcomes = {one["label"]: one["calls"] for one in figures["outcomes"]}
    assert (outcomes["Call back"], outcomes["NDIS enquiry"]) == (1, 1)
    assert [(one["name"], one["total"]) for one in figures["lines"]] == [("Desk", 3)]
    assert CALLER[3:] not in report["figures"]
    dashboard = await clinic.alice.get("/v1/analytics/summary?from=2026-06-01&to=2026-06-30")
    assert dashboard.json["kpis"]["total_calls"]["value"] == 3


@pytest.mark.parametrize(
    ("lifecycle", "enabled", "next_ones"),
    [("suspended", True, ["2026-07"]), ("archived", True, []), ("active", False, [])],
)
async def test_none_is_made_for_who_has_it_off_or_is_suspended_or_archived(
    clinic: Clinic, lifecycle: str, *, enabled: bool, next_ones: list[str]
) -> None:
    await turn_on(clinic)
    await clinic.save(PATH, summary(*NAMES, enabled=enabled))
    await ring(clinic, at("2026-06-12 10:00"))
    await asked(clinic)
    change = "UPDATE clients SET lifecycle = $2 WHERE client_id = $1"
    await clinic.world.sql(change, clinic.client_id, lifecycle)
    await run(clinic, MONTH, turn_of(MONTH))
    assert await made(clinic) == []
    assert [month for month, _ in await asked(clinic)] == next_ones
