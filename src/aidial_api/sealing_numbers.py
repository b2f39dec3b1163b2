"""Numbers of destinations that an earlier version stored in clear, sealed by whoever owns the database.

Safe while people save and publish. The one thing a newcomer would get wrong: a version's words are never
changed, and sealing changes none: what the runtime reads of it is the same before and after.
"""

from __future__ import annotations

from typing import Final

import msgspec

from aidial_api.kernel import destinations
from aidial_api.kernel.crypto import MasterKey, TenantKeys
from aidial_api.kernel.db import owner_transaction
from aidial_api.kernel.installation import require_master_key
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.transaction import Tx

_IN_CLEAR: Final = "@? '$.destinations[*].number'"
_DRAFTS: Final = f"""
SELECT project_id::text AS project_id, value FROM project_drafts
WHERE client_id = $1 AND section = '{destinations.SECTION}' AND value {_IN_CLEAR} FOR UPDATE
"""
_KEEP_DRAFT: Final = f"""
UPDATE project_drafts SET value = $3::jsonb
WHERE client_id = $1 AND project_id = $2::uuid AND section = '{destinations.SECTION}'
"""
_VERSIONS: Final = f"""
SELECT project_id::text AS project_id, number, content -> '{destinations.SECTION}' AS value
FROM project_versions
WHERE client_id = $1 AND content -> '{destinations.SECTION}' {_IN_CLEAR} FOR UPDATE
"""
_KEEP_VERSION: Final = f"""
UPDATE project_versions SET content = jsonb_set(content, '{{{destinations.SECTION}}}', $4::jsonb)
WHERE client_id = $1 AND project_id = $2::uuid AND number = $3
"""


async def seal_numbers(owner_url: str, master_key: bytes, client_id: str) -> int:
    """How many drafts and versions of a tenant held numbers in clear; none does afterwards."""
    master = MasterKey(master_key)
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        drafts = await tx.fetch(_DRAFTS, client_id)
        versions = await tx.fetch(_VERSIONS, client_id)
        if not drafts and not versions:
            return 0
        await require_master_key(tx, master)
        key = await TenantKeys(master).get(tx, client_id)
        for row in drafts:
            kept = destinations.sealed(key, row["project_id"], msgspec.json.decode(row["value"]))
            await _keep(tx, _KEEP_DRAFT, client_id, row["project_id"], kept=kept)
        for row in versions:
            kept = destinations.sealed(key, row["project_id"], msgspec.json.decode(row["value"]))
            await _keep(tx, _KEEP_VERSION, client_id, row["project_id"], row["number"], kept=kept)
    return len(drafts) + len(versions)


async def _keep(tx: Tx, statement: str, *place: str | int, kept: dict[str, object]) -> None:
    await tx.execute(statement, *place, msgspec.json.encode(kept).decode())
