"""As the application role, a page of tickets is one range of the index a project, however it is narrowed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg
import pytest

from aidial_api.kernel.crypto import CursorKey, MasterKey
from aidial_api.kernel.db import Database, Reach, Tx
from aidial_api.surfaces.support import listing
from aidial_contract.ids import new_id
from aidial_contract.params import OPS_TICKET_PARAMS, TICKET_PARAMS
from aidial_contract.query import parse_query
from tests.people import AFTER_HOURS, BAYSIDE, FRONT_DESK, HARBOUR
from tests.support.api import World

CURSORS = CursorKey(MasterKey(b"k" * 32))
LINES = [(HARBOUR, FRONT_DESK), (HARBOUR, AFTER_HOURS)]
MANY = """
INSERT INTO tickets (client_id, ticket_id, project_id, status, priority, category, subject, body, created_by,
                     created_by_name, created_by_side, recipients, created_at)
SELECT $1, gen_random_uuid(), $2, 'closed', 'low', 'general', 'One of many', '', gen_random_uuid(), 'Many',
       'customer', '{many}', timestamptz '2020-01-01 00:00Z' + n * interval '1 minute'
FROM generate_series(1, 5000) n
"""


class Explaining:
    """A transaction that keeps the plan of each statement it runs."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.plans: list[str] = []

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Run it, and ask how."""
        self.plans.append("\n".join(row[0] for row in await self._tx.fetch(f"EXPLAIN {sql}", *args)))
        return await self._tx.fetch(sql, *args)


@pytest.fixture(scope="module")
async def busy(world: World) -> AsyncIterator[Database]:
    """10,000 old tickets on two lines, and the planner knows of them."""
    for _, project_id in LINES:
        await world.sql(MANY, HARBOUR, project_id)
    await world.sql("ANALYZE tickets")
    database = await Database.connect(world.urls.app_url, min_size=1, max_size=1)
    yield database
    await database.close()
    await world.sql("DELETE FROM tickets WHERE created_by_name = 'Many'")
    await world.sql("ANALYZE tickets")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"status": "open,waiting_on_support"},
        {"priority": "high", "category": "billing"},
        {"q": "nothing has this"},
        {"after": "2020-02-01"},
    ],
    ids=str,
)
async def test_a_page_is_a_range_of_the_index_for_each_line(busy: Database, query: dict[str, str]) -> None:
    asked: dict[str, Any] = dict(
        parse_query([(name, text) for name, text in query.items() if name != "after"], TICKET_PARAMS)
    )
    async with busy.transaction(Reach((HARBOUR,)), read_only=True) as tx:
        # How large and scattered other tests left the table decides among good plans; this asks for one.
        await tx.execute("SET LOCAL enable_bitmapscan = off")
        await tx.execute("SET LOCAL enable_seqscan = off")
        explaining = Explaining(tx)
        if "after" in query:
            first = await listing.list_page(cast("Tx", explaining), LINES, asked, CURSORS)
            asked["cursor"] = first.next_cursor
            explaining.plans.clear()
        await listing.list_page(cast("Tx", explaining), LINES, asked, CURSORS)
    (plan,) = explaining.plans
    assert "using tickets_by_making on tickets" in plan, plan
    assert "Seq Scan on tickets" not in plan, plan
    conditions = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "project_id = " in conditions
    assert "client_id = " in conditions
    if "after" in query:
        assert "ROW(created_at, ticket_id) <" in conditions, plan
    # The pages of the lines are merged; the tickets of one line are never sorted.
    below = plan[plan.index("using tickets_by_making") :]
    assert "Sort" not in below, plan


@pytest.mark.parametrize("plans", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("clients", [(HARBOUR,), (HARBOUR, BAYSIDE)], ids=len)
async def test_one_ticket_is_found_by_its_key(busy: Database, clients: tuple[str, ...], plans: str) -> None:
    """Whoever asks, and however often: an id of a rival's costs what one that nobody has costs."""
    from aidial_api.surfaces.support import store  # noqa: PLC0415 - its statement alone is wanted here

    async with busy.transaction(Reach(clients), read_only=True) as tx:
        await tx.execute(f"SET LOCAL plan_cache_mode = {plans}")
        rows = await tx.fetch(
            f"EXPLAIN {store._FIND}", list(clients), new_id(), [project_id for _, project_id in LINES], False
        )
    plan = "\n".join(row[0] for row in rows)
    assert "using tickets_pkey on tickets" in plan, plan


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("status", [None, "open,waiting_on_support"], ids=["all", "waiting"])
@pytest.mark.parametrize("goes_on", [False, True], ids=["first", "next"])
async def test_the_queue_of_everybody_is_a_range_of_an_index_by_age(
    busy: Database, order: str, status: str | None, *, goes_on: bool
) -> None:
    from aidial_api.surfaces.ops import store  # noqa: PLC0415 - its statement alone is wanted here

    pairs = [("sort", order), *([("status", status)] if status else [])]
    query = parse_query(pairs, OPS_TICKET_PARAMS)
    after = (datetime(2020, 1, 2, tzinfo=UTC), new_id()) if goes_on else None
    async with busy.transaction(Reach(operations=True), read_only=True) as tx:
        await tx.execute("SET LOCAL enable_seqscan = off")
        explaining = Explaining(tx)
        await store.tickets(cast("Tx", explaining), query, [], after, 51)
    (plan,) = explaining.plans
    assert f"tickets_{'in_queue' if status else 'by_age'}" in plan, plan
    assert "Seq Scan on tickets" not in plan, plan
    if goes_on:
        assert f"ROW(created_at, ticket_id) {'>' if order == 'oldest' else '<'}" in plan, plan
