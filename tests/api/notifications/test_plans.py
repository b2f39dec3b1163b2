"""Whether a call was told of already is asked of an index, however many messages a tenant has."""

from __future__ import annotations

from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.notifications import store, transfers
from aidial_contract.ids import new_id
from tests.people import BAYSIDE, HARBOUR, NORTHSIDE
from tests.support.api import World

MANY = """
INSERT INTO deliveries (client_id, delivery_id, project_id, kind, channel, about_id, mask, recipient,
    recipient_mark, recipient_shown, state)
SELECT client_id, gen_random_uuid(), project_id, 'transfer_failed', 'email', gen_random_uuid(), true, '',
    decode(repeat('00', 32), 'hex'), 'a...@b.example', 'kept'
FROM projects, generate_series(1, 600) WHERE client_id = any($1)
"""


async def test_a_failed_transfer_that_was_told_is_found_by_its_call(world: World) -> None:
    services = world.api.app.services
    assert services is not None
    await world.sql(MANY, [HARBOUR, BAYSIDE, NORTHSIDE])
    try:
        await world.sql("ANALYZE deliveries")
        async with services.db.transaction(Reach((HARBOUR,)), read_only=True) as tx:
            plan = await tx.fetchval(f"EXPLAIN (FORMAT JSON) {store.TOLD}", HARBOUR, new_id(), transfers.KIND)
    finally:
        await world.sql("DELETE FROM deliveries WHERE recipient = ''")
    # The tenant's many messages of that kind are not looked through.
    assert "deliveries_client_id_about_id_kind_recipient_mark_key" in plan, plan
    assert "Seq Scan" not in plan
