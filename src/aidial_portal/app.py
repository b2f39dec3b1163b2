"""The portal as an ASGI application, and the server that runs it.

The one thing a newcomer would get wrong: nothing is opened at import or in `create_app`; connections are made
when the lifespan starts, inside the loop that will use them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aidial_portal.kernel import logs
from aidial_portal.kernel.guard import Guard
from aidial_portal.kernel.matcher import Matcher
from aidial_portal.kernel.portal import opened
from aidial_portal.kernel.provider import Provider
from aidial_portal.routes import all_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from starlette.types import Receive, Scope, Send

    from aidial_portal.kernel.issuer import Issuer
    from aidial_portal.kernel.portal import Portal
    from aidial_portal.settings import PortalSettings

MAX_HEAD_BYTES: Final = 128 * 1024
"""Where the connection is dropped; between 32 KiB and this the answer is 431."""
GRACE_S: Final = 10


class PortalApp:
    """The application: its lifespan opens the services, the guard answers requests."""

    def __init__(self, open_portal: Callable[[], AbstractAsyncContextManager[Portal]]) -> None:
        self._open = open_portal
        self._guard: Guard | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak ASGI: lifespan and HTTP; a websocket is refused."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and self._guard is not None:
            await self._guard(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            raise RuntimeError("the lifespan has not started")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._open() as portal:
            self._guard = Guard(portal)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self._guard = None
        await send({"type": "lifespan.shutdown.complete"})


def create_app(
    settings: PortalSettings, *, issuer: Callable[[PortalSettings], Issuer] = Provider
) -> PortalApp:
    """The portal for these settings. `issuer` makes the identity provider's client inside the loop."""
    return PortalApp(lambda: opened(settings, Matcher(all_rows()), issuer(settings)))


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself would gather headers without end."""

    _head_bytes = 0
    _in_head = True

    def on_message_begin(self) -> None:
        """A new request's head starts."""
        self._head_bytes = 0
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is over; what follows is the body, which hygiene counts."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count what arrives while a head is open, and drop the connection above the cap."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The request's head is too large.")


def server(app: PortalApp, host: str, port: int, **more: Any) -> uvicorn.Server:
    """A uvicorn server for the portal: uvloop, httptools, no banner, no proxy headers believed."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=75,
        **more,
    )
    return uvicorn.Server(config)


def serve(settings: PortalSettings, host: str, port: int) -> None:
    """Run the portal until SIGTERM or SIGINT; requests under way get 10 s to end."""
    logs.set_up(settings.log_level)
    running = server(create_app(settings), host, port)
    running.run()
