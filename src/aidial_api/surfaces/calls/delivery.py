"""Delivering a call: redact, encrypt, write durably once, whatever is sent twice.

The one thing a newcomer would get wrong: the fingerprint is of the first body as parsed, so the same call
in another spelling (key order, time offsets) is the same call, and a later PATCH changes nothing about it.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.crypto import TenantKey
from aidial_api.kernel.outgoing.recipients import call_ended
from aidial_api.kernel.outgoing.transfer_alerts import transfer_failed
from aidial_api.surfaces.calls import stalled
from aidial_api.surfaces.calls.redacting import Redacted, redact_call
from aidial_api.surfaces.calls.store import StoredCall, find_delivered, insert_call
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id
from aidial_contract.shapes.calls import Cost, NewCall, Sentiment
from aidial_contract.transfers import has_failed

_encoder = msgspec.json.Encoder()


def _text(value: object) -> str | None:
    return None if value is None else _encoder.encode(value).decode()


def fingerprint(key: TenantKey, body: NewCall) -> bytes:
    """What makes two deliveries the same: every member, times in UTC, keys in order."""
    plain = msgspec.to_builtins(body, builtin_types=(datetime,))
    if body.consent is not None and body.consent.evidence is None:
        # A member that came later: a call that was sent before it is still the same call.
        del plain["consent"]["evidence"]
    return key.fingerprint(msgspec.json.encode(_in_utc(plain), order="sorted"))


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, dict):
        return {name: _in_utc(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_in_utc(one) for one in value]
    return value


async def deliver(ask: Ask, client_id: str) -> tuple[asyncpg.Record, bool]:
    """Store the call of the body; gives back its row and whether it is new. 409 `already_exists`."""
    body: NewCall = ask.body
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    mark = fingerprint(key, body)
    known = await find_delivered(ask.tx, client_id, body.project_id, body.external_id)
    if known is None:
        call_id = new_id()
        redacted = await redact_call(body, ask.services.redactors)
        new = stored_call(client_id, call_id, body, redacted, key, mark)
        new.columns["source"] = _text({"provider": "api", "connection": ask.actor.actor_id})
        if await insert_call(ask.tx, new):
            await record(ask, _delivered(client_id, call_id, body, redacted))
            tell = partial(ask.services.news.tell, client_id, body.project_id, call_id, is_new=True)
            ask.on_commit.append(tell)
            if body.transfer is not None and has_failed(body.transfer.result):
                at = body.ended_at or body.started_at
                await transfer_failed(ask.tx, client_id, body.project_id, call_id, at=at)
            if body.status == "live":
                await stalled.watch(ask.tx, client_id, body.project_id, call_id, body.started_at)
            else:
                ended = body.ended_at or body.started_at
                await call_ended(ask.tx, client_id, body.project_id, call_id, at=ended)
            row = await find_delivered(ask.tx, client_id, body.project_id, body.external_id)
            return _required(row), True
        known = await find_delivered(ask.tx, client_id, body.project_id, body.external_id)
    row = _required(known)
    if not hmac.compare_digest(row["fingerprint"], mark):
        raise Fault(errors.ALREADY_EXISTS, reason="external id taken by another content")
    return row, False


def _required(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise RuntimeError("a call just written cannot be read")
    return row


def _delivered(client_id: str, call_id: str, body: NewCall, redacted: Redacted) -> Event:
    return Event(
        action="calls.call.delivered",
        target_kind="call",
        target_id=call_id,
        client_id=client_id,
        project_id=body.project_id,
        technical={"turns": len(body.turns), "redactions": redacted.counts},
    )


def _sealed(key: TenantKey, number: str | None, purpose: str, call_id: str) -> bytes | None:
    return None if number is None else key.encrypt(number.encode(), purpose=purpose, record=call_id)


def duration_seconds(body: NewCall) -> int | None:
    """Whole seconds from answer (or start) to end; null while live."""
    if body.ended_at is None:
        return None
    return max(0, round((body.ended_at - (body.answered_at or body.started_at)).total_seconds()))


def stored_call(
    client_id: str, call_id: str, body: NewCall, redacted: Redacted, key: TenantKey, mark: bytes
) -> StoredCall:
    """A delivered call as it is written: encrypted, and found by the other party's number."""
    sentiment = body.sentiment or Sentiment()
    columns: dict[str, Any] = {
        "client_id": client_id,
        "call_id": call_id,
        "project_id": body.project_id,
        "external_id": body.external_id,
        "fingerprint": mark,
        "channel": body.channel,
        "direction": body.direction,
        "status": body.status,
        "started_at": body.started_at,
        "answered_at": body.answered_at,
        "ended_at": body.ended_at,
        "duration_seconds": duration_seconds(body),
        "end_reason": body.end_reason,
        "from_number": _sealed(key, body.from_number, "from_number", call_id),
        "to_number": _sealed(key, body.to_number, "to_number", call_id),
        "sentiment_caller": sentiment.caller,
        "sentiment_agent": sentiment.agent,
        "attention_flag": body.attention.flag if body.attention else False,
        "message_count": len(body.turns),
        "transcript_state": redacted.state,
        "cost": _cost(body.cost),
        **redacted.columns,
    }
    other_party = body.from_number if body.direction == "inbound" else body.to_number
    return StoredCall(
        columns=columns,
        turns=redacted.turns,
        raw=key.encrypt(redacted.raw, purpose="turns", record=call_id),
        redaction_counts=msgspec.json.encode(redacted.counts).decode(),
        tokens=key.caller_tokens(other_party) if other_party else (),
    )


def _cost(cost: Cost | None) -> str | None:
    return _text(cost)
