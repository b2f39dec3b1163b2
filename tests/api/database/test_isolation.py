"""Whatever a query forgets to ask for, a tenant sees its own rows and can write no other's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from aidial_api.kernel.db import NOTHING, Database, Reach, owner_transaction
from tests.api.database.rows import ISSUER, START, Tenant, add_call, new_id

if TYPE_CHECKING:
    from aidial.postgres import PostgresUrls

OF_A_TENANT = [
    "clients",
    "client_keys",
    "projects",
    "memberships",
    "assignments",
    "api_keys",
    "calls",
    "transcripts",
    "caller_tokens",
    "call_counts",
    "call_counts_by_key",
    "forgotten_counts",
    "audit_events",
    "idempotency_records",
    "tickets",
    "ticket_comments",
    "invoices",
    "invoice_lines",
    "billing_usage_seen",
    "billing_recipients",
    "deliveries",
    "monthly_reports",
]
OF_PEOPLE = ["users", "sessions"]


@pytest.mark.parametrize("table", OF_A_TENANT)
async def test_mallory_asking_for_everything_gets_only_her_own_tenants_rows(
    db: Database, harbour: Tenant, northside: Tenant, table: str
) -> None:
    async with db.transaction(northside.reach) as tx:
        seen = {row[0] for row in await tx.fetch(f"SELECT client_id FROM {table}")}
    assert seen == {northside.client_id}
    assert harbour.client_id not in seen


@pytest.mark.parametrize("table", OF_PEOPLE)
async def test_a_tenant_sees_its_own_people_and_their_sessions_only(
    db: Database, harbour: Tenant, northside: Tenant, table: str
) -> None:
    async with db.transaction(northside.reach) as tx:
        assert {str(row[0]) for row in await tx.fetch(f"SELECT user_id FROM {table}")} == {northside.user_id}
    async with db.transaction(Reach(actor_id=harbour.user_id)) as tx:
        assert {str(row[0]) for row in await tx.fetch(f"SELECT user_id FROM {table}")} == {harbour.user_id}


@pytest.mark.parametrize("table", [*OF_A_TENANT, *OF_PEOPLE, "partner_orgs"])
async def test_no_reach_sees_nothing(db: Database, harbour: Tenant, table: str) -> None:
    async with db.transaction(NOTHING) as tx:
        assert await tx.fetchval(f"SELECT count(*) FROM {table}") == 0
    async with db.transaction(NOTHING) as tx:
        await tx.execute("SET LOCAL app.client_ids = ''")
        await tx.execute("SET LOCAL app.actor_id = ''")
        await tx.execute("SET LOCAL app.partner_org_id = ''")
        assert await tx.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_operations_see_who_there_is_and_nothing_of_a_tenants_own(
    db: Database, harbour: Tenant, northside: Tenant
) -> None:
    # Of messages and tickets they see that there are some; what they say is sealed, or redacted.
    inside = set(OF_A_TENANT) - {"clients", "projects", "memberships", "deliveries", "tickets"}
    async with db.transaction(Reach(actor_id=new_id(), operations=True)) as tx:
        for table in ("clients", "projects", "deliveries", "tickets"):
            seen = {row[0] for row in await tx.fetch(f"SELECT client_id FROM {table}")}
            assert seen >= {harbour.client_id, northside.client_id}
        for table in OF_PEOPLE:
            seen = {str(row[0]) for row in await tx.fetch(f"SELECT user_id FROM {table}")}
            assert seen >= {harbour.user_id, northside.user_id}
        for table in sorted(inside):
            assert await tx.fetchval(f"SELECT count(*) FROM {table}") == 0
        for table in ("clients", "projects", "memberships"):
            assert await tx.execute(f"UPDATE {table} SET version = version") == "UPDATE 0"
        assert await tx.execute("UPDATE deliveries SET attempts = attempts") == "UPDATE 0"
        assert await tx.execute("UPDATE tickets SET version = version") == "UPDATE 0"


async def test_an_incident_is_seen_by_whom_it_concerns(
    db: Database, harbour: Tenant, northside: Tenant
) -> None:
    made = {"harbour's": new_id(), "everybody's": new_id()}
    operations = Reach(actor_id=new_id(), operations=True)
    async with db.transaction(operations) as tx:
        for whose, incident_id in made.items():
            concerned = ([harbour.client_id], [harbour.project_id]) if whose == "harbour's" else ([], [])
            await tx.execute(
                "INSERT INTO incidents (incident_id, severity, state, title, client_ids, project_ids)"
                " VALUES ($1, 'minor', 'investigating', 'T', $2, $3)",
                incident_id,
                *concerned,
            )
            await tx.execute(
                "INSERT INTO incident_updates (incident_id, update_id, state)"
                " VALUES ($1, $2, 'investigating')",
                incident_id,
                new_id(),
            )

    async def seen(reach: Reach) -> list[str]:
        async with db.transaction(reach) as tx:
            ids = list(made.values())
            query = "SELECT incident_id FROM {} WHERE incident_id = any($1::uuid[])"
            both = [await tx.fetch(query.format(one), ids) for one in ("incidents", "incident_updates")]
        assert set(both[0]) == set(both[1])
        return sorted(whose for whose, one in made.items() if one in {str(row[0]) for row in both[0]})

    assert await seen(harbour.reach) == ["everybody's", "harbour's"]
    assert await seen(northside.reach) == ["everybody's"]
    assert await seen(Reach(actor_id=northside.user_id)) == ["everybody's"]
    assert await seen(operations) == ["everybody's", "harbour's"]
    assert await seen(NOTHING) == []
    async with db.transaction(harbour.whole_reach) as tx:
        assert await tx.execute("UPDATE incidents SET title = 'x'") == "UPDATE 0"


async def test_an_owner_without_a_reach_sees_no_calls(database_urls: PostgresUrls, harbour: Tenant) -> None:
    async with owner_transaction(database_urls.owner_url, NOTHING) as tx:
        for table in ("calls", "transcripts", "caller_tokens", "client_keys", "audit_events"):
            assert await tx.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_call_for_a_rival_is_refused(db: Database, harbour: Tenant, northside: Tenant) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.transaction(northside.reach) as tx:
            await add_call(tx, harbour, new_id(), START)


async def test_a_call_cannot_point_at_a_rivals_project(
    db: Database, harbour: Tenant, northside: Tenant
) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with db.transaction(northside.reach) as tx:
            await tx.execute(
                "INSERT INTO calls (client_id, call_id, project_id, external_id, fingerprint, channel,"
                " direction, status, started_at, ended_at)"
                " VALUES ($1, $2, $3, 'x', '', 'voice', 'inbound', 'completed', now(), now())",
                northside.client_id,
                new_id(),
                harbour.project_id,
            )


@pytest.mark.parametrize(
    "table", ["clients", "projects", "api_keys", "calls", "memberships", "users", "sessions"]
)
async def test_a_change_without_a_filter_changes_no_rivals_row(
    db: Database, harbour: Tenant, northside: Tenant, table: str
) -> None:
    column = {"users": "language", "sessions": "revoked_reason", "api_keys": "description"}.get(
        table, "version"
    )
    value = "version" if column == "version" else "'changed'"
    async with db.transaction(northside.reach) as tx:
        tag = await tx.execute(f"UPDATE {table} SET {column} = {value}")
    assert tag == "UPDATE 1"


async def test_a_row_cannot_be_moved_to_a_rival(db: Database, harbour: Tenant, northside: Tenant) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.transaction(northside.reach) as tx:
            await tx.execute("UPDATE api_keys SET client_id = $1", harbour.client_id)


@pytest.mark.parametrize(
    "verb", ["UPDATE audit_events SET why = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"]
)
async def test_audit_events_are_only_ever_added(db: Database, harbour: Tenant, verb: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.transaction(harbour.whole_reach) as tx:
            await tx.execute(verb)


async def test_nobody_gives_themselves_a_role(db: Database, harbour: Tenant, northside: Tenant) -> None:
    actor = Reach(actor_id=northside.user_id)
    for role, client_id in (("client_admin", harbour.client_id), ("aidial_admin", None)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.transaction(actor) as tx:
                await tx.execute(
                    "INSERT INTO memberships (user_id, role, client_id) VALUES ($1, $2, $3)",
                    northside.user_id,
                    role,
                    client_id,
                )
    async with db.transaction(actor) as tx:
        assert await tx.execute("UPDATE memberships SET role = 'client_staff'") == "UPDATE 0"


@pytest.mark.parametrize(
    ("role", "with_client", "with_partner"),
    [
        ("client_admin", False, True),
        ("partner_admin", True, False),
        ("aidial_admin", True, False),
        ("root", True, False),
    ],
)
async def test_a_role_that_does_not_fit_its_scope_is_refused(
    db: Database, harbour: Tenant, role: str, *, with_client: bool, with_partner: bool
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with db.transaction(harbour.whole_reach) as tx:
            await tx.execute(
                "INSERT INTO memberships (user_id, role, client_id, partner_org_id) VALUES ($1, $2, $3, $4)",
                harbour.user_id,
                role,
                harbour.client_id if with_client else None,
                harbour.partner_org_id if with_partner else None,
            )


async def test_only_the_owner_makes_internal_people(database_urls: PostgresUrls, db: Database) -> None:
    ada = new_id()
    async with owner_transaction(database_urls.owner_url, Reach(actor_id=ada)) as tx:
        await tx.execute("INSERT INTO memberships (user_id, role) VALUES ($1, 'aidial_admin')", ada)
        await tx.execute(
            "INSERT INTO users (user_id, issuer, email) VALUES ($1, $2, $3)", ada, ISSUER, f"{ada}@x"
        )
    found = await db.lookup("lookup_user", ISSUER, "nobody", f"{ada}@X")
    assert found is not None
    assert found["mfa_required"] is True
    assert found["reach"] == "[]"


async def test_a_partner_sees_the_clients_of_its_organisation_and_writes_none_of_their_calls(
    db: Database, harbour: Tenant, northside: Tenant
) -> None:
    async with db.transaction(Reach(partner_org_id=harbour.partner_org_id)) as tx:
        assert [r[0] for r in await tx.fetch("SELECT client_id FROM clients")] == [harbour.client_id]
        assert await tx.fetchval("SELECT count(*) FROM calls") == 0


async def test_two_tenants_together_see_both_and_no_third(
    db: Database, harbour: Tenant, northside: Tenant
) -> None:
    both = (harbour.client_id, northside.client_id)
    async with db.transaction(Reach(client_ids=both)) as tx:
        assert {r[0] for r in await tx.fetch("SELECT client_id FROM calls")} == set(both)
