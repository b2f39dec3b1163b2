"""From a stored call to what a reader may see.

The one thing a newcomer would get wrong: masking happens here, by the level the guard found, and not in a
page or a client.
"""

from __future__ import annotations

import asyncpg
import msgspec
import phonenumbers

from aidial_api.kernel.crypto import TenantKey
from aidial_contract.access import Level
from aidial_contract.shapes.calls import Call, CallAgent, CallAttention, CallSentiment

_SHOWN_DIGITS = 3


def mask_number(number: str) -> str:
    """`+61 ... 678`: the country code and the last three digits."""
    try:
        code = f"+{phonenumbers.parse(number).country_code}"
    except phonenumbers.NumberParseException:
        code = "+"
    return f"{code} ... {number[-_SHOWN_DIGITS:]}"


def open_number(key: TenantKey, sealed: bytes | None, purpose: str, call_id: str) -> str | None:
    """A stored number in E.164."""
    return None if sealed is None else key.decrypt(sealed, purpose=purpose, record=call_id).decode()


def _shown(key: TenantKey, sealed: bytes | None, purpose: str, call_id: str, level: Level) -> str | None:
    number = open_number(key, sealed, purpose, call_id)
    return number if number is None or level is Level.FULL else mask_number(number)


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text)


def to_call(row: asyncpg.Record, key: TenantKey, level: Level) -> Call:
    """One stored call at the reader's level."""
    call_id = str(row["call_id"])
    return Call(
        call_id=call_id,
        external_id=row["external_id"],
        client_id=row["client_id"],
        project_id=str(row["project_id"]),
        channel=row["channel"],
        direction=row["direction"],
        status=row["status"],
        started_at=row["started_at"],
        answered_at=row["answered_at"],
        ended_at=row["ended_at"],
        duration_seconds=row["duration_seconds"],
        end_reason=row["end_reason"],
        from_number=_shown(key, row["from_number"], "from_number", call_id, level),
        to_number=_shown(key, row["to_number"], "to_number", call_id, level),
        agent=CallAgent(
            id=row["agent_id"], name=row["agent_name"], config_version=row["agent_config_version"]
        ),
        outcome=row["outcome"],
        resolution=row["resolution"],
        call_type=row["call_type"],
        sentiment=CallSentiment(caller=row["sentiment_caller"], agent=row["sentiment_agent"]),
        attention=CallAttention(flag=row["attention_flag"], reason=row["attention_reason"]),
        booking=_raw(row["booking"]),
        transfer=_raw(row["transfer"]),
        follow_up=_raw(row["follow_up"]),
        sms_status=row["sms_status"],
        email_status=row["email_status"],
        summary=row["summary"],
        consent=_raw(row["consent"]),
        recording=_raw(row["recording"]),
        message_count=row["message_count"],
        transcript_state=row["transcript_state"],
        cost=_raw(row["cost"]),
        source=_raw(row["source"]),
        metadata=_raw(row["metadata"]),
        version=row["version"],
    )
