"""Filling a tenant with calls, fast: the same rows the API would write, by COPY, and their counts.

The one thing a newcomer would get wrong: the numbers are really encrypted, a row each, or the list would not
pay for decrypting them.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from aidial_api.kernel.crypto import TenantKey
from aidial_api.recounting import parts_of, recount
from aidial_contract.ids import new_id

COLUMNS = (
    "client_id", "call_id", "project_id", "external_id", "fingerprint", "channel", "direction", "status",
    "started_at", "answered_at", "ended_at", "duration_seconds", "end_reason", "from_number", "to_number",
    "agent_id", "agent_name", "outcome", "resolution", "call_type", "sentiment_caller", "summary", "booking",
    "consent", "message_count", "transcript_state",
)  # fmt: skip
DAYS = 90
BATCH = 20_000
_STATUSES = ("completed",) * 8 + ("missed", "failed")
_BOOKING = '{"at": "2026-11-25T09:30:00+11:00", "reference": "HD4471", "notes": null}'
_CONSENT = '{"state": "obtained", "method": "verbal", "obtained_at": null}'
_SUMMARY = (
    "The caller asked to move a check-up to the afternoon; a new time was agreed and confirmed by text."
)


async def fill(url: str, key: TenantKey, project_id: str, count: int, now: datetime) -> None:
    """Write `count` calls of one project over 90 days, as the superuser, then VACUUM ANALYZE."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET app.count_later = 'yes'")
        chance = random.Random(7)
        for start in range(0, count, BATCH):
            # Calls come in the order of their starts, as they do in life: their indexes grow at one end.
            ages = [
                DAYS * (1 - (start + at + chance.random()) / count) for at in range(min(BATCH, count - start))
            ]
            records = [_record(key, project_id, now - timedelta(days=age), chance) for age in ages]
            await connection.copy_records_to_table("calls", records=records, columns=COLUMNS)
        await connection.execute("VACUUM (ANALYZE) calls")
    finally:
        await connection.close()
    async for _ in recount(url, await parts_of(url, [key.client_id])):
        pass


def _record(key: TenantKey, project_id: str, started: datetime, chance: random.Random) -> tuple[Any, ...]:
    call_id = new_id()
    length = chance.randint(20, 600)
    number = f"+614915700{chance.randint(10, 99)}"
    return (
        key.client_id, call_id, project_id, f"bench-{call_id}", b"f" * 32, "voice", "inbound",
        chance.choice(_STATUSES), started, started, started + timedelta(seconds=length), length,
        "caller_hangup",
        key.encrypt(number.encode(), purpose="from_number", record=call_id),
        key.encrypt(b"+61255500001", purpose="to_number", record=call_id),
        "agent-1", "Matilda", chance.choice(("appointment_booked", "enquiry_answered", "unclassified")),
        "resolved", "new_booking", chance.choice(("positive", "neutral", "upset", "unknown")),
        _SUMMARY, _BOOKING,
        _CONSENT, 20, "available",
    )  # fmt: skip


def utc_now() -> datetime:
    """Now, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
