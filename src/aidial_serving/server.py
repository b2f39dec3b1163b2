"""A uvicorn server that stops without cutting an answer.

On SIGTERM the door closes, requests under way are answered, and connections that are kept alive get a moment
in which whatever arrives on them is still answered, with `Connection: close`. The one thing a newcomer would
get wrong: uvicorn closes idle connections at once, and a request that is on its way on one of them is lost.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from aidial_serving.draining import Draining
from aidial_serving.leaving import Leaving
from aidial_serving.protocol import BoundedProtocol

if TYPE_CHECKING:
    import socket

LINGER_S: Final = 1.0
UNAVAILABLE: Final = 69
"""What an app exits with when it cannot start for want of something (EX_UNAVAILABLE)."""
_LOOK_S: Final = 0.02
_LEAST_S: Final = 0.1


class Server(uvicorn.Server):
    """`stop_timeout_s` is the longest a stop may take, `linger_s` the moment idle connections get."""

    def __init__(self, config: uvicorn.Config, *, stop_timeout_s: float, linger_s: float = LINGER_S) -> None:
        super().__init__(config)
        self.server_state = self._state = Leaving()
        self._stop_timeout_s = stop_timeout_s
        self._linger_s = min(linger_s, stop_timeout_s / 2)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the door; where that cannot be, `started` stays false and `serve` returns."""
        try:
            await super().startup(sockets)
        except SystemExit:
            # uvicorn would end the process with its own code; what it ends with is the app's to say.
            self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the door, let everybody finish, end."""
        loop = asyncio.get_running_loop()
        stopping_at = loop.time()
        self._state.leaves.set()
        # Whoever the kernel let in before the door closed is taken first.
        await asyncio.sleep(0)
        for door in self.servers:
            door.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self._state.connections):
            if isinstance(connection, BoundedProtocol):
                connection.say_last()
        await self._linger(stopping_at + self._linger_s)
        left_s = self._stop_timeout_s - (loop.time() - stopping_at)
        # uvicorn's type says int; asyncio takes what it is given.
        self.config.timeout_graceful_shutdown = max(_LEAST_S, left_s)  # type: ignore[assignment]
        await super().shutdown()

    async def _linger(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        # uvicorn tells nobody of a connection's end; it looks again and again itself.
        while self._state.connections and loop.time() < until and not self.force_exit:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)


def http_server(
    app: Any, host: str, port: int, *, stop_timeout_s: float, linger_s: float = LINGER_S, **more: Any
) -> Server:
    """A server as both apps run it: uvloop, httptools, bounded, no banner, no proxy headers believed."""
    config = uvicorn.Config(
        Draining(app),
        host=host,
        port=port,
        **{
            "loop": "uvloop",
            "http": BoundedProtocol,
            "ws": "none",
            "lifespan": "on",
            "server_header": False,
            "proxy_headers": False,
            "access_log": False,
            "log_config": None,
            **more,
        },
    )
    return Server(config, stop_timeout_s=stop_timeout_s, linger_s=linger_s)
