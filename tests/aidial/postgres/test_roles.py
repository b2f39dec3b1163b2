"""What each role may do, on the server every test shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from aidial.postgres import PostgresUrls
    from tests.support.postgres import PostgresServer


@pytest.fixture(scope="module")
def urls(postgres_server: PostgresServer, worker_id: str) -> PostgresUrls:
    return postgres_server.empty_database(f"roles_{worker_id}")


def test_no_role_of_the_applications_can_step_over_row_level_security(urls: PostgresUrls) -> None:
    with psycopg.connect(urls.app_url) as app:
        roles = app.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolcanlogin"
            " FROM pg_roles WHERE rolname LIKE 'aidial%' ORDER BY rolname"
        ).fetchall()
    assert roles == [
        ("aidial_app", False, False, False, False, True),
        ("aidial_lookup", False, False, False, False, False),
        ("aidial_owner", False, False, False, True, True),
    ]


def test_the_owner_hands_a_look_up_to_its_role(urls: PostgresUrls) -> None:
    with psycopg.connect(urls.owner_url) as owner:
        owner.execute("GRANT CREATE ON SCHEMA public TO aidial_lookup")
        owner.execute(
            "CREATE FUNCTION look_up() RETURNS text LANGUAGE sql SECURITY DEFINER RETURN current_user"
        )
        owner.execute("ALTER FUNCTION look_up() OWNER TO aidial_lookup")
        assert owner.execute("SELECT look_up()").fetchone() == ("aidial_lookup",)


def test_the_application_makes_no_tables(urls: PostgresUrls) -> None:
    with psycopg.connect(urls.app_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("CREATE TABLE mine (n int)")


@pytest.mark.parametrize("role", ["aidial_owner", "aidial_lookup"])
def test_the_application_becomes_nobody_else(urls: PostgresUrls, role: str) -> None:
    with psycopg.connect(urls.app_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(f"SET ROLE {role}")


def test_a_new_database_has_the_extensions_a_superuser_must_make(urls: PostgresUrls) -> None:
    with psycopg.connect(urls.app_url) as app:
        names = {row[0] for row in app.execute("SELECT extname FROM pg_extension")}
    assert {"pg_trgm", "btree_gin"} <= names
