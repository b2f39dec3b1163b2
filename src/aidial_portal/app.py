"""The portal as an ASGI application, and the server that runs it.

The one thing a newcomer would get wrong: nothing is opened at import or in `create_app`; connections are made
when the lifespan starts, inside the loop that will use them.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

import structlog
import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aidial_contract.settings import ConfigurationError
from aidial_limits.metrics import listening
from aidial_portal.kernel import logs
from aidial_portal.kernel.guard import Guard
from aidial_portal.kernel.matcher import Matcher
from aidial_portal.kernel.portal import opened
from aidial_portal.kernel.provider import Provider
from aidial_portal.routes import all_rows
from aidial_portal.settings import PortalSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from aidial_portal.kernel.issuer import Issuer

MAX_HEAD_BYTES: Final = 128 * 1024
"""Where the connection is dropped; between 32 KiB and this the answer is 431."""
GRACE_S: Final = 10
GC_YOUNG: Final = 20_000
_log = structlog.get_logger("aidial_portal")


class PortalApp:
    """The application: its lifespan opens the services, the guard answers requests.

    `reload` takes new settings, or None when the configuration is no longer complete: requests that come
    from then on are answered 500 `configuration_invalid`, and health says `fail`, until it is repaired.
    """

    def __init__(self, settings: PortalSettings, issuer: Callable[[PortalSettings], Issuer]) -> None:
        self._settings = settings
        self._issuer = issuer
        self._guard: Guard | None = None
        self._opened = AsyncExitStack()

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

    async def reload(self, settings: PortalSettings | None) -> None:
        """Go on with other settings; requests under way end with the ones they began with."""
        if settings is None:
            if self._guard is not None:
                self._guard.is_configured = False
            return
        if settings != self._settings or self._guard is None:
            await self._open(settings)
        elif self._guard is not None:
            self._guard.is_configured = True

    async def _open(self, settings: PortalSettings) -> None:
        rows = [row.configured(settings.numbers) for row in all_rows()]
        services = opened(settings, Matcher(rows), self._issuer(settings))
        # The old connections stay until the process ends: requests under way still use them.
        self._guard = Guard(await self._opened.enter_async_context(services))
        self._settings = settings

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._opened:
            await self._open(self._settings)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self._guard = None
        await send({"type": "lifespan.shutdown.complete"})


def create_app(
    settings: PortalSettings, *, issuer: Callable[[PortalSettings], Issuer] = Provider
) -> PortalApp:
    """The portal for these settings. `issuer` makes the identity provider's client inside the loop."""
    return PortalApp(settings, issuer)


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


async def _follow_hangups(app: PortalApp, running: uvicorn.Server) -> None:
    """Serve, and read the configuration again at every SIGHUP."""
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def hang_up() -> None:
        task = asyncio.create_task(app.reload(_settings_again()))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, hang_up)
    await running.serve()


def _settings_again() -> PortalSettings | None:
    try:
        return read_settings(os.environ)
    except ConfigurationError as error:
        _log.error("configuration_invalid", problems=error.problems)
        return None


def _settle_memory() -> None:
    """What was imported stays for ever: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG, 20, 100)


def serve(settings: PortalSettings, host: str, port: int) -> None:
    """Run the portal until SIGTERM or SIGINT; requests under way get 10 s to end."""
    logs.set_up(settings.log_level)
    _settle_memory()
    app = create_app(settings)
    with listening(settings.metrics_addr, settings.metrics_port):
        uvloop.run(_follow_hangups(app, server(app, host, port)))
