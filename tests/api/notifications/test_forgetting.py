"""Whom somebody wrote to is known for 90 days, and no longer than the tenant keeps transcripts."""

from __future__ import annotations

from datetime import timedelta

from aidial_api.kernel.outgoing import forgetting
from aidial_api.kernel.reach import NOTHING, Reach
from tests.people import HARBOUR, NORTHSIDE
from tests.support.api import World
from tests.support.deliveries import delivered_call, deliveries, queue, send_due


async def aged(world: World, *days: int) -> str:
    """A call about which messages were made so many days ago."""
    call_id = await delivered_call(world)
    for number in range(len(days)):
        await queue(world, call_id, f"desk-{number}@harbour.example")
    # Before they are old: a worker that begins soon after the sweep's hour sweeps.
    await send_due(world)
    for row, age in zip(await deliveries(world, call_id), days, strict=True):
        await world.sql(
            "UPDATE deliveries SET created_at = now() - $2::interval WHERE delivery_id = $1",
            row["delivery_id"],
            timedelta(days=age),
        )
    return call_id


async def test_messages_are_forgotten_after_90_days(world: World) -> None:
    call_id = await aged(world, 91, 89, 0)
    services = world.api.app.services
    assert services is not None
    await forgetting.sweep(services.db)
    left = [row["recipient_shown"] for row in await deliveries(world, call_id)]
    assert len(left) == 2


async def test_the_sweeper_sees_nothing_younger_and_a_tenant_nothing_of_another(world: World) -> None:
    call_id = await aged(world, 91, 89)
    services = world.api.app.services
    assert services is not None
    async with services.db.transaction(NOTHING) as tx:
        assert len(await tx.fetch("SELECT 1 FROM deliveries WHERE about_id = $1", call_id)) == 1
        assert await tx.execute("DELETE FROM deliveries WHERE created_at > now() - interval '90 days'") == (
            "DELETE 0"
        )
    async with services.db.transaction(Reach((NORTHSIDE,))) as tx:
        assert await tx.execute("DELETE FROM deliveries") == "DELETE 0"
    assert len(await deliveries(world, call_id)) == 2


async def test_a_tenants_own_time_is_kept_batch_by_batch(world: World) -> None:
    call_id = await aged(world, 40, 31, 29)
    services = world.api.app.services
    assert services is not None
    (moment,) = await world.sql("SELECT now() - interval '30 days' AS at")
    await forgetting.forget(services.db, HARBOUR, moment["at"])
    assert len(await deliveries(world, call_id)) == 1
