"""A second API on the same database with small limits, so that they can be reached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

from aidial_api.kernel.services import Allowlists
from tests.support.api import RunningApi, World, running_api
from tests.support.askers import Asker

SCALE = "0.05"
"""3 reads and 60 deliveries of a key in 6 s, 60 requests of a person, 6 session changes and 3 failed
credentials a minute."""


@asynccontextmanager
async def small_limits(world: World) -> AsyncIterator[RunningApi]:
    """The API with one twentieth of every rate."""
    async with running_api({**world.environ, "AIDIAL_LIMITS_SCALE": SCALE}) as api:
        yield api


def at(api: RunningApi, somebody: Asker) -> Asker:
    """The same asker at another API."""
    return Asker(api.http, somebody.headers)


def allow_only(api: RunningApi, client_id: str, network: str) -> None:
    """Give a tenant an address allowlist."""
    services = api.app.services
    assert services is not None
    services.allowlists = Allowlists({client_id: (ip_network(network),)})
