"""The pages of operations, in the order of the switch above each of them."""

from __future__ import annotations

from typing import Final

from aidial_portal.design.context import Choice

HOME: Final = "/ops"
INCIDENTS: Final = f"{HOME}/incidents"
NEW_INCIDENT: Final = f"{INCIDENTS}/new"
TENANTS: Final = f"{HOME}/tenants"
SESSIONS: Final = f"{HOME}/sessions"
TICKETS: Final = f"{HOME}/tickets"
OUTBOX: Final = f"{HOME}/outbox"
JOBS: Final = f"{HOME}/jobs"
DEAD_LETTERS: Final = f"{HOME}/dead-letters"
_PLACES: Final = (
    ("Overview", HOME),
    ("Incidents", INCIDENTS),
    ("Tenants", TENANTS),
    ("Sessions", SESSIONS),
    ("Tickets", TICKETS),
    ("Outbox", OUTBOX),
    ("Jobs", JOBS),
    ("Dead letters", DEAD_LETTERS),
)


def places(current: str) -> tuple[Choice, ...]:
    """The switch, as one of the pages shows it."""
    return tuple(Choice(words, url=path, is_current=path == current) for words, path in _PLACES)
