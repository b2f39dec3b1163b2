"""The real API on a real socket, in this process; `tests/support/api.py` fills it with people.

The one thing a newcomer would get wrong: several may run at once over one database, as processes would.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp

from aidial_api.app import Application
from aidial_api.kernel.billing.port import BillingProvider
from aidial_api.kernel.route import RouteTable
from aidial_api.routes import TABLE
from aidial_api.settings import read_settings
from aidial_serving.server import Server, http_server

_TIMEOUT = aiohttp.ClientTimeout(total=20)


@dataclass(slots=True)
class RunningApi:
    """The API on a socket; `url` has no slash at its end."""

    url: str
    app: Application
    http: aiohttp.ClientSession


class _Server(Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C is for pytest."""
        yield


@asynccontextmanager
async def running_api(
    environ: dict[str, str], table: RouteTable = TABLE, *, billing_provider: BillingProvider | None = None
) -> AsyncIterator[RunningApi]:
    """Serve an API in this process on a port of its own.

    `table` when a test has rows of its own, `billing_provider` when it has one that is in trouble.
    """
    app = Application(read_settings(environ), table, billing_provider=billing_provider)
    server = _Server(
        http_server(app, "127.0.0.1", 0, stop_timeout_s=9, loop="asyncio", log_level="warning").config,
        stop_timeout_s=9,
        linger_s=0,
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            raise RuntimeError("the API did not start; its log says why")
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    jar = aiohttp.DummyCookieJar()
    try:
        # Shorter than the server's five seconds: it must never close what a test is about to use.
        connector = aiohttp.TCPConnector(keepalive_timeout=4)
        async with aiohttp.ClientSession(url, timeout=_TIMEOUT, cookie_jar=jar, connector=connector) as http:
            yield RunningApi(url, app, http)
    finally:
        server.should_exit = True
        await serving
