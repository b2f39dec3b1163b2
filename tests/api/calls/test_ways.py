"""Whatever is asked for, the index a list walks changes how soon it answers and never what."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import asyncpg
import pytest

from aidial_api.kernel.db import Database
from aidial_api.kernel.reach import Reach as DatabaseReach
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls import listing
from aidial_api.surfaces.calls.question import question_of, walk_of
from aidial_api.surfaces.calls.ways import _INDEXES, way_of
from aidial_contract.scope import Reach
from aidial_contract.shapes.common import Matching
from tests.api.calls.seeded import CALLS, CLIENT, asked

SINGLES: tuple[tuple[str, str], ...] = (
    ("status", "missed"),
    ("status", "completed,failed"),
    ("sentiment", "upset"),
    ("outcome", "complaint"),
    ("outcome", "appointment_booked,transferred"),
    ("resolution", "escalated"),
    ("type", "new_booking,nobody_says_this"),
    ("agent", "agent-harbour-dental-matilda"),
    ("channel", "sms"),
    ("direction", "outbound"),
    ("sms_status", "delivered"),
    ("email_status", "delivered"),
    ("attention", "yes"),
    ("attention", "no"),
    ("booking", "yes"),
    ("booking", "no"),
    ("transfer", "yes"),
    ("transfer", "no"),
    ("follow_up", "yes"),
    ("follow_up", "no"),
    ("min_duration", "100"),
    ("max_duration", "45"),
    ("from", "2026-10-20"),
)
INDEXES = {
    "status": "calls_by_status",
    "sentiment": "calls_by_status",
    "outcome": "calls_by_outcome",
    "resolution": "calls_by_resolution",
    "type": "calls_by_type",
    "agent": "calls_by_agent",
    "channel": "calls_by_channel",
    "direction": "calls_by_channel",
    "sms_status": "calls_by_sms_status",
    "email_status": "calls_by_email_status",
    "min_duration": "calls_by_length",
    "max_duration": "calls_by_length",
}
WALKED = {
    **{(name, "yes"): f"calls_with_{name}" for name in ("attention", "booking", "transfer", "follow_up")},
    **{(name, "no"): f"calls_without_{name}" for name in ("attention", "booking")},
}


BY_START = "calls_by_start"


def index_of(single: tuple[str, str]) -> str:
    return WALKED.get(single) or INDEXES.get(single[0], BY_START)


async def ids(tx: Tx, reach: Reach, query: Any, *, walking: bool) -> list[str]:
    question = (walk_of if walking else question_of)(reach, query, None)
    return [row["call_id"] for row in await tx.fetch_reaching(question.rows(CALLS), *question.values)]


async def test_every_filter_and_every_two_give_the_same_calls_by_any_way(
    ground: tuple[Database, Reach],
) -> None:
    db, reach = ground
    pairs = [pair for pair in combinations(SINGLES, 2) if pair[0][0] != pair[1][0]]
    some = 0
    async with db.transaction(DatabaseReach((CLIENT,)), read_only=True) as tx:
        for chosen in [*((one,) for one in SINGLES), *pairs]:
            for sort in ("duration", "-started_at"):
                query = asked(*chosen, ("sort", sort))
                walked = await ids(tx, reach, query, walking=True)
                assert walked == await ids(tx, reach, query, walking=False), chosen
                counted = await listing.count(tx, reach, query, None, at_most=CALLS, within_ms=5_000)
                assert counted == len(walked), chosen
                few = walk_of(reach, query, None, few=True)
                found = await tx.fetch_reaching(few.rows(CALLS), *few.values)
                assert [row["call_id"] for row in found] == walked, chosen
                some += bool(walked)
    assert some > len(pairs)


async def test_the_calls_of_one_range_are_counted_where_they_are_found(
    ground: tuple[Database, Reach],
) -> None:
    db, reach = ground
    one = Reach(reach.client_ids, reach.projects[:1])
    single_ranges = 0
    async with db.transaction(DatabaseReach((CLIENT,)), read_only=True) as tx:
        for chosen in [(), *((single,) for single in SINGLES), (("outcome", "complaint"), ("booking", "no"))]:
            query = asked(*chosen)
            there = len(await ids(tx, one, query, walking=False))
            single_ranges += walk_of(one, query, None, counting=True).ranges == 1
            for most in (CALLS, 3):
                counted = await listing.count(tx, one, query, None, at_most=most, within_ms=5_000)
                assert counted == min(there, most + 1), chosen
    assert single_ranges > len(SINGLES) / 2


@pytest.mark.parametrize("few", [False, True], ids=["walked", "found"])
@pytest.mark.parametrize("sort", ["-started_at", "started_at", "-duration", "duration"])
async def test_pages_by_a_way_join_without_a_gap_in_both_directions(
    ground: tuple[Database, Reach], sort: str, *, few: bool
) -> None:
    db, reach = ground
    for filters in ((("sentiment", "positive,upset"),), (("from", "2026-10-20"),)):
        query = asked(*filters, ("sort", sort))
        async with db.transaction(DatabaseReach((CLIENT,)), read_only=True) as tx:
            whole = await ids(tx, reach, query, walking=True)
            found: list[str] = []
            position: listing.Position | None = None
            while rows := await listing.read_rows(tx, reach, query, None, position, 7, few=few):
                found += [row["call_id"] for row in rows]
                position = listing.position_of(rows[-1], query, Matching(count=0, capped=False))
        assert found == whole


@pytest.mark.parametrize("single", SINGLES, ids="=".join)
async def test_a_page_of_one_filter_is_ranges_of_its_index(
    ground: tuple[Database, Reach], single: tuple[str, str]
) -> None:
    index = index_of(single)
    if index == BY_START:
        assert way_of(asked(single)) is None
        return
    db, reach = ground
    question = walk_of(reach, asked(single), None)
    plan = await explained(db, question.rows(21), question.values)
    assert f"using {index} on calls" in plan, plan


@pytest.mark.parametrize(
    ("chosen", "index"),
    [
        *(((single,), index_of(single)) for single in SINGLES),
        ((("status", "completed"), ("sentiment", "upset")), "calls_by_status"),
        ((("status", "completed"), ("direction", "outbound")), "calls_by_channel"),
        ((("outcome", "appointment_booked"), ("sentiment", "positive")), "calls_by_outcome"),
        ((("outcome", "complaint"), ("resolution", "escalated")), "calls_by_outcome"),
        ((("type", "new_booking"), ("booking", "yes")), "calls_with_booking"),
        ((("attention", "yes"), ("sentiment", "upset")), "calls_with_attention"),
        ((("follow_up", "yes"), ("resolution", "follow_up_required")), "calls_with_follow_up"),
        ((("direction", "inbound"), ("channel", "sms")), "calls_by_channel"),
        ((("status", "completed"), ("min_duration", "300")), "calls_by_length"),
        ((("status", "missed"), ("sort", "-duration")), "calls_by_status"),
        ((("transfer", "no"), ("follow_up", "no")), BY_START),
    ],
    ids=str,
)
async def test_what_an_index_holds_is_counted_without_a_look_at_the_calls(
    ground: tuple[Database, Reach], chosen: tuple[tuple[str, str], ...], index: str
) -> None:
    db, reach = ground
    question = walk_of(reach, asked(*chosen), None, counting=True)
    plan = await explained(db, question.count(10_001), question.values)
    assert f"Index Only Scan using {index} on calls" in plan, plan


async def explained(db: Database, statement: str, values: list[Any]) -> str:
    async with db.transaction(DatabaseReach((CLIENT,)), read_only=True) as tx:
        # Four hundred calls fit on a few pages, and reading them all would do as well.
        await tx.execute("SET LOCAL enable_sort = off")
        await tx.execute("SET LOCAL enable_seqscan = off")
        await tx.execute("SET LOCAL enable_bitmapscan = off")
        await tx.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        rows = await tx.fetch(f"EXPLAIN {statement}", *tx.settings, *values)
    return "\n".join(row[0] for row in rows)


async def test_the_index_of_starts_holds_nothing_that_a_filter_is_counted_by(
    ground: tuple[Database, Reach],
) -> None:
    """Or the planner may take that one, and look past all other calls: it cannot tell how many there are."""
    db, _ = ground
    async with db.transaction(DatabaseReach((CLIENT,)), read_only=True) as tx:
        names = await tx.fetchval(
            "SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = 'calls_by_start'::regclass"
        )
    for index in _INDEXES:
        assert not {column.name.removeprefix("c.") for column in index.columns} <= set(names), index


async def test_a_caller_is_walked_by_their_token(ground: tuple[Database, Reach]) -> None:
    db, reach = ground
    async with db.transaction(DatabaseReach((CLIENT,)), read_only=True) as tx:
        rows: list[asyncpg.Record] = await tx.fetch(
            "SELECT token, count(*) FROM caller_tokens GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3"
        )
        for row in rows:
            token = bytes(row["token"])
            for chosen in (
                (),
                (("status", "completed"),),
                (("sort", "-duration"),),
                (("sort", "started_at"),),
            ):
                query = asked(*chosen)
                walked = walk_of(reach, query, token)
                plain = question_of(reach, query, token)
                found = [
                    one["call_id"] for one in await tx.fetch_reaching(walked.rows(CALLS), *walked.values)
                ]
                assert found == [
                    one["call_id"] for one in await tx.fetch_reaching(plain.rows(CALLS), *plain.values)
                ]
                assert found
                if not chosen:
                    assert len(found) == row["count"]
                counted = await listing.count(tx, reach, query, token, at_most=CALLS, within_ms=5_000)
                assert counted == len(found)


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ((("outcome", "do_not_call"),), "calls_by_outcome"),
        ((("attention", "yes"), ("sentiment", "upset")), "calls_with_attention"),
        ((("from", "2026-11-20"),), "calls_by_start"),
    ],
    ids=str,
)
async def test_few_calls_by_duration_are_found_by_their_filter_and_not_met_on_the_way(
    ground: tuple[Database, Reach], filters: tuple[tuple[str, str], ...], index: str
) -> None:
    db, reach = ground
    question = walk_of(reach, asked(*filters, ("sort", "-duration")), None, few=True)
    plan = await explained(db, question.rows(21), question.values)
    assert f"Index Only Scan using {index} on calls" in plan, plan
    assert "calls_by_duration" not in plan, plan
