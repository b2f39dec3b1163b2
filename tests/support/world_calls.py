"""The handful of calls of the world, and `new_call` for a test that delivers its own.

Two are Harbour's front desk's, one is of its after-hours line, one of its switched-off line, one of the
partner's second client, one of the rival. External ids are `<place>-<number>`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.people import (
    AFTER_HOURS,
    BAYSIDE,
    FRONT_DESK,
    HARBOUR,
    NORTHSIDE,
    NORTHSIDE_LINE,
    OLD_LINE,
    PHYSIO_LINE,
)

CALLER = "+61291234567"
CONSENT = {"state": "obtained", "method": "verbal"}


def new_call(
    project_id: str, external_id: str, *, age: timedelta | None = None, **changes: Any
) -> dict[str, Any]:
    """The body of `POST /v1/calls`: a completed inbound call of three minutes, an hour old unless told."""
    started = datetime.now(UTC) - (age or timedelta(hours=1))
    return {
        "project_id": project_id,
        "external_id": external_id,
        "channel": "voice",
        "direction": "inbound",
        "status": "completed",
        "started_at": started.isoformat(),
        "ended_at": (started + timedelta(minutes=3)).isoformat(),
        "end_reason": "caller_hangup",
        "from_number": CALLER,
        "to_number": "+61280001234",
        "agent": {"id": "reception", "name": "Reception"},
        "turns": [
            {"speaker": "agent", "text": "Good morning, how can I help?", "start_ms": 0, "end_ms": 2_000},
            {"speaker": "caller", "text": "I would like to see somebody next week.", "start_ms": 2_500},
        ],
        "outcome": "booked",
        **changes,
    }


CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    (HARBOUR, new_call(FRONT_DESK, "front-1", consent=CONSENT)),
    (
        HARBOUR,
        new_call(
            FRONT_DESK,
            "front-2",
            age=timedelta(days=2),
            status="missed",
            end_reason="missed",
            turns=[],
            outcome="missed",
            from_number="+61412345678",
        ),
    ),
    (HARBOUR, new_call(AFTER_HOURS, "after-1", age=timedelta(hours=5))),
    (HARBOUR, new_call(OLD_LINE, "old-1", age=timedelta(days=20))),
    (BAYSIDE, new_call(PHYSIO_LINE, "physio-1", age=timedelta(hours=3))),
    (NORTHSIDE, new_call(NORTHSIDE_LINE, "northside-1", age=timedelta(hours=2))),
)
