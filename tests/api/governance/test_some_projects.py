"""A partner who is assigned to one project of a client decides nothing about the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.api.calls.lines import Business, leave_priya, open_business
from tests.api.governance.clinics import hold, old_call, partner_of, path_of, queued, receipts, save
from tests.people import PRIYA
from tests.support.api import World
from tests.support.askers import Answer, Asker

ZONE = "Australia/Sydney"


@dataclass(frozen=True, slots=True)
class Clinic:
    """A clinic of two lines with a call of each; `priya` is assigned to the first line, `ada` reaches all."""

    world: World
    business: Business
    priya: Asker
    calls: tuple[str, str]

    def holds(self, *more: str) -> str:
        return "&".join((f"/v1/legal-holds?client_id={self.business.client_id}", *more))

    async def release(self, who: Asker, hold_id: str) -> Answer:
        path = f"/v1/legal-holds/{hold_id}/release?client_id={self.business.client_id}"
        return await who.post(path, {})

    async def assign(self, *lines: str | None) -> None:
        """Priya, to these lines and no others."""
        await leave_priya(self.world)
        for line in lines:
            await self.world.sql(
                "INSERT INTO assignments (client_id, user_id, project_id) VALUES ($1, $2, $3)",
                self.business.client_id,
                self.world.user_ids[PRIYA.name],
                line,
            )
        self.world.api.hear()


@pytest.fixture
async def clinic(world: World) -> AsyncIterator[Clinic]:
    business = await open_business(world, ZONE, ZONE)
    first = await old_call(business, days=40)
    second = await old_call(business, days=40, line=business.lines[1])
    found = Clinic(world, business, await partner_of(world, business), (first, second))
    await found.assign(business.lines[0])
    yield found
    await leave_priya(world)


async def test_the_policy_that_governs_all_lines_is_not_there_for_who_has_one(clinic: Clinic) -> None:
    business, priya = clinic.business, clinic.priya
    await save(clinic.world.ada, business, transcripts_days=3_650)
    body = {"value": {"recordings_days": 7}, "expected_version": 2}
    refused = (
        await priya.get(path_of(business)),
        await priya.put(path_of(business), body),
        await priya.get(path_of(business, "history")),
        await priya.get(path_of(business, "dry-run") + "&transcripts_days=30"),
        await priya.get(f"/v1/retention-receipts?client_id={business.client_id}"),
    )
    assert {(one.status, one.code) for one in refused} == {(404, "not_found")}
    assert [one["version"] for one in await queued(clinic.world, business)] == ["2"]
    for lines in (business.lines, (None,)):
        await clinic.assign(*lines)
        assert (await save(priya, business, transcripts_days=3_650)).status == 200
        assert await receipts(priya, business) == []


async def test_a_hold_is_found_by_who_reaches_what_it_covers(clinic: Clinic) -> None:
    business, priya, ada = clinic.business, clinic.priya, clinic.world.ada
    of_first, of_second = [await hold(ada, business, kind="call", call_id=one) for one in clinic.calls]
    of_all = await hold(ada, business, kind="tenant")
    of_days = await hold(ada, business, kind="period", first_day="2026-01-01", last_day="2026-01-02")
    assert (await priya.get(clinic.holds())).json["holds"] == [of_first]
    for other in (of_second, of_all, of_days):
        answer = await clinic.release(priya, other["hold_id"])
        assert (answer.status, answer.code) == (404, "not_found")
    assert (await clinic.release(priya, of_first["hold_id"])).json["hold"]["state"] == "released"
    await clinic.assign(*business.lines)
    assert (await priya.get(clinic.holds())).json == (await ada.get(clinic.holds())).json
    for other in (of_second, of_all, of_days):
        assert (await clinic.release(priya, other["hold_id"])).status == 200


async def test_a_page_of_holds_is_full_of_what_is_in_reach(clinic: Clinic) -> None:
    own = []
    for _ in range(3):
        own.append(await hold(clinic.world.ada, clinic.business, kind="call", call_id=clinic.calls[0]))
        await hold(clinic.world.ada, clinic.business, kind="call", call_id=clinic.calls[1])
    first = (await clinic.priya.get(clinic.holds("limit=2"))).json
    rest = (await clinic.priya.get(clinic.holds("limit=2", f"cursor={first['next_cursor']}"))).json
    assert [len(first["holds"]), len(rest["holds"]), rest["next_cursor"]] == [2, 1, None]
    assert first["holds"] + rest["holds"] == own[::-1]


async def test_a_hold_is_placed_by_who_will_find_it(clinic: Clinic) -> None:
    business, days = clinic.business, {"first_day": "2026-01-01", "last_day": "2026-01-02"}
    others = ({"kind": "tenant"}, {"kind": "period", **days}, {"kind": "call", "call_id": clinic.calls[1]})
    for what in others:
        body = {"client_id": business.client_id, "reason": "M", **what}
        answer = await clinic.priya.post("/v1/legal-holds", body)
        assert (answer.status, answer.code) == (404, "not_found")
    own = await hold(clinic.priya, business, kind="call", call_id=clinic.calls[0])
    assert (await clinic.release(clinic.priya, own["hold_id"])).status == 200


async def test_what_a_plan_includes_is_changed_by_who_looks_after_all_of_it(clinic: Clinic) -> None:
    path = f"/v1/settings/entitlements?client_id={clinic.business.client_id}"
    value = {"recording_download": False, "api_key_management": True}
    body = {"value": value, "expected_version": 1}
    answer = await clinic.priya.put(path, body)
    assert (answer.status, answer.code) == (404, "not_found")
    seen = (await clinic.priya.get(path)).json
    assert (seen["mode"], seen["version"], "restricted" in seen) == ("summary", 1, False)
    assert (await clinic.priya.get(path.replace("?", "/history?"))).json["mode"] == "summary"
    await clinic.assign(*clinic.business.lines)
    assert (await clinic.priya.put(path, body)).status == 200
    assert (await clinic.priya.get(path)).json["mode"] == "edit"
    assert (await clinic.world.ada.get(path)).json["mode"] == "edit"


async def test_keys_reach_every_line_so_who_has_one_line_only_looks_at_them(clinic: Clinic) -> None:
    new = {"client_id": clinic.business.client_id, "scope": "manage", "description": "the booking system"}
    made = await clinic.world.ada.post("/v1/api-keys", new)
    path = f"/v1/api-keys/{made.json['api_key']['api_key_id']}"
    listed = (await clinic.priya.get(f"/v1/api-keys?client_id={clinic.business.client_id}")).json["api_keys"]
    assert made.json["api_key"] in listed
    for where, body in (
        ("/v1/api-keys", new),
        (f"{path}/rotate", {}),
        (f"{path}/revoke", {"reason": "Lost"}),
    ):
        answer = await clinic.priya.post(where, body)
        assert (answer.status, answer.code) == (404, "not_found")
    await clinic.assign(*clinic.business.lines)
    assert (await clinic.priya.post("/v1/api-keys", new)).status == 201
    assert (await clinic.priya.post(f"{path}/revoke", {"reason": "Lost"})).status == 200
