"""Starting, stopping, and being refused."""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import asyncpg
import psycopg
import pytest

from aidial.postgres import (
    DataFolderInUse,
    DataFolderUnreachable,
    EmbeddedPostgres,
    PostgresError,
    WrongMajorVersion,
)
from tests.aidial.postgres.conftest import Person, read_back, wait_gone, write_down

if TYPE_CHECKING:
    from pathlib import Path

    from aidial.postgres import PostgresUrls


async def _settings(urls: PostgresUrls) -> dict[str, str]:
    connection = await asyncpg.connect(urls.app_url)
    try:
        return {
            row["name"]: row["setting"]
            for row in await connection.fetch("SELECT name, setting FROM pg_settings")
        }
    finally:
        await connection.close()


async def test_a_person_starts_for_the_first_time_and_gets_a_durable_quiet_database(person: Person) -> None:
    urls = person.starts().wait_up()
    settings = await _settings(urls)
    assert (settings["fsync"], settings["synchronous_commit"], settings["data_checksums"]) == (
        "on",
        "on",
        "on",
    )
    assert settings["listen_addresses"] == "127.0.0.1"
    assert settings["log_statement"] == "none"
    assert stat.S_IMODE((person.folder / "passwords.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((person.folder / "cluster").stat().st_mode) == 0o700
    assert not list(person.folder.rglob("first-password"))


def test_a_stranger_without_the_password_is_refused(runner: Person) -> None:
    urls = runner.starts().wait_up()
    for url in (urls.superuser_url, urls.owner_url, urls.app_url):
        name, _, rest = url.removeprefix("postgresql://").partition(":")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"postgresql://{name}:guess@{rest.partition('@')[2]}")


def test_a_person_stops_cleanly_and_the_second_start_keeps_the_data(person: Person) -> None:
    first = person.starts()
    before = first.wait_up()
    write_down(before, "kept")
    first.stop()
    assert not (person.folder / "cluster" / "postmaster.pid").exists()
    second = person.starts()
    after = second.wait_up()
    assert read_back(after) == ["kept"]
    assert second.said == ["Starting the database"]
    # the passwords stay the same: only the port may differ
    assert before.app_url.partition("@")[0] == after.app_url.partition("@")[0]
    log = "".join(path.read_text() for path in (person.folder / "log").iterdir())
    assert "not properly shut down" not in log


def test_a_second_start_on_one_folder_is_refused_by_name(person: Person) -> None:
    first = person.starts()
    urls = first.wait_up()
    words = person.starts().wait_refused()
    assert str(person.folder) in words
    assert f"in use by process {first.pid}" in words
    write_down(urls, "undisturbed")
    assert read_back(urls) == ["undisturbed"]


def test_a_second_start_in_the_same_process_is_refused_too(home: Path) -> None:
    with EmbeddedPostgres(home / "data"), pytest.raises(DataFolderInUse):
        EmbeddedPostgres(home / "data").start()


def test_the_server_stays_when_the_thread_that_started_it_ends(home: Path) -> None:
    server = EmbeddedPostgres(home / "data")
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
    try:
        write_down(server.urls, "still here")
        assert read_back(server.urls) == ["still here"]
    finally:
        server.stop()


def test_a_folder_of_another_major_version_is_left_alone(home: Path) -> None:
    with EmbeddedPostgres(home / "data"):
        pass
    version = home / "data" / "cluster" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(WrongMajorVersion, match=r"belongs to PostgreSQL 17.*brings PostgreSQL 18"):
        EmbeddedPostgres(home / "data").start()
    version.write_text("18\n")
    with EmbeddedPostgres(home / "data") as server:
        assert server.running


def test_a_person_is_told_when_the_data_folder_cannot_be_made(home: Path) -> None:
    (home / "file").write_text("in the way")
    with pytest.raises(PostgresError, match=f"Cannot make the data folder {home}/file/data"):
        EmbeddedPostgres(home / "file" / "data").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another user")
def test_root_is_told_which_folder_the_servers_user_cannot_pass_and_nothing_is_changed(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DataFolderUnreachable) as refused:
        EmbeddedPostgres(closed / "below" / "data").start()
    assert refused.value.blocked == closed
    assert f"chmod o+x {closed}" in str(refused.value)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another user")
def test_root_may_hand_over_a_closed_folder_as_the_data_folder_itself(home: Path) -> None:
    closed = home / "data"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed) as server:
        assert server.pid
        assert os.stat(f"/proc/{server.pid}").st_uid != 0  # noqa: PTH116
        assert (closed / "passwords.json").stat().st_uid == 0
    wait_gone(server.pid or 0)


def test_values_never_reach_the_servers_log(runner: Person) -> None:
    urls = runner.starts().wait_up()
    with psycopg.connect(urls.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE people (email text PRIMARY KEY)")
        for _ in range(2):
            try:
                owner.execute("INSERT INTO people VALUES (%s)", ("alice@harbour-dental.example",))
            except psycopg.errors.UniqueViolation:
                break
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            owner.execute("SELECT 'alice@harbour-dental.example'::uuid")
    runner.held[-1].stop()
    log = "".join(path.read_text() for path in (runner.folder / "log").iterdir())
    assert "database system is shut down" in log
    assert "harbour-dental" not in log
