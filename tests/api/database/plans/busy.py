"""What is asked of the busy tenant's calls, and how the application's connections plan it."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aidial_contract.params import CALL_LIST_PARAMS
from aidial_contract.query import parse_query
from aidial_contract.scope import ProjectReach, Reach
from tests.api.database.rows import Tenant, new_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpg.pool import PoolConnectionProxy

    from aidial_api.kernel.connections import Connections
    from aidial_api.surfaces.calls.question import After

CALLS = 12_000
AFTER: dict[str, After] = {
    "started_at": (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=CALLS / 2), new_id()),
    "duration": (300, new_id()),
}


def asked(tenant: Tenant, query: dict[str, str]) -> tuple[Reach, dict[str, Any]]:
    reach = Reach((tenant.client_id,), (ProjectReach(tenant.client_id, tenant.project_id, "UTC"),))
    return reach, dict(parse_query(query.items(), CALL_LIST_PARAMS))


def per_project(text: str) -> str:
    """What happens once a project, below the function that gives the projects."""
    return text[text.index("Function Scan on reached") :]


def walks_the_project(text: str) -> bool:
    """Whether it reads the index of all calls; an index of few, such as the live ones, may do as it likes."""
    return re.search(r"using calls_by_(start|duration) ", text) is not None


def sorts_much(text: str) -> bool:
    return "Sort" in text and walks_the_project(text)


def is_in_scope(text: str) -> bool:
    """Whether the tenant and the project bound what is read of an index."""
    condition = next(line for line in text.splitlines() if "Index Cond" in line)
    return "client_id" in condition and "project_id" in condition


@asynccontextmanager
async def lent(connections: Connections) -> AsyncIterator[PoolConnectionProxy[Any]]:
    """One of the application's own connections, with what is set on it; a busy machine may take its time."""
    connection = await connections.borrowed(timeout_s=5)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = '5s'")
            yield connection
    finally:
        await connections.given_back(connection)


async def plans(connection: PoolConnectionProxy[Any], statement: str, values: list[Any]) -> list[str]:
    """How a statement is planned the first time it runs on a connection, and the seventh.

    EXPLAIN of the statement itself would always be planned for its values, whatever the connection says.
    """
    places = (await connection.prepare(statement)).get_parameters()
    texts = ", ".join(f"quote_literal((${at}::{place.name})::text)" for at, place in enumerate(places, 1))
    literals = await connection.fetchval(f"SELECT concat_ws(', ', {texts})", *values)
    await connection.execute(f"PREPARE walked AS {statement}")
    found = []
    for _ in range(7):
        rows = await connection.fetch(f"EXPLAIN EXECUTE walked ({literals})")
        found.append("\n".join(row[0] for row in rows))
    await connection.execute("DEALLOCATE walked")
    return [found[0], found[-1]]
