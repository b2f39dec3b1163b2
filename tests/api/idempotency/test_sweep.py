"""Kept answers are gone after a day, whoever asked, and only then."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from aidial.worker import work
from aidial_api.jobs import JOBS
from aidial_api.kernel.db import NOTHING, Database, Reach
from aidial_api.kernel.idempotency import SWEEP, SWEEP_ROWS, sweep
from aidial_api.kernel.jobs import enqueue
from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.api.idempotency.posting import assert_replays, call_of, deliver, kept
from tests.support.api import World

_OLD = """
INSERT INTO idempotency_records (client_id, actor_id, name, request, answer, expires_at)
SELECT $1, 'somebody', sha256(convert_to($2 || n, 'UTF8')), $3, $3, now() FROM generate_series(1, $4::int) n
"""


async def _grow_old(world: World, client_id: str, rows: int) -> None:
    await world.sql(_OLD, client_id, new_id(), os.urandom(32), rows)


async def _old(world: World) -> int:
    (row,) = await world.sql("SELECT count(*) FROM idempotency_records WHERE expires_at <= now()")
    return int(row[0])


async def test_everybodys_old_answers_are_swept_and_nobodys_young_ones(
    world: World, surgery: Business, neighbour: Business
) -> None:
    services = world.api.app.services
    assert services is not None
    await sweep(services.db)
    call, key = call_of(surgery), new_id()
    first = await deliver(surgery.key, call, key)
    young = await kept(world, surgery)
    await _grow_old(world, surgery.client_id, SWEEP_ROWS + 1)
    await _grow_old(world, neighbour.client_id, 3)
    await _grow_old(world, "", 3)
    await sweep(services.db)
    assert await _old(world) == 0
    assert await kept(world, surgery) == young
    assert_replays(await deliver(surgery.key, call, key), first)


async def _deleted(db: Database, reach: Reach) -> str:
    async with db.transaction(reach) as tx:
        return await tx.execute("DELETE FROM idempotency_records")


async def test_a_requests_transaction_sweeps_no_other_tenant(
    world: World, surgery: Business, neighbour: Business
) -> None:
    services = world.api.app.services
    assert services is not None
    await sweep(services.db)
    await _grow_old(world, neighbour.client_id, 3)
    stranger = Reach(actor_id=new_id())
    assert await _deleted(services.db, stranger) == "DELETE 0"
    northside = Reach(client_ids=("northside-dental",), actor_id=new_id())
    async with services.db.transaction(northside) as tx:
        others = "SELECT count(*) FROM idempotency_records WHERE client_id = $1"
        assert await tx.fetchval(others, neighbour.client_id) == 0
    assert await _old(world) == 3
    assert await _deleted(services.db, NOTHING) == "DELETE 3"


async def test_a_person_sees_only_their_own_kept_answers(world: World) -> None:
    services = world.api.app.services
    assert services is not None
    mine, hers = new_id(), new_id()
    for who in (mine, hers):
        await world.sql(
            "INSERT INTO idempotency_records (client_id, actor_id, name, request, answer)"
            " VALUES ('', $1, $2, $2, $2)",
            who,
            os.urandom(32),
        )
    async with services.db.transaction(Reach(client_ids=("harbour-dental",), actor_id=mine)) as tx:
        seen = await tx.fetch("SELECT actor_id FROM idempotency_records WHERE client_id = ''")
    assert [row["actor_id"] for row in seen] == [mine]


async def test_the_worker_sweeps_regularly(world: World, neighbour: Business) -> None:
    assert SWEEP in JOBS
    assert SWEEP.cron is not None
    await _grow_old(world, neighbour.client_id, 3)
    services = world.api.app.services
    assert services is not None
    async with services.db.transaction(NOTHING) as tx:
        # What the worker's clock does every five minutes.
        await enqueue(tx, SWEEP.name, {"timestamp": "0"}, at=datetime.now(UTC))
    await work(world.urls.app_url, wait=False)
    assert await _old(world) == 0
