"""Requests to delete data as they are shown.

The one thing a newcomer would get wrong: what a reader may do follows from the lifecycle and from which side
they are on; nobody reviews their own request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aidial_api.surfaces.deletions import store
from aidial_contract.access import Permission
from aidial_contract.lifecycle import DATA_DELETIONS
from aidial_contract.shapes.deletions import (
    DataDeletion,
    DecisionTo,
    DeletionAct,
    DeletionReceipt,
    DeletionScope,
    DeletionStep,
)

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.actor import Actor
    from aidial_api.kernel.transaction import Tx


async def to_requests(tx: Tx, rows: Sequence[asyncpg.Record], actor: Actor) -> list[DataDeletion]:
    """Stored requests with their histories and receipts."""
    if not rows:
        return []
    steps, receipts = await store.steps_and_receipts(tx, rows)
    return [
        _request(
            row,
            [_step(one) for one in steps if one["request_id"] == row["request_id"]],
            [_receipt(one) for one in receipts if one["request_id"] == row["request_id"]],
            actor,
        )
        for row in rows
    ]


def _request(
    row: asyncpg.Record, history: list[DeletionStep], receipts: list[DeletionReceipt], actor: Actor
) -> DataDeletion:
    is_own = str(row["requested_by"]) == actor.actor_id
    scope: Any = "tenant"
    if row["asked_since"] is not None:
        scope = DeletionScope(since=row["asked_since"], until=row["asked_until"])
    return DataDeletion(
        request_id=str(row["request_id"]),
        client_id=row["client_id"],
        state=row["state"],
        categories=row["categories"],
        scope=scope,
        justification=row["justification"],
        requested_by=row["requested_by_name"],
        requested_at=row["requested_at"],
        is_own=is_own,
        history=history,
        receipts=receipts,
        allowed=_allowed(row["state"], actor, is_own=is_own),
        version=row["version"],
    )


def _allowed(state: str, actor: Actor, *, is_own: bool) -> list[DeletionAct]:
    acts: list[DeletionAct] = []
    if actor.level(Permission.DELETIONS_SUBMIT) and DATA_DELETIONS.may_go(state, "cancelled"):
        acts.append("cancel")
    if actor.level(Permission.DELETIONS_REVIEW) and not is_own:
        acts += [act for act, to in DecisionTo.items() if DATA_DELETIONS.may_go(state, to)]
    return acts


def _step(row: asyncpg.Record) -> DeletionStep:
    return DeletionStep(state=row["state"], at=row["at"], by=row["by_name"], note=row["note"])


def _receipt(row: asyncpg.Record) -> DeletionReceipt:
    return DeletionReceipt(
        receipt_id=str(row["receipt_id"]),
        category=row["category"],
        policy_version=row["policy_version"],
        since=row["since"],
        until=row["until"],
        expected=row["expected"],
        calls=row["calls"],
        held=row["held"],
        manifest_sha256=row["manifest"].hex(),
        started_at=row["started_at"],
        completed_at=row["completed_at"],
    )
