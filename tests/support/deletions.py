"""Requests to delete data for tests that need one and mind nothing of it."""

from __future__ import annotations

from typing import Any

WHY = "Our lawyers ask us to remove what we no longer need."


def new_deletion(**changes: Any) -> dict[str, Any]:
    """The body of `POST /v1/data-deletions`: of days long before any call, unless said."""
    return {
        "categories": ["transcripts"],
        "scope": {"from": "2001-01-01", "to": "2001-01-02"},
        "justification": WHY,
        "acknowledged": True,
        **changes,
    }
