"""The body of `POST /v1/tickets`: what a front desk asks."""

from __future__ import annotations

from typing import Any

from tests.people import FRONT_DESK


def new_ticket(project_id: str = FRONT_DESK, **changes: Any) -> dict[str, Any]:
    """A good one, changed as said."""
    return {
        "project_id": project_id,
        "priority": "normal",
        "category": "technical",
        "subject": "Callers hear silence",
        "body": "Since this morning callers hear nothing after the greeting.",
        "recipients": [],
        "call_ids": [],
        **changes,
    }
