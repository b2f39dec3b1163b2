"""Clients in the database. The one thing a newcomer would get wrong: only those in reach are asked for."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

_COLUMNS = """
c.client_id, c.name, c.web_domain, c.contact_name, c.contact_email, c.timezone, c.lifecycle, c.environment,
c.created_at, (SELECT count(*) FROM projects p WHERE p.client_id = c.client_id) AS project_count
"""
_LIST = f"""
SELECT {_COLUMNS} FROM clients c
WHERE c.client_id = any($1::text[])
    AND ($2::text IS NULL OR position($2 IN lower(c.client_id || ' ' || c.name || ' '
                                                  || coalesce(c.web_domain, ''))) > 0)
    AND ($3::text[] IS NULL OR c.lifecycle = any($3))
    AND ($4::text IS NULL OR (c.name, c.client_id) > ($4, $5))
ORDER BY c.name, c.client_id LIMIT $6
"""
_ONE = f"SELECT {_COLUMNS} FROM clients c WHERE c.client_id = $1 AND c.client_id = any($2::text[])"


async def list_clients(
    tx: Tx,
    reach: Reach,
    *,
    words: str | None,
    lifecycles: Sequence[str] | None,
    after: tuple[str, str] | None,
    most: int,
) -> list[asyncpg.Record]:
    """At most `most` clients in reach after a name and id, by name. `words` are compared in lower case."""
    name, client_id = after or (None, None)
    chosen = list(lifecycles) if lifecycles is not None else None
    found = words.lower() if words is not None else None
    return await tx.fetch(_LIST, list(reach.client_ids), found, chosen, name, client_id, most)


async def find_client(tx: Tx, reach: Reach, client_id: str) -> asyncpg.Record | None:
    """A client in reach."""
    return await tx.fetchrow(_ONE, client_id, list(reach.client_ids))
