"""Legal holds for tests that need one and mind nothing of it.

The one thing a newcomer would get wrong: whatever holds a call stops other tests' uploads to it, so this one
holds days long before any call.
"""

from __future__ import annotations

from typing import Any

from tests.people import HARBOUR


def new_hold(client_id: str = HARBOUR) -> dict[str, Any]:
    """The body of `POST /v1/legal-holds`."""
    days = {"first_day": "2001-01-01", "last_day": "2001-01-02"}
    return {"client_id": client_id, "kind": "period", "reason": "Of the matrix", **days}
