"""As the application role, a page of the log is a range of its index, whatever is looked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import asyncpg
import pytest

from aidial_api.kernel.crypto import CursorKey, MasterKey
from aidial_api.kernel.db import Database, Reach, Tx
from aidial_api.surfaces.audit import listing, store
from aidial_contract.params import AUDIT_PARAMS
from aidial_contract.query import parse_query
from tests.api.audit.logs import Log, open_log
from tests.support.api import World

CURSORS = CursorKey(MasterKey(b"k" * 32))
MANY = """
INSERT INTO audit_events (event_id, client_id, at, actor_kind, actor_id, actor_label, action)
SELECT gen_random_uuid(), $1, timestamptz '2026-01-01 00:00Z' + n * interval '1 second', 'key', 'k', 'key',
       'calls.call.delivered'
FROM generate_series(1, 30000) n
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
async def busy(world: World) -> Log:
    """30,000 events, and the planner knows of them."""
    log = await open_log(world)
    await world.sql(MANY, log.business.client_id)
    await world.sql("ANALYZE audit_events")
    return log


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"project_id": "one"},
        {"preset": "billing"},
        {"action": "settings.profile.updated", "actor": "nobody", "outcome": "failed"},
        {"from": "2026-01-01", "to": "2026-01-01"},
        {"after": "2026-01-01T08:00:00Z"},
    ],
    ids=str,
)
async def test_a_page_is_a_range_of_the_tenants_index(
    world: World, busy: Log, query: Mapping[str, str]
) -> None:
    asked: dict[str, Any] = dict(
        parse_query([(name, text) for name, text in query.items() if name != "after"], AUDIT_PARAMS)
    )
    question = listing.Question(
        client_id=busy.business.client_id,
        zone="Australia/Sydney",
        project_ids=busy.business.lines,
        query=asked,
    )
    if "after" in query:
        position = listing.Position(datetime.fromisoformat(query["after"]), busy.business.lines[0])
        asked["cursor"] = CURSORS.encode(position, *question.bound)
    database = await Database.connect(world.urls.app_url, min_size=1, max_size=1)
    try:
        async with database.transaction(Reach((busy.business.client_id,)), read_only=True) as tx:
            # How large and scattered other tests left the table decides among good plans; this asks for one.
            await tx.execute("SET LOCAL enable_bitmapscan = off")
            await tx.execute("SET LOCAL enable_seqscan = off")
            explaining = Explaining(tx)
            await listing.list_page(cast("Tx", explaining), question, CURSORS)
    finally:
        await database.close()
    (plan,) = explaining.plans
    assert "Index Scan using audit_events_of_client on audit_events" in plan, plan
    assert "Sort" not in plan, plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert f"client_id = '{busy.business.client_id}'" in condition, plan
    if "after" in query:
        assert "ROW(at, event_id) <" in condition, plan
    if "from" in query:
        assert "at >=" in condition, plan


async def test_a_search_that_finds_nothing_looks_at_a_bounded_stretch(world: World, busy: Log) -> None:
    """30,000 entries are two stretches: the first page is empty and not the last."""
    first = (await busy.admin.get("/v1/audit-events?preset=billing&to=2026-01-31")).json
    assert first["events"] == []
    assert first["next_cursor"] is not None
    second = await busy.admin.get(
        f"/v1/audit-events?preset=billing&to=2026-01-31&cursor={first['next_cursor']}"
    )
    assert second.json == {"events": [], "next_cursor": None}
    assert store.WINDOW_EVENTS < 30_000
