"""One row in every tenant table for a tenant, written as the application writes: under its own reach."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uuid_utils

from aidial_api.kernel.call_counts import MEASURES, NAMES
from aidial_api.kernel.crypto import MasterKey, TenantKeys
from aidial_api.kernel.db import Reach

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database, Tx

MASTER = MasterKey(bytes(range(32)))
ISSUER = "https://issuer.example"
START = dt.datetime(2026, 7, 1, 9, 30, tzinfo=dt.UTC)


def new_id() -> str:
    return str(uuid_utils.uuid7())


@dataclass(frozen=True, slots=True)
class Tenant:
    client_id: str
    partner_org_id: str
    project_id: str
    user_id: str
    email: str
    session_id: str
    api_key_id: str
    call_id: str

    @property
    def reach(self) -> Reach:
        return Reach(client_ids=(self.client_id,))

    @property
    def whole_reach(self) -> Reach:
        return Reach((self.client_id,), self.user_id, self.partner_org_id)


async def make_tenant(db: Database, name: str) -> Tenant:
    suffix = secrets.token_hex(4)
    tenant = Tenant(
        client_id=f"{name}-{suffix}",
        partner_org_id=f"{name}-partner-{suffix}",
        project_id=new_id(),
        user_id=new_id(),
        email=f"alice@{name}-{suffix}.example",
        session_id=new_id(),
        api_key_id=secrets.token_hex(11),
        call_id=new_id(),
    )
    async with db.transaction(tenant.whole_reach) as tx:
        await _organisation(tx, tenant)
        await _person(tx, tenant)
        await _credentials(tx, tenant)
        await _books(tx, tenant)
        await add_call(tx, tenant, tenant.call_id, START)
        await _counts(tx, tenant)
        await _ticket(tx, tenant)
        await _unlock(tx, tenant)
        await _governance(tx, tenant)
        await _delivery(tx, tenant)
        await _report(tx, tenant)
        await _export(tx, tenant)
        await _deletion(tx, tenant)
    return tenant


async def _organisation(tx: Tx, tenant: Tenant) -> None:
    await tx.execute(
        "INSERT INTO partner_orgs (partner_org_id, name) VALUES ($1, 'P')", tenant.partner_org_id
    )
    await tx.execute(
        "INSERT INTO clients (client_id, partner_org_id, name, lifecycle) VALUES ($1, $2, 'C', 'active')",
        tenant.client_id,
        tenant.partner_org_id,
    )
    await TenantKeys(MASTER).create(tx, tenant.client_id)
    await tx.execute(
        "INSERT INTO projects (client_id, project_id, display_name, timezone)"
        " VALUES ($1, $2, 'Front desk', 'Australia/Perth')",
        tenant.client_id,
        tenant.project_id,
    )
    for table, columns, values in (
        ("project_drafts", "section, version, value", "'profile', 2, '{}'"),
        ("project_versions", "number, content", "1, '{}'"),
        ("project_settings", "section, value, version", "'call-limits', '{}', 2"),
        ("project_settings_history", "section, value, version, changed_at", "'call-limits', '{}', 2, now()"),
        ("project_terms", "kind, code, label, place", "'outcome', 'booked', 'Booked', 0"),
    ):
        await tx.execute(
            f"INSERT INTO {table} (client_id, project_id, {columns}) VALUES ($1, $2, {values})",
            tenant.client_id,
            tenant.project_id,
        )


async def _person(tx: Tx, tenant: Tenant) -> None:
    await tx.execute(
        "INSERT INTO memberships (user_id, role, client_id) VALUES ($1, 'client_admin', $2)",
        tenant.user_id,
        tenant.client_id,
    )
    await tx.execute(
        "INSERT INTO users (user_id, issuer, email) VALUES ($1, $2, $3)", tenant.user_id, ISSUER, tenant.email
    )
    await tx.execute(
        "INSERT INTO assignments (client_id, user_id) VALUES ($1, $2)", tenant.client_id, tenant.user_id
    )
    await tx.execute(
        "INSERT INTO call_views (client_id, user_id, version, views) VALUES ($1, $2, 2, '[]')",
        tenant.client_id,
        tenant.user_id,
    )


async def _credentials(tx: Tx, tenant: Tenant) -> None:
    await tx.execute(
        "INSERT INTO sessions (session_id, user_id, issuer, subject, idle_expires_at, absolute_expires_at)"
        " VALUES ($1, $2, $3, 's', now() + interval '30 min', now() + interval '12 h')",
        tenant.session_id,
        tenant.user_id,
        ISSUER,
    )
    await tx.execute(
        "INSERT INTO api_keys (client_id, api_key_id, secret_sha256, last_four, scope, environment)"
        " VALUES ($1, $2, $3, 'abcd', 'read', 'live')",
        tenant.client_id,
        tenant.api_key_id,
        bytes(32),
    )
    await tx.execute(
        "INSERT INTO audit_events (event_id, client_id, actor_kind, action)"
        " VALUES ($1, $2, 'system', 'api.tenant.create')",
        new_id(),
        tenant.client_id,
    )
    await tx.execute(
        "INSERT INTO idempotency_records (client_id, actor_id, name, request, answer)"
        " VALUES ($1, $2, $3, $3, $3)",
        tenant.client_id,
        tenant.api_key_id,
        bytes(32),
    )


async def _ticket(tx: Tx, tenant: Tenant) -> None:
    ticket_id = new_id()
    await tx.execute(
        "INSERT INTO tickets (client_id, ticket_id, project_id, priority, category, subject, body,"
        " created_by, created_by_name, created_by_side, recipients)"
        " VALUES ($1, $2, $3, 'low', 'general', 'S', $4, $5, 'Alice', 'customer', '{alice}')",
        tenant.client_id,
        ticket_id,
        tenant.project_id,
        bytes(32),
        tenant.user_id,
    )
    await tx.execute(
        "INSERT INTO ticket_comments (client_id, ticket_id, comment_id, author, author_name, author_side,"
        " body) VALUES ($1, $2, $3, $4, 'Alice', 'customer', $5)",
        tenant.client_id,
        ticket_id,
        new_id(),
        tenant.user_id,
        bytes(32),
    )


async def _unlock(tx: Tx, tenant: Tenant) -> None:
    await tx.execute(
        "INSERT INTO pii_unlocks (client_id, unlock_id, call_id, project_id, artefact, reason_code, words,"
        " state, requested_by, requested_by_name, requested_at, expires_at)"
        " VALUES ($1, $2, $3, $4, 'transcript', 'other', $5, 'active', $6, 'Alice', now(), now())",
        tenant.client_id,
        new_id(),
        tenant.call_id,
        tenant.project_id,
        bytes(32),
        tenant.user_id,
    )


async def _governance(tx: Tx, tenant: Tenant) -> None:
    await tx.execute(
        "INSERT INTO client_settings (client_id, section, value, version)"
        " VALUES ($1, 'session-policy', '{}', 2)",
        tenant.client_id,
    )
    await tx.execute(
        "INSERT INTO legal_holds (client_id, hold_id, kind, reason) VALUES ($1, $2, 'tenant', 'R')",
        tenant.client_id,
        new_id(),
    )
    await tx.execute(
        "INSERT INTO retention_receipts (client_id, receipt_id, run_id, category, policy_version, days,"
        " before, manifest) VALUES ($1, $2, $2, 'transcripts', 2, 30, now(), $3)",
        tenant.client_id,
        new_id(),
        bytes(32),
    )


async def _delivery(tx: Tx, tenant: Tenant) -> None:
    await tx.execute(
        "INSERT INTO deliveries (client_id, delivery_id, project_id, kind, channel, about_id, mask,"
        " recipient, recipient_mark, recipient_shown)"
        " VALUES ($1, $2, $3, 'call_transcript', 'email', $4, true, $5, $5, 'a...@harbour.example')",
        tenant.client_id,
        new_id(),
        tenant.project_id,
        tenant.call_id,
        bytes(32),
    )


async def _report(tx: Tx, tenant: Tenant) -> None:
    await tx.execute(
        "INSERT INTO monthly_reports (client_id, report_id, month, timezone, starts_at, ends_at, project_ids,"
        " figures) VALUES ($1, $2, '2026-06', 'UTC', '2026-06-01', '2026-07-01', '{}', '{}')",
        tenant.client_id,
        new_id(),
    )


async def _export(tx: Tx, tenant: Tenant) -> None:
    await tx.execute(
        "INSERT INTO account_exports (client_id, job_id, requested_by, requested_by_name, project_ids,"
        " categories, kept_days, requested_at) VALUES ($1, $2, $3, 'Alice', '{}', '{users}', 7, now())",
        tenant.client_id,
        new_id(),
        tenant.user_id,
    )


async def _deletion(tx: Tx, tenant: Tenant) -> None:
    request_id = new_id()
    await tx.execute(
        "INSERT INTO data_deletions (client_id, request_id, categories, justification, requested_by,"
        " requested_by_name, requested_at) VALUES ($1, $2, '{transcripts}', 'Why', $3, 'Alice', now())",
        tenant.client_id,
        request_id,
        tenant.user_id,
    )
    await tx.execute(
        "INSERT INTO data_deletion_steps (client_id, request_id, number, state, at)"
        " VALUES ($1, $2, 1, 'submitted', now())",
        tenant.client_id,
        request_id,
    )
    await tx.execute(
        "INSERT INTO deletion_receipts (client_id, receipt_id, request_id, category, policy_version, since,"
        " until, manifest) VALUES ($1, $2, $3, 'transcripts', 1, now(), now(), $4)",
        tenant.client_id,
        new_id(),
        request_id,
        bytes(32),
    )


async def _books(tx: Tx, tenant: Tenant) -> None:
    invoice_id = new_id()
    await tx.execute(
        "INSERT INTO invoices (client_id, invoice_id, number, period, status, issued_at, due_at, billed_to,"
        " subtotal_minor, tax_minor, total_minor, currency)"
        " VALUES ($1, $2, 'N-1', '2026-06', 'open', now(), now(), 'C', 100, 10, 110, 'AUD')",
        tenant.client_id,
        invoice_id,
    )
    await tx.execute(
        "INSERT INTO invoice_lines (client_id, invoice_id, position, description, quantity, amount_minor)"
        " VALUES ($1, $2, 1, 'Fee', 1, 100)",
        tenant.client_id,
        invoice_id,
    )
    await tx.execute(
        "INSERT INTO billing_usage_seen (client_id, as_of, usage) VALUES ($1, now(), '{}')", tenant.client_id
    )
    await tx.execute(
        "INSERT INTO billing_recipients (client_id, version, addresses) VALUES ($1, 2, $2)",
        tenant.client_id,
        bytes(32),
    )


async def _counts(tx: Tx, tenant: Tenant) -> None:
    """Of a day without calls, long ago."""
    long_ago = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
    await tx.execute(
        f"INSERT INTO call_counts (client_id, project_id, minutes, starts_at, {NAMES})"
        f" VALUES ($1, $2, 15, $3, {', '.join('0' for _ in MEASURES)})",
        tenant.client_id,
        tenant.project_id,
        long_ago,
    )
    await tx.execute(
        "INSERT INTO call_counts_by_key (client_id, project_id, kind, minutes, starts_at, key, calls)"
        " VALUES ($1, $2, 'outcome', 60, $3, 'booked', 0)",
        tenant.client_id,
        tenant.project_id,
        long_ago,
    )
    await tx.execute(
        "INSERT INTO forgotten_counts (client_id, since, until) VALUES ($1, $2, $3)",
        tenant.client_id,
        long_ago,
        long_ago + dt.timedelta(days=1),
    )


async def add_call(tx: Tx, tenant: Tenant, call_id: str, started_at: dt.datetime) -> None:
    await tx.execute(
        "INSERT INTO calls (client_id, call_id, project_id, external_id, fingerprint, channel, direction,"
        " status, started_at, ended_at) VALUES ($1, $2, $3, $4, $5, 'voice', 'inbound', 'completed', $6, $6)",
        tenant.client_id,
        call_id,
        tenant.project_id,
        call_id,
        bytes(32),
        started_at,
    )
    await tx.execute(
        "INSERT INTO transcripts (client_id, call_id) VALUES ($1, $2)", tenant.client_id, call_id
    )
    await tx.execute(
        "INSERT INTO caller_tokens (client_id, token, started_at, call_id, project_id)"
        " VALUES ($1, $2, $3, $4, $5)",
        tenant.client_id,
        bytes(16),
        started_at,
        call_id,
        tenant.project_id,
    )
