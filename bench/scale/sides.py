"""A filled database with an API before it.

The one thing a newcomer would get wrong: the tenant that asks has a fifth of the calls. Its neighbours' are
in the same tables, mixed by time.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import asyncpg

from aidial.postgres import PostgresUrls
from aidial_api.provisioning import Provisioner
from aidial_contract.ids import new_api_key
from bench.api import free_port
from bench.processes import server
from bench.scale.asked import Pairs

TENANT: Final = "seed-0001"
FEW: Final = 100_000
DAYS: Final = 90
EXPORTED: Final = 200_000
GROWTH: Final = 1.5
"""How many times its cost on few calls something may cost on many."""


@dataclass(frozen=True, slots=True)
class Side:
    """One database with an API before it: the tenant's busiest project and a key that reads and writes."""

    name: str
    urls: PostgresUrls
    project_id: str
    key: str
    api_url: str
    api_pid: int

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request carries."""
        return {"x-api-key": self.key}

    def page(self, pairs: Pairs, **more: str) -> str:
        """The address of a page."""
        return (
            f"{self.api_url}/v1/calls?{urlencode([('project_id', self.project_id), *pairs, *more.items()])}"
        )


@asynccontextmanager
async def side(folder: Path, name: str, urls: PostgresUrls, master_key: bytes) -> AsyncIterator[Side]:
    """Start an API before a database that was filled."""
    key, _ = new_api_key("test")
    await Provisioner(urls.owner_url, master_key, "").add_key(
        TENANT, key, scope="manage", description="bench"
    )
    connection = await asyncpg.connect(urls.superuser_url)
    project_id = await connection.fetchval(
        "SELECT project_id::text FROM calls WHERE client_id = $1 GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
        TENANT,
    )
    await connection.close()
    port = free_port()
    env = {
        "BENCH_FOLDER": str(folder),
        "DATABASE_URL": urls.app_url,
        "AIDIAL_MASTER_KEY": base64.b64encode(master_key).decode(),
        "ZITADEL_ISSUER": "http://127.0.0.1:9",
        "AIDIAL_API_AUDIENCE": "aidial-api",
        "AIDIAL_LIMITS_SCALE": "100000",
        "AIDIAL_LIMIT_CALL_EXPORT_ROWS": str(EXPORTED),
    }
    command = ["-c", f"from aidial_api.server import serve; serve('127.0.0.1', {port})"]
    url = f"http://127.0.0.1:{port}"
    with server(f"api-{name}", command, env, f"{url}/v1/health/live") as pid:
        yield Side(name, urls, project_id, key, url, pid)
