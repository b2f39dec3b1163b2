"""What the catalogue of a migrated database says: walls on every table, and no door but the named ones."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy import make_url

from aidial_api.kernel.db import NOTHING, Database, DatabaseRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aidial.postgres import PostgresUrls

    Catalogue = asyncpg.Connection[asyncpg.Record]

# Where the migrations' own bookkeeping is not a tenant's.
BOOKKEEPING = {"alembic_version", "installation"}
READ, ADD, CHANGE, REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"
GRANTED = {
    "alembic_version": {READ},
    "installation": {READ, ADD},
    "partner_orgs": {READ, ADD, CHANGE},
    "clients": {READ, ADD, CHANGE},
    "client_keys": {READ, ADD},
    "projects": {READ, ADD, CHANGE},
    "users": {READ, ADD, CHANGE},
    "memberships": {READ, ADD, CHANGE},
    "assignments": {READ, ADD, REMOVE},
    "sessions": {READ, ADD, CHANGE},
    "api_keys": {READ, ADD, CHANGE},
    "calls": {READ, ADD, CHANGE},
    "transcripts": {READ, ADD, CHANGE},
    "caller_tokens": {READ, ADD, REMOVE},
    "callers_without_endings": {READ, CHANGE, REMOVE},
    "call_count_changes": {READ, ADD, REMOVE},
    "call_counts": {READ, ADD, CHANGE, REMOVE},
    "call_counts_by_key": {READ, ADD, CHANGE, REMOVE},
    "forgotten_counts": {READ, ADD, REMOVE},
    "call_views": {READ, ADD, CHANGE},
    "audit_events": {READ, ADD},
    "audit_unsealed": {READ, ADD, REMOVE},
    "audit_seals": {READ, ADD},
    "audit_chains": {READ, ADD, CHANGE},
    "client_settings": {READ, ADD, CHANGE},
    "client_settings_history": {READ, ADD},
    "pii_unlocks": {READ, ADD, CHANGE},
    "account_exports": {READ, ADD, CHANGE},
    "data_deletions": {READ, ADD, CHANGE},
    "data_deletion_steps": {READ, ADD},
    "deletion_receipts": {READ, ADD, CHANGE},
    "legal_holds": {READ, ADD, CHANGE},
    "retention_receipts": {READ, ADD, CHANGE},
    "incidents": {READ, ADD, CHANGE},
    "incident_updates": {READ, ADD},
    "deliveries": {READ, ADD, CHANGE, REMOVE},
    "monthly_reports": {READ, ADD, CHANGE},
    "tickets": {READ, ADD, CHANGE},
    "ticket_comments": {READ, ADD},
    "recordings": {READ, ADD, CHANGE},
    "recording_grants": {READ, ADD, CHANGE, REMOVE},
    "idempotency_records": {READ, ADD, CHANGE, REMOVE},
    "project_drafts": {READ, ADD, CHANGE},
    "project_versions": {READ, ADD},
    "project_terms": {READ, ADD, REMOVE},
    "project_settings": {READ, ADD, CHANGE},
    "project_settings_history": {READ, ADD},
    "billing_accounts": {READ},
    "billing_changes": {READ, ADD},
    "invoices": {READ, ADD},
    "invoice_lines": {READ, ADD},
    "billing_usage_seen": {READ, ADD, CHANGE},
    "billing_recipients": {READ, ADD, CHANGE},
}
LOOKED_UP = {
    "api_keys",
    "assignments",
    "calls",
    "client_settings",
    "clients",
    "memberships",
    "partner_orgs",
    "projects",
    "service_accounts",
    "sessions",
    "users",
}


@pytest.fixture
async def catalogue(database_urls: PostgresUrls) -> AsyncIterator[Catalogue]:
    connection = await asyncpg.connect(database_urls.superuser_url)
    yield connection
    await connection.close()


async def test_every_table_forces_row_level_security_on_a_role_that_does_not_own_it(
    catalogue: Catalogue,
) -> None:
    tables = await catalogue.fetch(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner) AS owner,"
        " (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies"
        " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    )
    walled = {
        t["relname"] for t in tables if t["relrowsecurity"] and t["relforcerowsecurity"] and t["policies"]
    }
    assert {t["relname"] for t in tables} - walled == BOOKKEEPING
    assert {t["owner"] for t in tables} == {"aidial_owner"}


async def test_every_policy_asks_a_setting_or_is_for_the_look_ups(
    catalogue: Catalogue,
) -> None:
    policies = await catalogue.fetch(
        "SELECT tablename, policyname, roles, coalesce(qual, '') || coalesce(with_check, '') AS rule"
        " FROM pg_policies WHERE schemaname = 'public'"
    )
    for policy in policies:
        rule, roles = policy["rule"], set(policy["roles"])
        if roles == {"aidial_lookup"}:
            assert policy["tablename"] in LOOKED_UP
        elif roles == {"aidial_owner"}:
            assert "client_id IS NULL" in rule or "current_setting('app.client_ids'" in rule, policy
        else:
            through = "memberships" in rule or "clients" in rule or "incidents" in rule
            assert "SELECT" in rule, policy
            assert "current_setting('app." in rule or through, policy


async def test_only_the_four_look_ups_and_the_search_run_with_rights_of_another(
    catalogue: Catalogue,
) -> None:
    functions = await catalogue.fetch(
        "SELECT p.proname, pg_get_userbyid(p.proowner) AS owner, p.proconfig, p.provolatile::text AS volatile"
        " FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef"
    )
    assert {f["proname"] for f in functions} == {
        "lookup_api_key",
        "lookup_service_account",
        "lookup_session",
        "lookup_user",
        "search_calls",
    }
    for function in functions:
        assert function["owner"] == "aidial_lookup"
        assert function["proconfig"][0] == "search_path=pg_catalog, pg_temp"
        assert function["volatile"] == "s"  # a look-up cannot write
    anybody = await catalogue.fetch(
        "SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
        " WHERE p.pronamespace = 'public'::regnamespace AND a.grantee = 0"
        " AND p.proowner IN ('aidial_owner'::regrole, 'aidial_lookup'::regrole)"
    )
    assert anybody == []


async def test_the_application_holds_exactly_the_listed_rights(
    catalogue: Catalogue,
) -> None:
    held: dict[str, dict[str, set[str]]] = {}
    rows = await catalogue.fetch(
        "SELECT c.relname, a.privilege_type,"
        " coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public') AS grantee"
        " FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner"
    )
    for row in rows:
        held.setdefault(row["grantee"], {}).setdefault(row["relname"], set()).add(row["privilege_type"])
    assert held == {"aidial_app": GRANTED, "aidial_lookup": {table: {READ} for table in LOOKED_UP}}
    columns = await catalogue.fetchval(
        "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND a.attacl IS NOT NULL"
    )
    assert columns == 0


async def test_roles_cannot_step_over_the_wall(catalogue: Catalogue) -> None:
    roles = await catalogue.fetch(
        "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname LIKE 'aidial%'"
    )
    assert {r["rolname"] for r in roles} >= {"aidial_app", "aidial_lookup"}
    assert not any(r["rolsuper"] or r["rolbypassrls"] for r in roles)
    assert not any(r["rolcanlogin"] for r in roles if r["rolname"] == "aidial_lookup")
    may_create = await catalogue.fetchval("SELECT has_schema_privilege('aidial_lookup', 'public', 'CREATE')")
    assert not may_create


async def test_filter_columns_are_text_and_unique_keys_of_tenants_lead_with_the_tenant(
    catalogue: Catalogue,
) -> None:
    # The queue's own types (schema jobs) are no filter under a policy: its tables have none.
    enums = await catalogue.fetchval(
        "SELECT count(*) FROM pg_type WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace"
    )
    assert enums == 0
    keys = await catalogue.fetch(
        "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
        " JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'client_id' AND t.attnotnull"
        " WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique"
    )
    assert {(k["relname"], k["attname"]) for k in keys if k["attname"] != "client_id"} == set()


@pytest.mark.parametrize(
    ("right", "complaint"),
    [
        ("ALTER ROLE {role} BYPASSRLS", "has BYPASSRLS"),
        ("GRANT aidial_lookup TO {role}", "is a member of aidial_lookup"),
        ("ALTER TABLE alembic_version OWNER TO {role}", "owns tables"),
    ],
)
async def test_the_api_refuses_a_role_that_row_level_security_would_not_bind(
    catalogue: Catalogue, database_urls: PostgresUrls, right: str, complaint: str
) -> None:
    role = f"someone_{secrets.token_hex(4)}"
    await catalogue.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'word'")
    await catalogue.execute(f"GRANT CONNECT ON DATABASE {database_name(database_urls)} TO {role}")
    await catalogue.execute(right.format(role=role))
    try:
        with pytest.raises(DatabaseRefused, match=complaint):
            await Database.connect(as_user(database_urls.superuser_url, role))
    finally:
        await catalogue.execute("ALTER TABLE alembic_version OWNER TO aidial_owner")
        await catalogue.execute(f"DROP OWNED BY {role}")
        await catalogue.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize("user", ["superuser_url", "owner_url"])
async def test_a_mightier_url_is_used_as_the_application_role(database_urls: PostgresUrls, user: str) -> None:
    database = await Database.connect(getattr(database_urls, user), min_size=1, max_size=1)
    try:
        async with database.transaction(NOTHING) as tx:
            assert await tx.fetchval("SELECT current_user::text") == "aidial_app"
    finally:
        await database.close()


def as_user(url: str, user: str) -> str:
    return make_url(url).set(username=user, password="word").render_as_string(hide_password=False)


def database_name(urls: PostgresUrls) -> str:
    return str(make_url(urls.app_url).database)
