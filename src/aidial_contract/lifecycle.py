"""Lifecycles as data: from which state to which a thing may go. Source: `contract.md` section 6.

The one thing a newcomer would get wrong: staying in a state is a transition like any other, allowed only
where the table says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aidial_contract import errors
from aidial_contract.fault import Fault


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`allowed` gives the states that may follow each state, in the order they are shown to people."""

    name: str
    allowed: Mapping[str, tuple[str, ...]]

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, the first one a thing is made in first."""
        return tuple(self.allowed)

    def may_go(self, current: str, wanted: str) -> bool:
        """Whether `wanted` may follow `current`."""
        return wanted in self.allowed[current]

    def without(self, *states: str) -> Lifecycle:
        """The same for somebody who may not bring a thing into these states."""
        allowed = {
            state: tuple(one for one in following if one not in states)
            for state, following in self.allowed.items()
        }
        return Lifecycle(self.name, allowed)

    def require(self, current: str, wanted: str) -> None:
        """409 `state_conflict` with `details.current_state` and `details.allowed` unless it may follow."""
        if not self.may_go(current, wanted):
            raise self.conflict(current)

    def conflict(self, current: str) -> Fault:
        """409 `state_conflict` for a thing in state `current`."""
        details = {"current_state": current, "allowed": list(self.allowed[current])}
        return Fault(errors.STATE_CONFLICT, details=details, reason=f"{self.name} is {current}")


TICKETS = Lifecycle(
    "ticket",
    {
        "open": ("waiting_on_customer", "waiting_on_support", "resolved", "closed"),
        "waiting_on_customer": ("open", "waiting_on_support", "resolved", "closed"),
        "waiting_on_support": ("open", "waiting_on_customer", "resolved", "closed"),
        "resolved": ("open", "closed"),
        "closed": (),
    },
)
API_KEYS = Lifecycle(
    "api key", {"active": ("rotated", "revoked"), "rotated": (), "revoked": (), "expired": ()}
)
DRAFTS = Lifecycle("draft", {"open": ("published", "discarded"), "published": (), "discarded": ()})
UNLOCKS = Lifecycle(
    "unlock",
    {
        "pending": ("active", "declined", "expired"),
        "active": ("relocked", "expired"),
        "declined": (),
        "relocked": (),
        "expired": (),
    },
)
LEGAL_HOLDS = Lifecycle("legal hold", {"active": ("released",), "released": ()})
ACCOUNT_EXPORTS = Lifecycle(
    "account export",
    {
        "queued": ("running", "cancelled", "failed"),
        "running": ("completed", "cancelled", "failed"),
        "completed": ("expired",),
        "failed": (),
        "cancelled": (),
        "expired": (),
    },
)
DATA_DELETIONS = Lifecycle(
    "data deletion",
    {
        "submitted": ("under_review", "approved", "rejected", "cancelled"),
        "under_review": ("approved", "rejected", "cancelled"),
        "approved": ("executing", "failed"),
        "executing": ("completed", "failed"),
        "failed": ("executing",),
        "completed": (),
        "rejected": (),
        "cancelled": (),
    },
)
BACKGROUND_JOBS = Lifecycle(
    "background job", {"waiting": ("running",), "running": ("waiting", "failed"), "failed": ("waiting",)}
)
"""One that succeeded is no more."""

INCIDENTS = Lifecycle(
    "incident",
    {
        "investigating": ("investigating", "identified", "monitoring", "resolved"),
        "identified": ("identified", "investigating", "monitoring", "resolved"),
        "monitoring": ("monitoring", "investigating", "identified", "resolved"),
        "resolved": (),
    },
)
"""Staying in a state is one more update about it; what comes back after its end is a new incident."""

LIFECYCLES = (
    TICKETS,
    API_KEYS,
    DRAFTS,
    UNLOCKS,
    LEGAL_HOLDS,
    ACCOUNT_EXPORTS,
    DATA_DELETIONS,
    BACKGROUND_JOBS,
    INCIDENTS,
)
"""Every lifecycle, for the docs and the tests that walk each of them."""
