"""Whether the master key is the one that this database's secrets were sealed under.

A newcomer would find out at the first call that is opened. By then new tenants may have been made under the
wrong key, and then no key opens all of them.
"""

import asyncpg

from aidial_api.kernel.connections import DatabaseUnavailable
from aidial_api.kernel.crypto import MasterKey
from aidial_api.kernel.roles import DatabaseRefused
from aidial_api.kernel.transaction import Tx

_KNOWN = "SELECT master_key_id FROM installation"
_FIRST = "INSERT INTO installation (master_key_id) VALUES ($1) ON CONFLICT DO NOTHING"


async def require_master_key(tx: Tx, master: MasterKey) -> None:
    """Raise `DatabaseRefused` for another master key than the first tenant was made under.

    Raises `DatabaseUnavailable` where no migration has been. A database without tenants takes any.
    """
    try:
        known = await tx.fetchval(_KNOWN)
    except asyncpg.UndefinedTableError:
        raise DatabaseUnavailable("it is older than this version; run: aidial db migrate") from None
    if known not in {None, master.key_id}:
        raise DatabaseRefused(
            f"AIDIAL_MASTER_KEY is not the one this database was made with (it is {master.key_id}, that was"
            f" {known}): nothing encrypted could be read. Set that one, or name an empty database"
        )


async def settle_master_key(tx: Tx, master: MasterKey) -> None:
    """The same, and hold on to the key from now on: a tenant is being made under it."""
    await tx.execute(_FIRST, master.key_id)
    await require_master_key(tx, master)
