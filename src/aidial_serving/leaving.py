"""What every connection of a server knows of it: whether it is about to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from uvicorn.server import ServerState

LEAVING: Final = "aidial.leaving"


class Leaving(ServerState):
    """uvicorn's shared state, and whether the server is stopping."""

    def __init__(self) -> None:
        super().__init__()
        self.leaves = asyncio.Event()

    @property
    def is_leaving(self) -> bool:
        """Whether the server is about to stop."""
        return self.leaves.is_set()


def leaving_of(scope: Mapping[str, Any]) -> asyncio.Event:
    """What is set once the server of this request begins to stop: for answers that would never end."""
    told = (scope.get("extensions") or {}).get(LEAVING)
    return asyncio.Event() if told is None else told["event"]
