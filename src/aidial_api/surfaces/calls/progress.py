"""Progress of a call that is known: its end, its findings, a mark for a person to look.

The one thing a newcomer would get wrong: which status may follow which is a table; anything else is 409.
"""

from __future__ import annotations

from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import UNSET

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.outgoing.recipients import call_ended
from aidial_api.kernel.outgoing.transfer_alerts import transfer_failed
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls import stalled
from aidial_api.surfaces.calls.redacting import redact_findings
from aidial_api.surfaces.calls.store import find_call, hidden_transcript, hide_transcript, update_call
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.shapes.calls import LONGEST_CALL, CallPatch
from aidial_contract.shapes.downloads import READABLE_STATES
from aidial_contract.transfers import has_failed

NEXT_STATUS: Final[dict[str, tuple[str, ...]]] = {
    "live": ("live", "completed", "missed", "failed", "unknown"),
    "completed": ("completed",),
    "missed": ("missed", "completed"),
    "failed": ("failed", "completed"),
    "unknown": ("unknown", "completed", "missed", "failed"),
}
"""A terminal report may correct `missed`, `failed` and `unknown`; nothing becomes live again."""

_UNTOLD: Final = frozenset({"live", "unknown"})
"""Nobody was told of a call that goes on, or that stalled; what is corrected later is told once."""
_PLAIN = ("answered_at", "ended_at", "end_reason")


async def apply(ask: Ask, row: asyncpg.Record) -> asyncpg.Record:
    """Apply the body's changes to the call; gives back the new row. 409, 412 or 422 when it may not be."""
    patch: CallPatch = ask.body
    changes = await _changes(patch, ask.services.redactors)
    _check_status(row, changes)
    _check_times(row, changes)
    client_id, call_id = row["client_id"], str(row["call_id"])
    if patch.transcript_hidden is not UNSET:
        await _hide(ask.tx, row, changes, hides=patch.transcript_hidden)
    if not await update_call(ask.tx, client_id, call_id, row["version"], changes):
        raise Fault(errors.REVISION_STALE, reason="another writer was first")
    if row["status"] in _UNTOLD and changes.get("status", row["status"]) not in _UNTOLD:
        ended = changes.get("ended_at", row["ended_at"]) or row["started_at"]
        await call_ended(ask.tx, client_id, str(row["project_id"]), call_id, at=ended)
    transfer = patch.transfer if patch.transfer is not UNSET else None
    if transfer is not None and has_failed(transfer.result):
        at = changes.get("ended_at", row["ended_at"]) or row["started_at"]
        await transfer_failed(ask.tx, client_id, str(row["project_id"]), call_id, at=at)
    await record(
        ask,
        Event(
            action="calls.call.updated",
            target_kind="call",
            target_id=call_id,
            client_id=client_id,
            project_id=str(row["project_id"]),
            technical={"fields": sorted(changes), **_hiding(patch)},
        ),
    )
    ask.on_commit.append(partial(ask.services.news.tell, client_id, str(row["project_id"]), call_id))
    changed = await find_call(ask.tx, ask.reach, call_id)
    if changed is None:
        raise RuntimeError("a call just changed cannot be read")
    return changed


async def _changes(patch: CallPatch, redactors: Executor) -> dict[str, Any]:
    changes = {name: value for name in _PLAIN if (value := getattr(patch, name)) is not UNSET}
    if patch.sentiment is not UNSET:
        changes["sentiment_caller"] = patch.sentiment.caller
        changes["sentiment_agent"] = patch.sentiment.agent
    if patch.attention is not UNSET:
        changes["attention_flag"] = patch.attention.flag
    if patch.cost is not UNSET:
        changes["cost"] = None if patch.cost is None else msgspec.json.encode(patch.cost).decode()
    if patch.status is not UNSET:
        changes["status"] = patch.status
    changes.update(await redact_findings(patch, redactors))
    return changes


def _check_status(row: asyncpg.Record, changes: dict[str, Any]) -> None:
    current: str = row["status"]
    wanted = changes.get("status", current)
    allowed = NEXT_STATUS[current]
    if wanted not in allowed:
        raise Fault(
            errors.STATE_CONFLICT,
            details={"current_state": current, "allowed": list(allowed)},
            reason="status transition",
        )
    ended = changes.get("ended_at", row["ended_at"])
    given = [name for name in ("ended_at", "end_reason") if name in changes]
    if wanted == "live" and given:
        failures = [FieldError(f"/{name}", "conflict") for name in given]
        raise Fault(errors.VALIDATION_FAILED, field_errors=failures)
    if wanted not in {"live", "unknown"} and ended is None:
        raise Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("/ended_at", "required")])
    if current == "live" and wanted != "live" and row["transcript_state"] == "live":
        changes["transcript_state"] = "available" if row["message_count"] else "missing"
    if current == "unknown" and wanted != "unknown" and row["attention_reason"] == stalled.REASON:
        # Its end is told after all. Its transcript may still lack the turns that were refused meanwhile.
        for name, value in (("attention_flag", False), ("attention_reason", None)):
            changes.setdefault(name, value)


def _hiding(patch: CallPatch) -> dict[str, bool]:
    """What an event says of it: which way it went."""
    hidden = patch.transcript_hidden
    return {} if hidden is UNSET else {"transcript_hidden": hidden}


async def _hide(tx: Tx, row: asyncpg.Record, changes: dict[str, Any], *, hides: bool) -> None:
    """Hide the words of a call, or show them again as they were; what is so already stays. 409 otherwise."""
    client_id, call_id = row["client_id"], str(row["call_id"])
    state = changes.get("transcript_state", row["transcript_state"])
    is_hidden = state == "hidden"
    if is_hidden and not hides:
        changes["transcript_state"] = await hidden_transcript(tx, client_id, call_id)
    elif hides and not is_hidden:
        # One that outgrew its call is truncated while the call goes on.
        if changes.get("status", row["status"]) == "live":
            state = "live"
        if state not in READABLE_STATES:
            details = {"current_state": state, "allowed": list(READABLE_STATES)}
            raise Fault(errors.STATE_CONFLICT, details=details, reason="no transcript to hide")
        await hide_transcript(tx, client_id, call_id, state)
        changes["transcript_state"] = "hidden"


def _check_times(row: asyncpg.Record, changes: dict[str, Any]) -> None:
    """The call's times stay in order; a failure is named by a member that was sent, never a stored one."""
    started: datetime = row["started_at"]
    answered = changes.get("answered_at", row["answered_at"])
    ended = changes.get("ended_at", row["ended_at"])
    wrong = {}
    if answered is not None and answered < started:
        wrong["answered_at"] = "order"
    if ended is not None and ended < started:
        wrong["ended_at"] = "order"
    elif ended is not None and answered is not None and ended < answered:
        wrong["ended_at" if "ended_at" in changes else "answered_at"] = "order"
    elif ended is not None and ended - started > LONGEST_CALL:
        wrong["ended_at"] = "too_large"
    failures = [FieldError(f"/{name}", code) for name, code in wrong.items() if name in changes]
    if failures:
        raise Fault(errors.VALIDATION_FAILED, field_errors=failures)
    if ended is not None and ("ended_at" in changes or "answered_at" in changes):
        changes["duration_seconds"] = max(0, round((ended - (answered or started)).total_seconds()))
