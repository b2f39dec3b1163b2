"""The portal as an ASGI application, and the server that runs it.

The one thing a newcomer would get wrong: nothing is opened at import or in `create_app`; connections are made
when the lifespan starts, inside the loop that will use them.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import structlog
import uvloop

from aidial_contract.settings import ConfigurationError
from aidial_limits.metrics import listening
from aidial_portal.kernel import answers, logs
from aidial_portal.kernel.guard import Guard
from aidial_portal.kernel.matcher import Matcher
from aidial_portal.kernel.portal import opened
from aidial_portal.kernel.provider import Provider
from aidial_portal.routes import all_rows
from aidial_portal.settings import PortalSettings, read_settings
from aidial_portal.words import all_locales
from aidial_serving.hangups import Leavers, serve_through_hangups
from aidial_serving.last_resort import LastResort
from aidial_serving.server import LINGER_S, UNAVAILABLE, Server, http_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from aidial_portal.kernel.issuer import Issuer

KEEP_ALIVE_S: Final = 75
GC_YOUNG: Final = 20_000
_log = structlog.get_logger("aidial_portal")


class PortalApp:
    """The application: its lifespan opens the services, the guard answers requests.

    `reload` takes new settings, or None when the configuration is no longer complete: requests that come
    from then on are answered 500 `configuration_invalid`, and health says `fail`, until it is repaired.
    """

    def __init__(self, settings: PortalSettings, issuer: Callable[[PortalSettings], Issuer]) -> None:
        self.settings = settings
        self._issuer = issuer
        self._guard: Guard | None = None
        self._opened = AsyncExitStack()
        self._own = AsyncExitStack()
        self._leavers = Leavers()
        self._http = LastResort(self._answer, answers.written)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak ASGI: lifespan and HTTP; a websocket is refused."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and self._guard is not None:
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            raise RuntimeError("the lifespan has not started")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._guard is not None  # noqa: S101 - `__call__` made sure of it
        await self._guard(scope, receive, send)

    async def reload(self, settings: PortalSettings | None) -> None:
        """Go on with other settings; requests under way end with the ones they began with."""
        if self._guard is None:
            return
        if settings is None:
            self._guard.is_configured = False
        elif settings == self.settings:
            self._guard.is_configured = True
        else:
            await self._open_anew(settings)

    async def _open_anew(self, settings: PortalSettings) -> None:
        """Swap the services. The former ones are closed when the last request that began with them ended."""
        stack = AsyncExitStack()
        try:
            guard = await self._guarded(settings, stack)
        except Exception as error:  # noqa: BLE001 - settings that cannot be used are as good as none
            _log.error("configuration_unusable", error=type(error).__name__)
            await stack.aclose()
            await self.reload(None)
            return
        self._opened.push_async_callback(stack.aclose)
        self._leavers.add(self._guard, self._own)
        self.settings, self._guard, self._own = settings, guard, stack

    async def _guarded(self, settings: PortalSettings, stack: AsyncExitStack) -> Guard:
        rows = [row.configured(settings.numbers) for row in all_rows()]
        services = opened(settings, Matcher(rows), self._issuer(settings))
        return Guard(await stack.enter_async_context(services))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._opened:
            self._opened.push_async_callback(self._own.aclose)
            self._guard = await self._guarded(self.settings, self._own)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._leavers.cancel()
        self._guard = None
        await send({"type": "lifespan.shutdown.complete"})


def create_app(
    settings: PortalSettings, *, issuer: Callable[[PortalSettings], Issuer] = Provider
) -> PortalApp:
    """The portal for these settings. `issuer` makes the identity provider's client inside the loop."""
    return PortalApp(settings, issuer)


def server(app: PortalApp, host: str, port: int, *, linger_s: float = LINGER_S) -> Server:
    """The portal's server; browsers keep their connections for a good while."""
    return http_server(
        app,
        host,
        port,
        stop_timeout_s=app.settings.stop_timeout_ms / 1_000,
        linger_s=linger_s,
        timeout_keep_alive=KEEP_ALIVE_S,
    )


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
    """Run the portal until SIGTERM or SIGINT; exits with 69 when it cannot have its port."""
    logs.set_up(settings.log_level)
    all_locales()  # read before anybody waits for it
    _settle_memory()
    app = create_app(settings)
    with listening(settings.metrics_addr, settings.metrics_port):
        running = server(app, host, port)
        uvloop.run(serve_through_hangups(running, lambda: app.reload(_settings_again())))
    if not running.started:
        sys.exit(UNAVAILABLE)
