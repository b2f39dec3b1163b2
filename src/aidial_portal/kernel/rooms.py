"""Who stands where when the portal is crowded: signing in and sessions have room of their own.

The one thing a newcomer would get wrong: the two are apart as well, because a sign-in waits for the identity
provider, and a slow one must not take the places of those who are signed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aidial_portal.kernel.route import Access, Kind, Route
from aidial_serving.crowd import Room

RESERVED_SHARE: Final = 4
"""Signing in and sessions get a quarter of the others' places each, on top of them."""
_SESSIONS: Final = "/api/session/"
_SIGN_IN: Final = "/sign-in"


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of one process."""

    ordinary: Room
    sessions: Room
    sign_in: Room

    @classmethod
    def of(cls, places: int, queue: int) -> Rooms:
        """`places` ordinary requests at once and `queue` waiting."""
        fewer = {"places": max(1, places // RESERVED_SHARE), "queue": max(1, queue // RESERVED_SHARE)}
        return cls(
            ordinary=Room("requests", places=places, queue=queue),
            sessions=Room("sessions", **fewer),
            sign_in=Room("sign-in", **fewer),
        )

    def room_for(self, row: Route | None) -> Room | None:
        """Where a request stands; None for health, files and fixed pages, which wait for nobody."""
        if row is None:
            return self.ordinary
        if row.kind is Kind.AUTH or row.path == _SIGN_IN:
            return self.sign_in
        if row.access is Access.PUBLIC:
            return None
        return self.sessions if row.path.startswith(_SESSIONS) else self.ordinary
