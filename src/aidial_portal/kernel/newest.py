"""A bounded memory of sessions: what was kept last stays, what was kept first goes.

The one thing a newcomer would get wrong: it forgets when it is full, so nobody may need what is in it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Generic, TypeVar

T = TypeVar("T")
REMEMBERED: Final = 10_000


class Newest(Generic[T]):
    """What is known of each of the last `most` sessions."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._known: OrderedDict[str, T] = OrderedDict()

    def get(self, session_id: str) -> T | None:
        """What is known of a session."""
        return self._known.get(session_id)

    def keep(self, session_id: str, value: T) -> None:
        """Know this of a session from now on."""
        self._known[session_id] = value
        self._known.move_to_end(session_id)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def forget(self, session_id: str) -> None:
        """Know nothing of a session any more."""
        self._known.pop(session_id, None)
