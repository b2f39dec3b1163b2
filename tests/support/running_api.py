"""The real API on a real socket, in this process; `tests/support/api.py` fills it with people.

The one thing a newcomer would get wrong: several may run at once over one database, as processes would.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import aiohttp
import pytest

from aidial_api.app import Application
from aidial_api.kernel import counting
from aidial_api.kernel.billing.port import BillingProvider
from aidial_api.kernel.credentials import Credentials
from aidial_api.kernel.redaction import pool
from aidial_api.kernel.route import RouteTable
from aidial_api.provisioning import NewClient, NewPerson, Provisioner
from aidial_api.routes import TABLE
from aidial_api.settings import read_settings
from aidial_api.surfaces.calls import listing
from aidial_contract.ids import new_id
from aidial_serving.server import http_server
from tests.support.past_policies import PastPolicies
from tests.support.serving import serving

_TIMEOUT = aiohttp.ClientTimeout(total=20)


@dataclass(slots=True)
class RunningApi:
    """The API on a socket; `url` has no slash at its end."""

    url: str
    app: Application
    http: aiohttp.ClientSession

    def hear(self) -> None:
        """Have it look everybody up anew, as news from the database does a moment after the change."""
        assert self.app.services is not None
        self.app.services.credentials.heard(None)

    async def all_heard(self, past_policies: PastPolicies) -> None:
        """Wait until it has heard what the database told it before now: news come in the order they are told.

        Tests are faster than news. One that ended a session past the API would be answered as if it had not.
        """
        assert self.app.services is not None
        waiting = _waiting_at(self.app.services.credentials)
        name = f"heard-{new_id()}"
        heard = waiting[name] = asyncio.Event()
        await past_policies.fetch("SELECT pg_notify('aidial_credentials', $1)", f"session:{name}")
        with suppress(TimeoutError):  # a listener that is away hears that it missed something
            async with asyncio.timeout(5):
                await heard.wait()


_waiting: WeakKeyDictionary[Credentials, dict[str, asyncio.Event]] = WeakKeyDictionary()


def _waiting_at(credentials: Credentials) -> dict[str, asyncio.Event]:
    """Who waits for a session of some name to be forgotten there."""
    if credentials not in _waiting:
        waiting: dict[str, asyncio.Event] = {}
        forget = credentials._sessions.forget

        def forgotten(key: str) -> None:
            forget(key)
            heard = waiting.pop(key, None)
            if heard is not None:
                heard.set()

        credentials._sessions.forget = forgotten  # type: ignore[method-assign]
        _waiting[credentials] = waiting
    return _waiting[credentials]


class HeardProvisioner(Provisioner):
    """Makes things past an API that then knows of them at once: nobody's second has to pass."""

    api: RunningApi | None = None

    async def add_client(self, client: NewClient) -> None:
        await super().add_client(client)
        self._hear()

    async def add_person(self, person: NewPerson) -> str:
        user_id = await super().add_person(person)
        self._hear()
        return user_id

    def _hear(self) -> None:
        if self.api is not None:
            self.api.hear()


@asynccontextmanager
async def running_api(
    environ: dict[str, str], table: RouteTable = TABLE, *, billing_provider: BillingProvider | None = None
) -> AsyncIterator[RunningApi]:
    """Serve an API in this process on a port of its own.

    `table` when a test has rows of its own, `billing_provider` when it has one that is in trouble.
    """
    app = Application(read_settings(environ), table, billing_provider=billing_provider)
    server = http_server(
        app, "127.0.0.1", 0, stop_timeout_s=9, linger_s=0, loop="asyncio", log_level="warning"
    )
    jar = aiohttp.DummyCookieJar()
    with pytest.MonkeyPatch.context() as patch:
        # However busy this machine is: what takes too long to count is said to be many.
        patch.setattr(counting, "COUNT_MS", 5_000)
        patch.setattr(listing, "COUNT_MS", 5_000)
        # Processes for redaction start in their own time, too.
        patch.setattr(pool, "_STARTING_SECONDS", 60.0)
        async with serving(server):
            url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
            # Shorter than the server's five seconds: it must never close what a test is about to use.
            connector = aiohttp.TCPConnector(keepalive_timeout=4)
            async with aiohttp.ClientSession(
                url, timeout=_TIMEOUT, cookie_jar=jar, connector=connector
            ) as http:
                yield RunningApi(url, app, http)
