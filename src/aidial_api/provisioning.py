"""Making organisations, people and keys from outside a request: bootstrap, the demo, tests.

Everything here runs as the owner of the tables, under row-level security like everybody. The one thing a
newcomer would get wrong: ids may be given (the demo's are stable), and everything is idempotent by id.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from aidial_api.kernel import client_settings, entitlements
from aidial_api.kernel.crypto import MasterKey, TenantKeys
from aidial_api.kernel.db import NOTHING, owner_transaction
from aidial_api.kernel.installation import require_master_key, settle_master_key
from aidial_api.kernel.reach import Reach, switch_text
from aidial_api.kernel.transaction import Tx
from aidial_contract.access import CLIENT_ROLES, Role
from aidial_contract.ids import ApiKeyText, new_id, parse_api_key
from aidial_contract.shapes.entitlements import SECTION


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProject:
    """A phone line or agent set-up."""

    project_id: str
    display_name: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A tenant and its projects."""

    client_id: str
    name: str
    timezone: str
    partner_org_id: str | None = None
    web_domain: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    lifecycle: str = "active"
    projects: tuple[NewProject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Someone who signs in. `projects` are (client_id, project_id); None is every project of the client."""

    email: str
    first_name: str
    last_name: str
    role: Role
    user_id: str | None = None
    client_id: str | None = None
    partner_org_id: str | None = None
    projects: tuple[tuple[str, str | None], ...] = ()
    mfa_required: bool = False


class Provisioner:
    """Makes things as the owner of the tables."""

    def __init__(self, owner_url: str, master_key: bytes, issuer: str) -> None:
        self._owner_url = owner_url
        self._issuer = issuer
        self._master = MasterKey(master_key)
        self._keys = TenantKeys(self._master)
        self._together: Tx | None = None

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Whatever is made in it is one transaction: all of it is made, or nothing."""
        async with owner_transaction(self._owner_url, NOTHING) as tx:
            self._together = tx
            try:
                yield
            finally:
                self._together = None

    @asynccontextmanager
    async def _transaction(self, reach: Reach) -> AsyncIterator[Tx]:
        if self._together is None:
            async with owner_transaction(self._owner_url, reach) as tx:
                yield tx
        else:
            await self._together.execute(switch_text(reach))
            yield self._together

    async def require_master_key(self) -> None:
        """Raise `DatabaseRefused` when tenants were made under another master key."""
        async with self._transaction(NOTHING) as tx:
            await require_master_key(tx, self._master)

    async def add_partner(self, partner_org_id: str, name: str) -> None:
        """A partner organisation."""
        async with self._transaction(Reach(partner_org_id=partner_org_id)) as tx:
            await tx.execute(
                "INSERT INTO partner_orgs (partner_org_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                partner_org_id,
                name,
            )

    async def add_client(self, client: NewClient) -> None:
        """A tenant with its data key and projects."""
        reach = Reach((client.client_id,), partner_org_id=client.partner_org_id)
        async with self._transaction(reach) as tx:
            made = await tx.fetchval(
                "INSERT INTO clients (client_id, partner_org_id, name, web_domain, contact_name,"
                " contact_email, timezone, lifecycle) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                " ON CONFLICT DO NOTHING RETURNING client_id",
                client.client_id,
                client.partner_org_id,
                client.name,
                client.web_domain,
                client.contact_name,
                client.contact_email,
                client.timezone,
                client.lifecycle,
            )
            if made is not None:
                await settle_master_key(tx, self._master)
                await self._keys.create(tx, client.client_id)
            for project in client.projects:
                await tx.execute(
                    "INSERT INTO projects (client_id, project_id, display_name, timezone)"
                    " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                    client.client_id,
                    project.project_id,
                    project.display_name,
                    project.timezone,
                )

    async def count_up(self) -> None:
        """Tell the planner of many calls at once: pages are slow until autovacuum would."""
        async with self._transaction(Reach()) as tx:
            await tx.execute("ANALYZE calls, transcripts, caller_tokens, audit_events")

    async def publish_projects(self, client_id: str) -> None:
        """Publish what each project is now as its first version, where nothing was published yet."""
        async with self._transaction(Reach((client_id,))) as tx:
            await tx.execute(
                "INSERT INTO project_versions (client_id, project_id, number, content, published_by)"
                " SELECT client_id, project_id, 1, jsonb_build_object('profile', jsonb_build_object("
                "  'display_name', display_name, 'timezone', timezone)), 'AiDial'"
                " FROM projects p WHERE client_id = $1 AND NOT EXISTS (SELECT FROM project_versions v"
                "  WHERE v.client_id = p.client_id AND v.project_id = p.project_id)",
                client_id,
            )

    async def add_person(self, person: NewPerson) -> str:
        """A person with membership and assignments; gives back the user id."""
        user_id = person.user_id or new_id()
        client_ids = tuple(sorted({client_id for client_id, _ in person.projects}))
        if person.role in CLIENT_ROLES and person.client_id not in client_ids:
            client_ids = tuple(sorted({*client_ids, str(person.client_id)}))
        reach = Reach(client_ids, actor_id=user_id, partner_org_id=person.partner_org_id)
        async with self._transaction(reach) as tx:
            await tx.execute(
                "INSERT INTO memberships (user_id, role, client_id, partner_org_id) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT DO NOTHING",
                user_id,
                str(person.role),
                person.client_id,
                person.partner_org_id,
            )
            # A known person whose provider moved (a demo on another port) is taken along.
            await tx.execute(
                "INSERT INTO users (user_id, issuer, email, first_name, last_name, mfa_required)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id) DO UPDATE"
                " SET issuer = excluded.issuer, subject = NULL WHERE users.issuer <> excluded.issuer",
                user_id,
                self._issuer,
                person.email.lower(),
                person.first_name,
                person.last_name,
                person.mfa_required,
            )
            await _assign(tx, user_id, person.projects)
        return user_id

    async def has_client(self, client_id: str) -> bool:
        """Whether there is a tenant of this id."""
        async with self._transaction(Reach((client_id,))) as tx:
            return bool(await tx.fetchval("SELECT count(*) FROM clients WHERE client_id = $1", client_id))

    async def add_key(
        self,
        client_id: str,
        key_text: str,
        *,
        scope: str,
        description: str,
        expires_at: datetime | None = None,
    ) -> ApiKeyText:
        """Register a key; see the function of the same name."""
        async with self._transaction(Reach((client_id,))) as tx:
            return await _register(tx, client_id, key_text, scope, description, expires_at)


async def add_key(
    owner_url: str,
    client_id: str,
    key_text: str,
    *,
    scope: str,
    description: str,
    expires_at: datetime | None = None,
) -> ApiKeyText:
    """Register a key made by `aidial_contract.ids.new_api_key`; only its hash is stored."""
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        return await _register(tx, client_id, key_text, scope, description, expires_at)


async def _register(
    tx: Tx, client_id: str, key_text: str, scope: str, description: str, expires_at: datetime | None
) -> ApiKeyText:
    parts = parse_api_key(key_text)
    if parts is None:
        raise ValueError("not the text of an API key")
    made = await tx.execute(
        "INSERT INTO api_keys (client_id, api_key_id, secret_sha256, last_four, scope, environment,"
        " description, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        client_id,
        parts.api_key_id,
        hashlib.sha256(parts.secret.encode("ascii")).digest(),
        key_text[-4:],
        scope,
        parts.environment,
        description,
        expires_at,
    )
    if made != "INSERT 0 0":  # otherwise registered at an earlier start
        await _record(tx, client_id, "api_keys.key.created", parts.api_key_id)
    return parts


async def list_keys(owner_url: str, client_id: str) -> list[asyncpg.Record]:
    """A tenant's keys, newest first, without anything secret."""
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        return await tx.fetch(
            "SELECT api_key_id, last_four, scope, environment, description, created_at, expires_at,"
            " last_used_at, revoked_at FROM api_keys WHERE client_id = $1"
            " ORDER BY created_at DESC, api_key_id",
            client_id,
        )


async def revoke_key(owner_url: str, client_id: str, api_key_id: str, reason: str) -> bool:
    """Revoke a key at once; False when the tenant has no such active key."""
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        done = await tx.execute(
            "UPDATE api_keys SET revoked_at = now(), revoked_reason = $3"
            " WHERE client_id = $1 AND api_key_id = $2 AND revoked_at IS NULL",
            client_id,
            api_key_id,
            reason or None,
        )
        if done == "UPDATE 0":
            return False
        await _record(tx, client_id, "api_keys.key.revoked", api_key_id, why=reason or None)
        return True


async def lift_allowlist(owner_url: str, client_id: str, reason: str) -> bool:
    """Turn a tenant's address allowlist off, its networks kept; False when it was not on."""
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        done = await tx.execute(
            "UPDATE client_settings SET value = jsonb_set(value, '{enabled}', 'false'),"
            " version = version + 1, changed_at = now(), changed_by = 'AiDial'"
            " WHERE client_id = $1 AND section = 'ip-allowlist'"
            " AND value -> 'enabled' = 'true'",
            client_id,
        )
        if done == "UPDATE 0":
            return False
        await _record(
            tx,
            client_id,
            "settings.ip_allowlist.updated",
            "ip-allowlist",
            why=reason or None,
            kind="settings",
        )
        return True


async def set_entitlement(owner_url: str, client_id: str, name: str, *, included: bool) -> bool:
    """Put something into a tenant's plan, or take it out; False when there is no such tenant."""
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        while True:  # whoever saves in between counts first
            row = await client_settings.find(tx, client_id, (client_id,), SECTION)
            if row is None:
                return False
            former = entitlements.read(row["value"])
            value = msgspec.structs.replace(former, **{name: included})
            before, after = (msgspec.json.encode(one).decode() for one in (former, value))
            is_first = row["value"] is None
            if await client_settings.save(
                tx, client_id, SECTION, after, row["version"], "AiDial", before=before if is_first else None
            ):
                break
        await tx.execute(
            "INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind,"
            " target_id, technical) VALUES ($1, $2, 'system', 'command line',"
            " 'entitlements.entitlement.updated', 'settings', $3, $4::jsonb)",
            new_id(),
            client_id,
            SECTION,
            msgspec.json.encode({"changed": {name: [getattr(former, name), included]}}).decode(),
        )
        return True


async def set_sms_codes(
    owner_url: str, *, client_id: str | None = None, partner_org_id: str | None = None, allowed: bool
) -> bool:
    """Let people of a client or a partner use codes by SMS, or no longer; False when there is no such."""
    reach = Reach((client_id,) if client_id else (), partner_org_id=partner_org_id)
    table, column = ("clients", "client_id") if client_id else ("partner_orgs", "partner_org_id")
    async with owner_transaction(owner_url, reach) as tx:
        done = await tx.execute(
            f"UPDATE {table} SET sms_otp = $2 WHERE {column} = $1",
            client_id or partner_org_id,
            allowed,
        )
        if done == "UPDATE 0":
            return False
        await tx.execute(
            "INSERT INTO audit_events (event_id, client_id, partner_org_id, actor_kind, actor_label, action,"
            " target_kind, target_id) VALUES ($1, $2, $3, 'system', 'command line', $4, 'organisation', $5)",
            new_id(),
            client_id,
            partner_org_id,
            "entitlements.sms_codes.updated",
            client_id or partner_org_id,
        )
        return True


async def _record(
    tx: Tx, client_id: str, action: str, target_id: str, why: str | None = None, kind: str = "api_key"
) -> None:
    await tx.execute(
        "INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind,"
        " target_id, why) VALUES ($1, $2, 'system', 'command line', $3, $6, $4, $5)",
        new_id(),
        client_id,
        action,
        target_id,
        why,
        kind,
    )


async def _assign(tx: Tx, user_id: str, projects: Iterable[tuple[str, str | None]]) -> None:
    for client_id, project_id in projects:
        await tx.execute(
            "INSERT INTO assignments (client_id, user_id, project_id) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING",
            client_id,
            user_id,
            project_id,
        )
