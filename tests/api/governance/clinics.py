"""A clinic whose partner is Priya, with calls of some age; and retention run as the worker runs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from aidial_api.kernel.db import Database
from aidial_api.surfaces.governance import retention
from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.people import PRIYA
from tests.support.api import World
from tests.support.askers import Answer, Asker
from tests.support.world_calls import CONSENT, new_call

SAID = "Ring me on 0412 345 678 please."


async def partner_of(world: World, business: Business) -> Asker:
    """Priya, now that she looks after the clinic as well."""
    await world.sql(
        "INSERT INTO assignments (client_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        business.client_id,
        world.user_ids[PRIYA.name],
    )
    services = world.api.app.services
    assert services is not None
    services.credentials.heard(None)
    return world.priya


async def old_call(business: Business, *, days: float, line: str = "", **changes: Any) -> str:
    """A call that began so long ago, on the first line unless told; its id."""
    turns = [{"speaker": "caller", "text": SAID, "start_ms": 1_000}]
    body = new_call(
        line or business.lines[0],
        f"old-{new_id()}",
        age=timedelta(days=days),
        **{"turns": turns, "consent": CONSENT, **changes},
    )
    return str((await business.deliver(body)).json["call_id"])


def path_of(business: Business, *more: str) -> str:
    return "/".join(("/v1/settings/data-governance", *more)) + f"?client_id={business.client_id}"


async def save(partner: Asker, business: Business, **value: Any) -> Answer:
    """Save a policy over the current one."""
    version = (await partner.get(path_of(business))).json["version"]
    return await partner.put(path_of(business), {"value": value, "expected_version": version})


async def hold(partner: Asker, business: Business, **what: Any) -> dict[str, Any]:
    """A hold just placed."""
    body = {"client_id": business.client_id, "reason": "Matter 12/2026", **what}
    answer = await partner.post("/v1/legal-holds", body)
    assert answer.status == 201, answer
    placed: dict[str, Any] = answer.json["hold"]
    return placed


async def run_due(world: World, business: Business) -> None:
    """What the worker would do now for a clinic; the worker itself is in `tests/aidial/worker`."""
    db = await Database.connect(world.urls.app_url, min_size=1, max_size=2)
    try:
        for due in await queued(world, business):
            if due["at"] <= datetime.now(UTC):
                arguments = {name: due[name] for name in ("client_id", "version", "run_id")}
                await retention.run(db, **arguments)
                await world.sql(
                    "DELETE FROM jobs.procrastinate_jobs WHERE args ->> 'run_id' = $1", due["run_id"]
                )
    finally:
        await db.close()


async def queued(world: World, business: Business) -> list[dict[str, Any]]:
    """The arguments of the runs of a clinic that wait, the soonest first."""
    rows = await world.sql(
        "SELECT args::text AS args, scheduled_at FROM jobs.procrastinate_jobs"
        " WHERE task_name = 'governance.retention' AND args ->> 'client_id' = $1 AND status = 'todo'"
        " ORDER BY scheduled_at",
        business.client_id,
    )
    return [msgspec.json.decode(row["args"]) | {"at": row["scheduled_at"]} for row in rows]


async def states(world: World, *call_ids: str) -> list[str]:
    """The transcripts' states, in order."""
    rows = await world.sql(
        "SELECT call_id::text, transcript_state FROM calls WHERE call_id = any($1::uuid[])", list(call_ids)
    )
    known = {row["call_id"]: row["transcript_state"] for row in rows}
    return [known[call_id] for call_id in call_ids]


async def receipts(partner: Asker, business: Business) -> list[dict[str, Any]]:
    answer = await partner.get(f"/v1/retention-receipts?client_id={business.client_id}")
    found: list[dict[str, Any]] = answer.json["receipts"]
    return found
