"""The pages every measure is taken on, and who opens them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.browser.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Place:
    """A page: `person` is who opens it (None: nobody signed in), `status` what it answers."""

    name: str
    path: str
    person: str | None
    status: int = 200

    async def open(self, visitor: Visitor) -> None:
        """Open it; an open call is the newest finished one."""
        path = self.path
        if path == OPEN_CALL:
            listed = await visitor.ask("/api/calls?limit=1&status=completed")
            path += listed["calls"][0]["call_id"]
        assert await visitor.go(path) == self.status


OPEN_CALL: Final = "/calls?expand="
PLACES: Final = (
    Place("sign-in", "/sign-in", None),
    Place("dashboard", "/?range=90d", "alice"),
    Place("calls", "/calls", "alice"),
    Place("open call", OPEN_CALL, "alice"),
    Place("filters with a mistake", "/calls?caller=abc", "alice", 422),
    Place("account", "/account", "alice"),
    Place("not found", "/nowhere", "alice", 404),
    Place("access denied", "/access-denied", None, 404),
    Place("operations", "/ops", "omar"),
    Place("components", "/ops/components", "omar"),
)
