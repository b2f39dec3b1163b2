"""A person's own profile in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.transaction import Tx

_COLUMNS: Final = "profile_version AS version, profile_changed_at AS changed_at"
_FIND: Final = f"""
SELECT user_id::text AS user_id, email, first_name, last_name, mobile_encrypted, timezone, language,
    {_COLUMNS}
FROM users WHERE user_id = $1::uuid
"""
_SAVE: Final = f"""
UPDATE users SET first_name = $3, last_name = $4, mobile_encrypted = $5, timezone = $6, language = $7,
    profile_version = profile_version + 1, profile_changed_at = now(), version = version + 1
WHERE user_id = $1::uuid AND profile_version = $2
RETURNING {_COLUMNS}
"""
_VERSION: Final = "SELECT profile_version FROM users WHERE user_id = $1::uuid"


async def find(tx: Tx, user_id: str) -> asyncpg.Record | None:
    """What is known of the person who asks."""
    return await tx.fetchrow(_FIND, user_id)


async def save(
    tx: Tx, user_id: str, expected_version: int, values: tuple[str, str, bytes | None, str | None, str]
) -> asyncpg.Record | None:
    """Write names, sealed number, zone and language over a version; None over another."""
    return await tx.fetchrow(_SAVE, user_id, expected_version, *values)


async def current_version(tx: Tx, user_id: str) -> int:
    """What the version is now."""
    version: int = await tx.fetchval(_VERSION, user_id)
    return version
