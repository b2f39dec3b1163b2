"""Servers that live for one test.

The one thing a newcomer would get wrong: uvicorn looks ten times a second whether it should stop, and then
waits a tenth of a second more. Hundreds of tests start a server, so here it starts and stops by hand.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def serving(server: uvicorn.Server, *listeners: socket.socket) -> AsyncIterator[None]:
    """Serve in this loop while the block runs; on `listeners`, or on the port of its configuration."""
    if not server.config.loaded:
        server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=list(listeners) or None)
    if server.should_exit:
        raise RuntimeError("the server did not start; its log says why")
    looking = asyncio.create_task(server.main_loop())  # keeps the Date of its answers
    try:
        yield
    finally:
        looking.cancel()
        await server.shutdown(sockets=list(listeners))


class Scripted(uvicorn.Server):
    """A server of a test's own app that nobody has to be polite to: its end cuts what is under way."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for door in self.servers:
            door.close()
        for listener in sockets or []:
            listener.close()
        for task in list(self.server_state.tasks):
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def scripted(app: Any) -> Scripted:
    """A server around an app without a lifespan, on a free port of loopback."""
    return Scripted(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", ws="none"))
