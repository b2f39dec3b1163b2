"""The dashboard's numbers are those of a recount at every moment, whatever became of a call."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aidial_api.kernel import call_counts
from aidial_api.kernel.reach import Reach
from aidial_api.recounting import every_client, parts_of, recount
from tests.api.analytics.counting import counted, fold, get, numbers_of, told, worker_database
from tests.api.calls.lines import Business, open_business
from tests.support.api import World
from tests.support.world_calls import new_call

SINCE, UNTIL = datetime(2026, 3, 30, tzinfo=UTC), datetime(2026, 4, 13, tzinfo=UTC)
PERIOD = {"from": SINCE.isoformat(), "to": UNTIL.isoformat()}


def a_call(line: str, number: int, **changes: Any) -> dict[str, Any]:
    """The n-th of a business's calls: every 7 hours and 13 minutes one, of all kinds."""
    started = SINCE + timedelta(minutes=433 * number)
    kinds = {
        "status": ("completed", "missed", "completed", "failed", "unknown")[number % 5],
        "end_reason": "unknown",
        "started_at": started.isoformat(),
        "ended_at": (started + timedelta(seconds=17 * number)).isoformat(),
        "sentiment": {"caller": ("positive", "upset", "unknown", "neutral")[number % 4]},
        "outcome": ("booked", "message_taken", None)[number % 3],
        "agent": {"id": f"agent-{number % 2}", "name": f"Agent {number % 2}"},
        "direction": ("inbound", "outbound")[number % 2],
        "channel": ("voice", "sms", "unknown")[number % 3],
    }
    if number % 4 == 1:
        kinds["booking"] = {"at": started.isoformat()}
    if number % 7 == 2:
        kinds["transfer"] = {"destination": "Reception", "result": "answered"}
    if number % 5 == 3:
        kinds["follow_up"] = {"note": "Call back"}
    return new_call(line, f"counted-{number}", turns=[], **{**kinds, **changes})


async def same(world: World, business: Business, zone: str = "Australia/Adelaide") -> None:
    """What the API tells is what the calls say."""
    numbers = await told(business.admin, **PERIOD)
    # A time given as the end of a period is included.
    until = UNTIL + timedelta(microseconds=1)
    assert numbers == await counted(world, business, zone, SINCE, until)


async def delivered(world: World, zone: str = "Australia/Adelaide", count: int = 24) -> Business:
    business = await open_business(world, zone, "Australia/Perth")
    for number in range(count):
        await business.deliver(a_call(business.lines[number % 2], number))
    return business


async def waiting(world: World, business: Business) -> int:
    rows = await world.sql("SELECT count(*) FROM call_count_changes WHERE client_id = $1", business.client_id)
    return int(rows[0][0])


async def test_numbers_follow_a_call_through_its_life(world: World) -> None:
    business = await delivered(world)
    await same(world, business)
    await fold(world)
    assert await waiting(world, business) == 0
    await same(world, business)
    started = (SINCE + timedelta(days=3)).isoformat()
    live = {"status": "live", "ended_at": None, "end_reason": None, "started_at": started, "outcome": None}
    answer = await business.deliver(a_call(business.lines[0], 100, **live))
    await same(world, business)
    await fold(world)
    ends = {
        "status": "completed",
        "ended_at": (SINCE + timedelta(days=3, minutes=4)).isoformat(),
        "end_reason": "caller_hangup",
        "outcome": "booked",
        "sentiment": {"caller": "positive", "agent": "neutral"},
        "booking": {"at": started},
    }
    changed = await business.key.patch(f"/v1/calls/{answer.json['call_id']}", ends, if_match="*")
    assert changed.status == 200, changed
    await same(world, business)
    await fold(world)
    await same(world, business)
    noted = await business.key.patch(
        f"/v1/calls/{answer.json['call_id']}", {"summary": "A new patient."}, if_match="*"
    )
    assert noted.status == 200
    assert await waiting(world, business) == 0  # what changes no number is not noted
    await world.sql("DELETE FROM calls WHERE client_id = $1 AND outcome = 'booked'", business.client_id)
    await same(world, business)
    await fold(world)
    await same(world, business)


async def test_a_rebuild_mends_what_is_wrong_and_counts_what_was_loaded_in_bulk(world: World) -> None:
    business = await delivered(world, count=12)
    await fold(world)
    await world.sql("UPDATE call_counts SET calls = calls + 1 WHERE client_id = $1", business.client_id)
    await world.sql("DELETE FROM call_counts_by_key WHERE client_id = $1", business.client_id)
    url = world.urls.owner_url
    assert business.client_id in await every_client(url)
    done = [one async for one in recount(url, await parts_of(url, [business.client_id]))]
    assert sum(part.calls for part in done) == 12
    assert sum(part.calls_before for part in done) > 12
    await same(world, business)
    again = [one async for one in recount(url, await parts_of(url, [business.client_id]))]
    assert [part.calls_before for part in again] == [part.calls for part in again]


async def test_a_rebuild_while_calls_come_in_loses_none_and_counts_none_twice(world: World) -> None:
    business = await delivered(world, count=4)
    url = world.urls.owner_url

    async def deliver() -> None:
        for number in range(4, 40):
            await business.deliver(a_call(business.lines[number % 2], number))

    delivering = asyncio.create_task(deliver())
    while not delivering.done():
        async for _ in recount(url, await parts_of(url, [business.client_id])):
            pass
        await fold(world)
    await delivering
    await same(world, business)


async def test_two_calls_of_a_tenant_do_not_wait_for_one_another(world: World) -> None:
    business = await delivered(world, count=2)
    async with worker_database(world) as db:
        await call_counts.fold(db)
        async with db.transaction(Reach((business.client_id,))) as tx:
            await tx.execute("UPDATE calls SET outcome = 'held' WHERE client_id = $1", business.client_id)
            # The same hour, outcome and agent, while the other transaction is still under way.
            async with asyncio.timeout(5):
                await business.deliver(a_call(business.lines[0], 20, outcome="held"))
                await call_counts.fold(db)
    await same(world, business)


async def test_a_forgotten_period_has_no_numbers_for_good(world: World) -> None:
    business = await delivered(world)
    since, until = SINCE + timedelta(days=2, hours=3), SINCE + timedelta(days=5)
    rows = await world.sql("SELECT * FROM calls WHERE client_id = $1", business.client_id)
    inside = [row for row in rows if since <= row["started_at"] < until]
    kept = [row for row in rows if row not in inside]
    async with worker_database(world) as db:
        forgotten = [n async for n in call_counts.forget(db, business.client_id, since, until)]
        assert sum(forgotten) == len(inside) > 0
        assert [n async for n in call_counts.forget(db, business.client_id, since, until) if n] == []
        with pytest.raises(ValueError, match="quarters"):
            await anext(call_counts.forget(db, business.client_id, since, since + timedelta(minutes=1)))
    expected = numbers_of(kept, ZoneInfo("Australia/Adelaide"))
    assert await told(business.admin, **PERIOD) == expected
    # A late call of that time, one that is deleted, and a rebuild change nothing.
    await business.deliver(a_call(business.lines[0], 200, started_at=since.isoformat(), ended_at=None,
                                  status="live", end_reason=None))  # fmt: skip
    await world.sql("DELETE FROM calls WHERE call_id = $1", inside[0]["call_id"])
    assert await told(business.admin, **PERIOD) == expected
    await fold(world)
    url = world.urls.owner_url
    async for part in recount(url, await parts_of(url, [business.client_id])):
        assert part.calls == part.calls_before
    assert await told(business.admin, **PERIOD) == expected


async def test_a_breakdown_names_the_busiest_and_leaves_out_what_is_not_asked_for(world: World) -> None:
    business = await delivered(world)
    found = await get(business.admin, "breakdown", by="agent", limit="1", **PERIOD)
    assert found == {"by": "agent", "rows": [{"key": "agent-0", "count": 12}]}
    named = await get(business.admin, "breakdowns", by="agent,client", limit="1", **PERIOD)
    assert [one["rows"][0]["label"] for one in named["breakdowns"]] == ["Agent 0", "A business of a test"]
    assert (await get(business.admin, "breakdown", **PERIOD))["by"] == "outcome"
    staff = await get(business.staff, "breakdown", by="project", **PERIOD)
    assert staff["rows"] == [{"key": business.lines[0], "count": 12}]
    (client,) = (await get(business.admin, "clients", **PERIOD))["clients"]
    assert (client["client_id"], client["total"], client["name"]) == (
        business.client_id, 24, "A business of a test",
    )  # fmt: skip
    for query, field in (
        ("interval=hour&range=90d", "query.interval"),
        ("interval=hour&from=2026-01-01&to=2026-02-28", "query.interval"),
    ):
        refused = await business.admin.get(f"/v1/analytics/timeseries?{query}")
        assert (refused.status, refused.json["field_errors"][0]["field"]) == (422, field)
