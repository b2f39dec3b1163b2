"""What every connection of a server knows of it: whether it is about to stop."""

from __future__ import annotations

from uvicorn.server import ServerState


class Leaving(ServerState):
    """uvicorn's shared state, and whether the server is stopping."""

    is_leaving = False
