"""Filling a database with many calls.

The one thing a newcomer would get wrong: the indexes are made at the end, so they are denser than ones that
grew. Their pages are read a little sooner than in a database that took its calls one by one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import psycopg

from aidial.bulk.loading import Loader
from aidial.bulk.plan import Plan, tenants
from aidial.postgres import PostgresUrls
from aidial.postgres.roles import make_database
from aidial_api.kernel.migrate import upgrade
from aidial_api.kernel.storage import Storage
from bench.scale.sides import DAYS, TENANT

TENANTS: Final = 41
SHARE: Final = 0.2


async def filled(
    urls: PostgresUrls, master_key: bytes, calls: int, until: datetime, storage: Storage | None = None
) -> None:
    """Write the calls as `aidial seed` does; as the superuser, which takes half the time."""
    plan = Plan(tenants(calls, TENANTS, SHARE, TENANT), until, DAYS, 1)
    await Loader(urls.superuser_url, master_key, plan, storage).load()


def database(urls: PostgresUrls, name: str) -> PostgresUrls:
    """One more migrated database of the server."""
    with psycopg.connect(urls.for_database("postgres").superuser_url, autocommit=True) as connection:
        make_database(connection, name)
    own = urls.for_database(name)
    upgrade(own.owner_url)
    return own
