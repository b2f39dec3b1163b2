"""Registering programs that come with a bearer of the issuer instead of a key: `aidial service-accounts`.

The one thing a newcomer would get wrong: nothing secret is made or kept here. The issuer knows the program
and its secret; this says only which tenant it acts for, and how much it may do.
"""

from __future__ import annotations

import asyncpg

from aidial_api.kernel.db import owner_transaction
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.transaction import Tx
from aidial_contract.ids import new_id


async def add_service_account(
    owner_url: str, client_id: str, *, issuer: str, subject: str, name: str, scope: str
) -> str | None:
    """Register a subject of the issuer for a tenant; its id, or None when the tenant has it already."""
    account_id = new_id()
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        made = await tx.execute(
            "INSERT INTO service_accounts (client_id, service_account_id, issuer, subject, name, scope)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            client_id,
            account_id,
            issuer,
            subject,
            name,
            scope,
        )
        if made == "INSERT 0 0":
            return None
        await _record(tx, client_id, "service_accounts.account.registered", account_id)
    return account_id


async def list_service_accounts(owner_url: str, client_id: str) -> list[asyncpg.Record]:
    """A tenant's service accounts, newest first."""
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        return await tx.fetch(
            "SELECT service_account_id, subject, name, scope, created_at, revoked_at FROM service_accounts"
            " WHERE client_id = $1 ORDER BY created_at DESC, service_account_id",
            client_id,
        )


async def revoke_service_account(owner_url: str, client_id: str, account_id: str, reason: str) -> bool:
    """Revoke at once; False when the tenant has no such account in use."""
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        done = await tx.execute(
            "UPDATE service_accounts SET revoked_at = now(), revoked_reason = $3"
            " WHERE client_id = $1 AND service_account_id = $2 AND revoked_at IS NULL",
            client_id,
            account_id,
            reason or None,
        )
        if done == "UPDATE 0":
            return False
        await _record(tx, client_id, "service_accounts.account.revoked", account_id, why=reason or None)
        return True


async def _record(tx: Tx, client_id: str, action: str, account_id: str, why: str | None = None) -> None:
    await tx.execute(
        "INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind,"
        " target_id, why) VALUES ($1, $2, 'system', 'command line', $3, 'service_account', $4, $5)",
        new_id(),
        client_id,
        action,
        account_id,
        why,
    )
