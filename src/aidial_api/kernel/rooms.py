"""Who stands where when the API is crowded: sessions have room of their own, health and texts need none.

The one thing a newcomer would get wrong: rooms bound what works at once; the database's own reserve
(`db.py`) keeps connections for the same requests.
"""

from __future__ import annotations

from dataclasses import dataclass

from aidial_api.kernel.route import Access, Route
from aidial_serving.crowd import Room

SESSION_PATHS = ("/v1/sessions", "/v1/session-context")
RESERVED_SHARE = 4
"""Sessions get a quarter of the others' places, on top of them."""
UPLOADS_SHARE = 4
"""Files come in at their senders' pace, so at most so large a share of the places at a time."""


def is_reserved(row: Route) -> bool:
    """Whether a row is part of signing in or of a session's life."""
    return row.path.startswith(SESSION_PATHS)


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of one process."""

    ordinary: Room
    sessions: Room
    uploads: Room

    @classmethod
    def of(cls, places: int, queue: int) -> Rooms:
        """`places` ordinary requests at once and `queue` waiting; sessions have a quarter more of each."""
        return cls(
            ordinary=Room("requests", places=places, queue=queue),
            sessions=Room(
                "sessions", places=max(1, places // RESERVED_SHARE), queue=max(1, queue // RESERVED_SHARE)
            ),
            uploads=Room("uploads", places=max(1, places // UPLOADS_SHARE), queue=queue),
        )

    def room_for(self, row: Route) -> Room | None:
        """Where a row's requests stand; None for health, errors and the like, which cost nothing."""
        if is_reserved(row):
            return self.sessions
        return None if row.access is Access.PUBLIC else self.ordinary
