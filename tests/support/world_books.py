"""The world's accounts and invoices: two of each client, the older one paid.

The one thing a newcomer would get wrong: the archived client has some too; nobody reaches them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from aidial.postgres import PostgresUrls
from aidial_api.provisioning_billing import Bookkeeper
from tests.people import BAYSIDE, CLOSED, HARBOUR, NORTHSIDE

PLACES = {HARBOUR: "harbour", BAYSIDE: "bayside", NORTHSIDE: "northside", CLOSED: "closed"}


async def open_books(urls: PostgresUrls) -> dict[str, str]:
    """Bill everybody since two months ago; invoice ids by `<place>-<number>`, `harbour-1` the oldest."""
    books, now = Bookkeeper(urls.owner_url), datetime.now(UTC)
    for client_id in PLACES:
        assert await books.open_account(client_id, "starter", months_ago=2, now=now)
        assert await books.mark_paid(client_id, f"{client_id.upper()}-0001", now)
    connection = await asyncpg.connect(urls.superuser_url)
    try:
        rows = await connection.fetch("SELECT client_id, number, invoice_id FROM invoices")
    finally:
        await connection.close()
    return {f"{PLACES[row['client_id']]}-{int(row['number'][-4:])}": str(row["invoice_id"]) for row in rows}
