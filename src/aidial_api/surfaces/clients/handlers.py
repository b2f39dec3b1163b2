"""`GET /v1/clients` and one of them.

The one thing a newcomer would get wrong: whose list it is follows from the partner's assignments; the list
takes no `client_id`.
"""

from __future__ import annotations

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.clients import store
from aidial_contract.access import Level
from aidial_contract.ids import plain_id
from aidial_contract.shapes.clients import Client, ClientList


class Position(msgspec.Struct, array_like=True):
    """Where a page ended."""

    name: str
    client_id: str


async def find(ask: Ask) -> asyncpg.Record | None:
    """The client the path names."""
    return await store.find_client(ask.tx, ask.reach, plain_id(ask.path["client_id"]))


async def show_list(ask: Ask) -> Answer:
    """One page of the clients in reach."""
    query = ask.query
    bound = ("clients", ",".join(ask.reach.client_ids), query["q"] or "", ",".join(query["lifecycle"] or ()))
    position = read_cursor(ask.services.cursors, query["cursor"], Position, *bound)
    limit: int = query["limit"]
    rows = await store.list_clients(
        ask.tx,
        ask.reach,
        words=query["q"],
        lifecycles=query["lifecycle"],
        after=(position.name, position.client_id) if position else None,
        most=limit + 1,
    )
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        end = Position(rows[-1]["name"], rows[-1]["client_id"])
        cursor = ask.services.cursors.encode(end, *bound)
    clients = [_shown(row, ask.level) for row in rows]
    return Answer(ClientList(clients=clients, next_cursor=cursor))


async def show_one(ask: Ask) -> Answer:
    """One client."""
    return Answer(_shown(ask.found, ask.level))


def _shown(row: asyncpg.Record, level: Level | None) -> Client:
    """People to write to are for whoever manages clients."""
    is_full = level is Level.FULL
    return Client(
        client_id=row["client_id"],
        business_name=row["name"],
        web_domain=row["web_domain"],
        contact_name=row["contact_name"] if is_full else None,
        business_email=row["contact_email"] if is_full else None,
        contact_hidden=not is_full,
        timezone=row["timezone"],
        lifecycle=row["lifecycle"],
        environment=row["environment"],
        project_count=row["project_count"],
        created_at=row["created_at"],
    )
