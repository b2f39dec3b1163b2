"""From a stored call to what a reader may see.

The one thing a newcomer would get wrong: masking happens here, by the level the guard found, and not in a
page or a client.
"""

from __future__ import annotations

import asyncpg
from msgspec import Raw

from aidial_api.kernel.crypto import TenantKey
from aidial_api.kernel.masking import mask_number
from aidial_contract.access import Level
from aidial_contract.shapes.calls import Call, CallAgent, CallAttention, CallSentiment


def open_number(key: TenantKey, sealed: bytes | None, purpose: str, call_id: str) -> str | None:
    """A stored number in E.164."""
    return None if sealed is None else key.decrypt(sealed, purpose=purpose, record=call_id).decode()


def to_call(row: asyncpg.Record, key: TenantKey, level: Level) -> Call:
    """One stored call at the reader's level; `row` as for `Shown.call`."""
    return Shown(key, level).call(row)


class Shown:
    """The calls of one tenant, as somebody of one level may see them."""

    __slots__ = ("_is_full", "_open_called", "_open_caller")

    def __init__(self, key: TenantKey, level: Level) -> None:
        self._open_caller = key.opener("from_number")
        self._open_called = key.opener("to_number")
        self._is_full = level is Level.FULL

    def call(self, row: asyncpg.Record) -> Call:
        """One stored call; `row` holds `CALL_COLUMNS` in their order, and may hold more.

        Unpacked by place, not by name: a page of calls reads 800 columns.
        """
        (
            client_id, call_uuid, project_id, external_id, channel, direction, status, started_at,
            answered_at, ended_at, duration_seconds, end_reason, from_number, to_number, agent_id, agent_name,
            config_version, outcome, resolution, call_type, sentiment_caller, sentiment_agent, attention_flag,
            attention_reason, summary, booking, transfer, follow_up, consent, cost, metadata, recording,
            entities, source, sms_status, email_status, message_count, transcript_state, version, *_,
        ) = row  # fmt: skip
        call_id = str(call_uuid)
        record = call_id.encode()
        caller = None if from_number is None else self._open_caller(from_number, record).decode()
        called = None if to_number is None else self._open_called(to_number, record).decode()
        if not self._is_full:
            caller = caller and mask_number(caller)
            called = called and mask_number(called)
        # By place as well, in the shape's own order: a third of the time that names take.
        return Call(
            call_id, external_id, client_id, str(project_id), channel, direction, status, started_at,
            answered_at, ended_at, duration_seconds, end_reason, caller, called,
            CallAgent(agent_id, agent_name, config_version),
            outcome, resolution, call_type,
            CallSentiment(sentiment_caller, sentiment_agent),
            CallAttention(attention_flag, attention_reason),
            None if booking is None else Raw(booking),
            None if transfer is None else Raw(transfer),
            None if follow_up is None else Raw(follow_up),
            sms_status, email_status, summary,
            None if consent is None else Raw(consent),
            None if recording is None else Raw(recording),
            None if entities is None or transcript_state == "hidden" else Raw(entities),
            message_count, transcript_state,
            None if cost is None else Raw(cost),
            None if source is None else Raw(source),
            None if metadata is None else Raw(metadata),
            version,
        )  # fmt: skip
