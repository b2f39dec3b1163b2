"""An empty database becomes AiDial's, once, however often that is asked for."""

from __future__ import annotations

import re
import secrets
import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest
from alembic import command
from sqlalchemy import make_url

from aidial_api.kernel import migrate
from aidial_api.kernel.jobs import QUEUE
from aidial_api.kernel.recordings import DELETE_JOB

if TYPE_CHECKING:
    from pathlib import Path

    from aidial.postgres import PostgresUrls
    from tests.support.postgres import PostgresServer


def migrated_to(server: PostgresServer, revision: str) -> PostgresUrls:
    """A database as an older version left it."""
    urls = server.empty_database(f"older_{secrets.token_hex(4)}")
    with migrate._connection(urls.owner_url) as connection:
        migrate._make_roles(connection)
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    return urls


def test_the_file_head_names_the_newest_migration() -> None:
    assert migrate.head() == migrate.script_head()


def test_migrations_are_named_by_time_and_wait_briefly_for_locks() -> None:
    files = sorted((migrate.HERE / "versions").glob("2*.py"))
    assert files[-1].name.startswith(migrate.head())
    for file in files:
        assert re.fullmatch(r"\d{12}_[a-z0-9_]+\.py", file.name)
        assert "SET LOCAL lock_timeout" in file.read_text()
    assert "SET LOCAL lock_timeout" in (migrate.HERE / "script.py.mako").read_text()


def test_an_empty_database_is_migrated_and_again_is_harmless(postgres_server: PostgresServer) -> None:
    urls = postgres_server.empty_database(f"empty_{secrets.token_hex(4)}")
    assert migrate.current(urls.owner_url) is None
    migrate.upgrade(urls.owner_url)
    migrate.upgrade(urls.owner_url)
    assert migrate.current(urls.owner_url) == migrate.head()


def test_calls_of_before_are_looked_over_after_a_migration(postgres_server: PostgresServer) -> None:
    urls = migrated_to(postgres_server, "202611261910")
    looked_over = "SELECT last_vacuum, last_analyze FROM pg_stat_user_tables WHERE relname = 'calls'"
    with psycopg.connect(urls.superuser_url, autocommit=True) as connection:
        assert connection.execute(looked_over).fetchone() == (None, None)
        migrate.upgrade(urls.owner_url)
        assert None not in (connection.execute(looked_over).fetchone() or (None,))
    assert migrate.current(urls.owner_url) == migrate.head()


def test_what_broken_uploads_left_in_the_store_is_asked_for_once_more(
    postgres_server: PostgresServer,
) -> None:
    urls = migrated_to(postgres_server, "202611271300")
    with psycopg.connect(urls.superuser_url, autocommit=True) as connection:
        # Of rows without a tenant's others.
        connection.execute("SET session_replication_role = replica")
        for client_id, state in (("one", "deleting"), ("other", "deleting"), ("other", "arriving")):
            connection.execute(
                "INSERT INTO recordings (client_id, recording_id, call_id, project_id, side, state)"
                " VALUES (%s, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'mixed', %s)",
                (client_id, state),
            )
        migrate.upgrade(urls.owner_url)
        rows = connection.execute(
            "SELECT r.client_id, r.state, j.queue_name, j.status::text FROM jobs.procrastinate_jobs j"
            " JOIN recordings r ON r.client_id = j.args ->> 'client_id'"
            " AND r.recording_id::text = j.args ->> 'recording_id'"
            " WHERE j.task_name = %s ORDER BY r.client_id",
            (DELETE_JOB,),
        ).fetchall()
    assert rows == [("one", "deleting", QUEUE, "todo"), ("other", "deleting", QUEUE, "todo")]


def test_a_database_of_somebody_else_is_refused_with_what_to_run(postgres_server: PostgresServer) -> None:
    urls = postgres_server.empty_database(f"foreign_{secrets.token_hex(4)}")
    name = make_url(urls.owner_url).database
    with psycopg.connect(urls.superuser_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} OWNER TO postgres")
        connection.execute(f"GRANT CONNECT ON DATABASE {name} TO aidial_owner")
    with pytest.raises(migrate.MigrationRefused, match=f"ALTER DATABASE {name} OWNER TO aidial_owner;"):
        migrate.upgrade(urls.owner_url)
    assert migrate.current(urls.owner_url) is None


def test_no_server_is_said_plainly() -> None:
    with pytest.raises(migrate.MigrationRefused, match="does not answer"):
        migrate.upgrade("postgresql://aidial_owner:pw@127.0.0.1:1/aidial")


def test_a_new_migration_becomes_the_head_and_sorts_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "migrations"
    shutil.copytree(migrate.HERE, copy)
    monkeypatch.setattr(migrate, "HERE", copy)
    monkeypatch.setattr(migrate, "HEAD_FILE", copy / "HEAD")
    with pytest.raises(ValueError, match="younger"):
        migrate.revise("too old", "202001010000")
    written = migrate.revise("add tickets", "209901010000")
    assert written.name == "209901010000_add_tickets.py"
    assert migrate.head() == migrate.script_head() == "209901010000"
    assert "SET LOCAL lock_timeout = '5s'" in written.read_text()
