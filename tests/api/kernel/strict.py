"""A second API on the same database with small limits, so that they can be reached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

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


def unhurried(api: RunningApi) -> None:
    """Places and connections are waited for as long as a request may take."""
    services = api.app.services
    assert services is not None
    services.db._acquire_timeout_s = services.rooms.ordinary._longest_wait_s = 9.0


def at(api: RunningApi, somebody: Asker) -> Asker:
    """The same asker at another API."""
    return Asker(api.http, somebody.headers)


@asynccontextmanager
async def allow_only(world: World, api: RunningApi, client_id: str, *networks: str) -> AsyncIterator[None]:
    """Give a tenant an address allowlist while the block runs, and let an API know of it."""
    value = {"enabled": True, "entries": [{"cidr": network, "label": ""} for network in networks]}
    await world.sql(
        "INSERT INTO client_settings (client_id, section, value, version)"
        " VALUES ($1, 'ip-allowlist', $2::text::jsonb, 2)"
        " ON CONFLICT (client_id, section) DO UPDATE"
        " SET value = excluded.value, version = client_settings.version + 1",
        client_id,
        msgspec.json.encode(value).decode(),
    )
    _forget(world, api)
    try:
        yield
    finally:
        await world.sql(
            "UPDATE client_settings SET value = value || '{\"enabled\": false}', version = version + 1"
            " WHERE client_id = $1 AND section = 'ip-allowlist'",
            client_id,
        )
        _forget(world, api)


def _forget(world: World, api: RunningApi) -> None:
    for one in (world.api, api):
        assert one.app.services is not None
        one.app.services.credentials.heard(None)
