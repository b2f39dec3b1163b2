"""The fixtures every other test of the database stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import psycopg
import pytest

if TYPE_CHECKING:
    from aidial.postgres import PostgresUrls
    from tests.support.postgres import PostgresServer


async def test_an_engineer_reaches_a_migrated_database_through_both_drivers(
    database_urls: PostgresUrls,
) -> None:
    connection = await asyncpg.connect(database_urls.app_url)
    try:
        assert await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
        assert await connection.fetchval("SELECT current_user::text") == "aidial_app"
    finally:
        await connection.close()
    with psycopg.connect(database_urls.owner_url) as owner:
        assert owner.execute("SELECT current_user::text").fetchone() == ("aidial_owner",)


def test_one_worker_does_not_see_another_workers_tables(
    postgres_server: PostgresServer, worker_id: str
) -> None:
    first = postgres_server.empty_database(f"first_{worker_id}")
    second = postgres_server.empty_database(f"second_{worker_id}")
    with psycopg.connect(first.owner_url) as owner:
        owner.execute("CREATE TABLE calls (call_id text)")
    with psycopg.connect(second.owner_url) as owner, pytest.raises(psycopg.errors.UndefinedTable):
        owner.execute("SELECT * FROM calls")
