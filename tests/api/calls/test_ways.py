"""Whatever is asked for, the index a list walks changes how soon it answers and never what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import asyncpg
import pytest

from aidial.bulk.loading import Loader
from aidial.bulk.plan import Plan, tenants
from aidial_api.kernel import counting
from aidial_api.kernel.crypto import CursorKey, MasterKey
from aidial_api.kernel.db import Database, DatabaseUnavailable, observe
from aidial_api.kernel.reach import Reach as DatabaseReach
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls import lengths, listing
from aidial_api.surfaces.calls.question import question_of, walk_of
from aidial_api.surfaces.calls.ways import way_of
from aidial_contract.params import CALL_LIST_PARAMS
from aidial_contract.query import parse_query
from aidial_contract.scope import ProjectReach, Reach
from aidial_contract.shapes.common import Matching
from tests.support.postgres import PostgresServer

UNTIL = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
CLIENT = "seed-0001"
CALLS = 400
CURSORS = CursorKey(MasterKey(bytes(32)))
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
LOOKED_AT = (("transfer", "no"), ("follow_up", "no"))
"""Nearly all calls: no index holds them, so they are looked at one by one."""


def index_of(single: tuple[str, str]) -> str:
    return WALKED.get(single) or INDEXES.get(single[0], BY_START)


@pytest.fixture(scope="module")
async def ground(postgres_server: PostgresServer, worker_id: str) -> AsyncIterator[tuple[Database, Reach]]:
    """Four hundred seeded calls of one tenant with two lines, and who reaches them."""
    urls = postgres_server.migrated_database(f"aidial_ways_{worker_id}")
    await Loader(urls.owner_url, bytes(32), Plan(tenants(CALLS, 1, 1, CLIENT), UNTIL, 90, 3)).load(
        lambda _: None
    )
    db = await Database.connect(urls.app_url, min_size=1, max_size=2)
    async with db.transaction(DatabaseReach((CLIENT,))) as tx:
        rows = await tx.fetch("SELECT project_id::text FROM projects ORDER BY display_name DESC")
    projects = tuple(ProjectReach(CLIENT, row["project_id"], "Australia/Sydney") for row in rows)
    with pytest.MonkeyPatch.context() as patch:
        # However busy this machine is.
        patch.setattr(counting, "COUNT_MS", 5_000)
        patch.setattr(listing, "COUNT_MS", 5_000)
        yield db, Reach((CLIENT,), projects)
    await db.close()


def asked(*pairs: tuple[str, str]) -> Any:
    return parse_query(pairs, CALL_LIST_PARAMS)


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


async def test_pages_by_a_way_join_without_a_gap_in_both_directions(ground: tuple[Database, Reach]) -> None:
    db, reach = ground
    for sort in ("-started_at", "started_at"):
        query = asked(("sentiment", "positive,upset"), ("sort", sort))
        async with db.transaction(DatabaseReach((CLIENT,)), read_only=True) as tx:
            whole = await ids(tx, reach, query, walking=True)
            found: list[str] = []
            position: listing.Position | None = None
            while rows := await listing.read_rows(tx, reach, query, None, position, 7):
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
        *(((single,), index_of(single)) for single in SINGLES if single not in LOOKED_AT),
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


@dataclass
class Asker:
    """Who asks for first pages, and at what time."""

    db: Database
    reach: Reach
    now_s: float = 1_000.0
    seen: list[str] = field(default_factory=list)

    async def first_page(self, *chosen: tuple[str, str]) -> tuple[Matching, int]:
        """What the page says of its list, and how often that was counted."""
        said: list[str] = []
        with observe(said.append):
            async with self.db.transaction(DatabaseReach((CLIENT,)), read_only=True) as tx:
                page = await listing.list_page(tx, self.db.counting, self.reach, asked(*chosen), CURSORS)
        self.seen = said
        return page.matching, sum("count(*)" in statement for statement in said)

    async def settled(self) -> None:
        """Wait for what is counted for the next who asks."""
        while tasks := self.db.counting._tasks:
            await asyncio.wait(tasks)
            await asyncio.sleep(0)  # and what is done when they end


@pytest.fixture
async def asker(ground: tuple[Database, Reach], monkeypatch: pytest.MonkeyPatch) -> Asker:
    """More than a hundred calls are many, and a connection for counting is open."""
    db, reach = ground
    asker = Asker(db, reach)
    monkeypatch.setattr(lengths, "COUNT_CAP", 100)
    monkeypatch.setattr(lengths, "_lengths", {})
    monkeypatch.setattr(lengths, "_short", {})
    monkeypatch.setattr(lengths, "monotonic", lambda: asker.now_s)
    if db.counting._connections.size == 0:
        await db.counting.ask(("", "", ""), "")
        await asker.settled()
    return asker


LONG = (("status", "completed"),)
SHORT = (("status", "missed"), ("limit", "5"))


async def test_only_a_long_list_is_not_counted_each_time(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await asker.first_page(*LONG) == (Matching(count=100, capped=True), 1)
    assert await asker.first_page(*LONG) == (Matching(count=100, capped=True), 0)
    # One that is not long is counted each time: its number is of this moment.
    once, counted = await asker.first_page(*SHORT)
    assert (once.capped, counted) == (False, 1)
    assert await asker.first_page(*SHORT) == (once, 1)
    # Where it is thousands, it may be of two seconds ago.
    monkeypatch.setattr(lengths, "MANY", once.count)
    assert await asker.first_page(*SHORT) == (once, 1)
    assert await asker.first_page(*SHORT) == (once, 0)
    asker.now_s += lengths.COUNTED_FOR_S
    assert await asker.first_page(*SHORT) == (once, 1)


async def test_a_long_list_of_a_while_ago_is_counted_again_for_the_next_who_asks(asker: Asker) -> None:
    await asker.first_page(*LONG)
    asker.now_s += lengths.LONG_FOR_S
    # It has become shorter meanwhile, which the one who asks first is not kept waiting for.
    lengths.COUNT_CAP = 100_000
    assert await asker.first_page(*LONG) == (Matching(count=100, capped=True), 1)
    await asker.settled()
    matching, _ = await asker.first_page(*LONG)
    assert not matching.capped
    assert matching.count > 100
    # What nobody asked for in ten minutes is counted first.
    lengths.COUNT_CAP = 100
    await asker.first_page(*LONG)
    asker.now_s += lengths.LONG_AT_MOST_S
    lengths.COUNT_CAP = 100_000
    assert await asker.first_page(*LONG) == (matching, 1)


async def test_a_list_that_fits_on_its_page_is_not_counted_beside_it_again(asker: Asker) -> None:
    few = (("status", "missed"), ("limit", "100"))
    fitting, _ = await asker.first_page(*few)
    assert await asker.first_page(*few) == (fitting, 0)
    # It grew past its page: the same list, a page of five.
    assert await asker.first_page(*SHORT) == (fitting, 1)
    asker.now_s += lengths.SHORT_FOR_S
    assert await asker.first_page(*few) == (fitting, 1)


@pytest.mark.parametrize("trouble", ["all busy", "lost"])
async def test_a_page_whose_count_cannot_be_asked_beside_it_is_counted_after_it(
    asker: Asker, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = await asker.first_page(*SHORT)

    async def lost() -> int:
        raise DatabaseUnavailable("lost")

    async def ask(*_: object) -> asyncio.Task[int] | None:
        return asyncio.create_task(lost()) if trouble == "lost" else None

    monkeypatch.setattr(asker.db.counting, "ask", ask)
    assert await asker.first_page(*SHORT) == (expected, 1)
    assert "ROLLBACK" in asker.seen


async def test_a_page_that_is_cancelled_or_fails_leaves_its_count_to_end_by_itself(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object, **__: object) -> list[asyncpg.Record]:
        raise DatabaseUnavailable("lost")

    with monkeypatch.context() as patch:
        patch.setattr(listing, "read_rows", failing)
        with pytest.raises(DatabaseUnavailable):
            await asker.first_page(*SHORT)
    await asker.settled()
    request = asyncio.create_task(asker.first_page(*SHORT))
    await asyncio.sleep(0.001)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    await asker.settled()
    assert (await asker.first_page(*SHORT))[1] == 1
