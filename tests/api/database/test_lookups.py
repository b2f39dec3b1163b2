"""What AiDial may learn before it knows the tenant: of a key, a session, a person. No more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from aidial_api.kernel.db import Database, Reach
from tests.api.database.rows import ISSUER, Tenant, make_tenant, new_id

if TYPE_CHECKING:
    from asyncpg import Record


@pytest.fixture
async def bayside(db: Database) -> Tenant:
    """A tenant of its own for tests that change it."""
    return await make_tenant(db, "bayside")


def decoded(row: Record | None, column: str) -> list[dict[str, object]]:
    assert row is not None
    value: list[dict[str, object]] = msgspec.json.decode(row[column])
    return value


async def test_a_key_is_found_with_its_tenants_projects_switched_off_ones_too(
    db: Database, bayside: Tenant
) -> None:
    row = await db.lookup("lookup_api_key", bayside.api_key_id)
    assert row is not None
    assert (row["client_id"], row["lifecycle"], row["secret_sha256"]) == (
        bayside.client_id,
        "active",
        bytes(32),
    )
    reception = {"project_id": bayside.project_id, "timezone": "Australia/Perth", "is_active": True}
    assert decoded(row, "projects") == [reception]
    async with db.transaction(bayside.reach) as tx:
        await tx.execute("UPDATE projects SET is_active = false")
    row = await db.lookup("lookup_api_key", bayside.api_key_id)
    assert decoded(row, "projects") == [{**reception, "is_active": False}]
    assert await db.lookup("lookup_api_key", "0" * 22) is None


async def test_a_session_is_found_by_its_id(db: Database, bayside: Tenant) -> None:
    row = await db.lookup("lookup_session", bayside.session_id)
    assert row is not None
    assert (str(row["user_id"]), row["state"], row["subject"]) == (bayside.user_id, "active", "s")
    assert "token_set" not in row
    assert await db.lookup("lookup_session", new_id()) is None


async def test_an_invited_person_is_bound_once(db: Database, bayside: Tenant) -> None:
    bind = "UPDATE users SET subject = $1, version = version + 1 WHERE user_id = $2 AND subject IS NULL"
    found = await db.lookup("lookup_user", ISSUER, "sub-1", bayside.email.upper())
    assert found is not None
    assert found["subject"] is None
    for subject, tag in ((bayside.client_id, "UPDATE 1"), ("thief", "UPDATE 0")):
        async with db.transaction(Reach(actor_id=str(found["user_id"]))) as tx:
            assert await tx.execute(bind, subject, bayside.user_id) == tag
    assert await db.lookup("lookup_user", ISSUER, "thief", bayside.email) is None
    again = await db.lookup("lookup_user", ISSUER, bayside.client_id, None)
    assert again is not None
    assert str(again["user_id"]) == bayside.user_id


async def test_an_unverified_or_foreign_email_finds_nobody(db: Database, bayside: Tenant) -> None:
    assert await db.lookup("lookup_user", ISSUER, "sub-1", None) is None
    assert await db.lookup("lookup_user", "https://other.example", "sub-1", bayside.email) is None


async def reach_of(db: Database, email: str) -> list[dict[str, object]]:
    return decoded(await db.lookup("lookup_user", ISSUER, "unbound", email), "reach")


async def test_a_client_user_reaches_their_assigned_projects(db: Database, bayside: Tenant) -> None:
    second = new_id()
    async with db.transaction(bayside.whole_reach) as tx:
        await tx.execute(
            "INSERT INTO projects (client_id, project_id, display_name, timezone)"
            " VALUES ($1, $2, 'B', 'UTC')",
            bayside.client_id,
            second,
        )
    (everything,) = await reach_of(db, bayside.email)
    assert everything["client_id"] == bayside.client_id
    assert everything["lifecycle"] == "active"
    assert everything["projects"] == [
        {"project_id": bayside.project_id, "timezone": "Australia/Perth", "is_active": True},
        {"project_id": second, "timezone": "UTC", "is_active": True},
    ]
    async with db.transaction(bayside.whole_reach) as tx:
        await tx.execute("DELETE FROM assignments")
        await tx.execute(
            "INSERT INTO assignments (client_id, user_id, project_id) VALUES ($1, $2, $3)",
            bayside.client_id,
            bayside.user_id,
            second,
        )
    (one,) = await reach_of(db, bayside.email)
    assert one["projects"] == [{"project_id": second, "timezone": "UTC", "is_active": True}]
    async with db.transaction(bayside.whole_reach) as tx:
        await tx.execute("DELETE FROM assignments")
    assert await reach_of(db, bayside.email) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE clients SET lifecycle = 'archived'",
        "UPDATE memberships SET status = 'suspended'",
        "UPDATE memberships SET status = 'removed'",
    ],
)
async def test_archived_suspended_or_removed_reaches_nothing(
    db: Database, bayside: Tenant, change: str
) -> None:
    async with db.transaction(bayside.whole_reach) as tx:
        assert await tx.execute(change) == "UPDATE 1"
    assert await reach_of(db, bayside.email) == []


async def test_an_assignment_to_a_client_outside_the_partner_reaches_nothing(
    db: Database, bayside: Tenant, harbour: Tenant
) -> None:
    tom, email = new_id(), f"tom@{bayside.partner_org_id}.example"
    async with db.transaction(bayside.whole_reach) as tx:
        await tx.execute(
            "INSERT INTO memberships (user_id, role, partner_org_id) VALUES ($1, 'partner_user', $2)",
            tom,
            bayside.partner_org_id,
        )
        await tx.execute("INSERT INTO users (user_id, issuer, email) VALUES ($1, $2, $3)", tom, ISSUER, email)
    for tenant in (bayside, harbour):
        async with db.transaction(tenant.reach) as tx:
            await tx.execute(
                "INSERT INTO assignments (client_id, user_id) VALUES ($1, $2)", tenant.client_id, tom
            )
    assert [client["client_id"] for client in await reach_of(db, email)] == [bayside.client_id]
    async with db.transaction(bayside.whole_reach) as tx:
        await tx.execute("UPDATE partner_orgs SET state = 'suspended'")
    assert await reach_of(db, email) == []


@pytest.mark.parametrize("table", ["users", "clients"])
async def test_a_second_factor_is_asked_for_by_the_person_or_the_tenant(
    db: Database, bayside: Tenant, table: str
) -> None:
    before = await db.lookup("lookup_user", ISSUER, "unbound", bayside.email)
    assert before is not None
    assert before["mfa_required"] is False
    async with db.transaction(bayside.whole_reach) as tx:
        await tx.execute(f"UPDATE {table} SET mfa_required = true")
    after = await db.lookup("lookup_user", ISSUER, "unbound", bayside.email)
    assert after is not None
    assert after["mfa_required"] is True
