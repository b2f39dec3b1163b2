"""Billing's own statements: whose account it is, what was seen last, who receives invoices.

The one thing a newcomer would get wrong: invoices and prices are the provider's, behind the port; nothing
here reads its tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from aidial_api.kernel.billing.port import Account

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.transaction import Tx

_ACCOUNT = "SELECT client_id, name, timezone FROM clients WHERE client_id = any($1::text[]) LIMIT 1"
_SEEN = "SELECT usage FROM billing_usage_seen WHERE client_id = $1"
# Written at most once a minute a tenant, however many look.
_KEEP = """
INSERT INTO billing_usage_seen AS s (client_id, as_of, usage) VALUES ($1, $2, $3)
ON CONFLICT (client_id) DO UPDATE SET as_of = excluded.as_of, usage = excluded.usage
WHERE s.as_of < excluded.as_of - interval '1 minute'
"""
_RECIPIENTS = "SELECT version, addresses FROM billing_recipients WHERE client_id = $1"
_FIRST = """
INSERT INTO billing_recipients (client_id, version, addresses) VALUES ($1, 2, $2)
ON CONFLICT (client_id) DO NOTHING RETURNING version
"""
_NEXT = """
UPDATE billing_recipients SET version = version + 1, addresses = $2, updated_at = now()
WHERE client_id = $1 AND version = $3 RETURNING version
"""


async def find_account(tx: Tx, client_ids: Sequence[str]) -> Account | None:
    """The one client in reach."""
    row = await tx.fetchrow(_ACCOUNT, list(client_ids))
    return None if row is None else Account(**row)


async def last_seen(tx: Tx, client_id: str) -> str | None:
    """The usage the provider told last, as JSON."""
    text: str | None = await tx.fetchval(_SEEN, client_id)
    return text


async def keep_seen(tx: Tx, client_id: str, as_of: datetime, usage: str) -> None:
    """Remember it for when the provider is away."""
    await tx.execute(_KEEP, client_id, as_of, usage)


async def read_recipients(tx: Tx, client_id: str) -> asyncpg.Record | None:
    """The sealed list and its version; None for the empty one nobody saved, which is version 1."""
    return await tx.fetchrow(_RECIPIENTS, client_id)


async def save_recipients(tx: Tx, client_id: str, sealed: bytes, expected_version: int) -> int | None:
    """Write a list over version `expected_version`; the new version, None when that is stale."""
    if expected_version == 1:
        version: int | None = await tx.fetchval(_FIRST, client_id, sealed)
    else:
        version = await tx.fetchval(_NEXT, client_id, sealed, expected_version)
    return version
