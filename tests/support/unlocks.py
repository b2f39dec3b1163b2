"""The body of `POST /v1/calls/{call_id}/pii-unlocks`, for tests."""

from __future__ import annotations

from typing import Any

WHY = "The caller rang back and says we wrote the wrong number down."


def new_unlock(artefact: str = "transcript", **changes: Any) -> dict[str, Any]:
    """A request with a reason that is long enough."""
    return {
        "artefact": artefact,
        "reason_code": "customer_complaint",
        "justification": WHY,
        **changes,
    }
