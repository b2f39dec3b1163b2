"""Whatever is killed, the next start needs no help and committed data is there."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest

from aidial.postgres import orphans
from aidial.postgres.account import choose_account
from aidial.postgres.programs import find_programs
from tests.aidial.postgres.conftest import Person, kill, read_back, wait_gone, wait_until, write_down
from tests.support.processes import free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from aidial.postgres import PostgresUrls


def test_the_supervisor_is_killed(person: Person) -> None:
    first = person.starts()
    write_down(first.wait_up(), "kept")
    first.kill()
    second = person.starts()  # at once, while the first server may still be stopping
    assert read_back(second.wait_up()) == ["kept"]
    wait_gone(first.postmaster)


def test_an_earlier_server_that_ends_while_it_is_looked_at_is_nobody_elses(
    runner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = runner.starts()
    held.wait_up()
    count = orphans._processes_of

    def ends_then(cluster: Path) -> list[int]:
        if found := count(cluster):
            held.stop()
        return found

    monkeypatch.setattr(orphans, "_processes_of", ends_then)
    assert held.postmaster in count(runner.folder / "cluster")
    assert orphans.main(["-1", "-1", str(runner.folder / "cluster"), "cluster_name=aidial"]) == 0


@pytest.mark.slow
def test_the_server_does_not_outlive_a_killed_supervisor(runner: Person) -> None:
    held = runner.starts()
    held.wait_up()
    held.kill()
    wait_gone(held.postmaster)
    # it was asked to stop, not cut off: the pid file is gone only after a clean shutdown
    wait_until(lambda: not (runner.folder / "cluster" / "postmaster.pid").exists())


def test_the_postmaster_is_killed_and_comes_back_on_the_same_port(person: Person) -> None:
    held = person.starts()
    urls = held.wait_up()
    write_down(urls, "kept")
    before = held.postmaster
    kill(before)
    wait_gone(before)
    assert held.keep_running() == urls
    assert held.postmaster != before
    assert read_back(urls) == ["kept"]


def _keep_a_backend_busy(urls: PostgresUrls) -> tuple[int, threading.Thread]:
    """Run a query that never looks up, so that its backend outlives the postmaster."""
    connection = psycopg.connect(urls.owner_url)

    def work() -> None:
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT count(*) FROM generate_series(1, 100000000000) AS n WHERE n % 7 = 8")

    worker = threading.Thread(target=work)
    worker.start()
    with psycopg.connect(urls.superuser_url, autocommit=True) as watcher:
        question = (
            "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
            " AND query LIKE '%%generate_series%%'"
        )
        wait_until(lambda: watcher.execute(question, (connection.info.backend_pid,)).fetchone())
    return connection.info.backend_pid, worker


def test_everything_is_killed_but_a_busy_backend(person: Person) -> None:
    first = person.starts()
    urls = first.wait_up()
    write_down(urls, "kept")
    backend, worker = _keep_a_backend_busy(urls)
    kill(first.postmaster)
    first.kill()
    second = person.starts()
    assert read_back(second.wait_up()) == ["kept"]
    assert "Ending what a killed server left behind" in second.said
    wait_gone(backend)
    worker.join()


@pytest.mark.slow
def test_a_stale_pid_file_names_a_stranger(runner: Person) -> None:
    first = runner.starts()
    write_down(first.wait_up(), "kept")
    kill(first.postmaster)
    first.kill()
    wait_gone(first.postmaster)
    owner = (runner.folder / "cluster").stat()
    with subprocess.Popen(["/bin/sleep", "600"], user=owner.st_uid, cwd="/") as stranger:
        pid_file = runner.folder / "cluster" / "postmaster.pid"
        _, rest = pid_file.read_text().split("\n", 1)
        pid_file.write_text(f"{stranger.pid}\n{rest}")
        assert read_back(runner.starts().wait_up()) == ["kept"]
        assert stranger.poll() is None, "a stranger was killed"
        stranger.kill()


@pytest.mark.slow
def test_a_server_somebody_started_by_hand_is_not_touched(runner: Person) -> None:
    first = runner.starts()
    first.wait_up()
    first.stop()
    cluster = runner.folder / "cluster"
    programs = find_programs(choose_account(cluster), runner.folder / "programs")
    port = f"port={free_ports(1)[0]}"
    by_hand = [str(programs.postgres), "-D", str(cluster), "-c", "unix_socket_directories=", "-c", port]
    who = cluster.stat().st_uid
    with subprocess.Popen(by_hand, user=who, cwd="/", stderr=subprocess.DEVNULL) as server:
        try:
            wait_until((cluster / "postmaster.pid").exists)
            words = runner.starts().wait_refused()
            assert "a PostgreSQL server that AiDial did not start" in words
            assert server.poll() is None
        finally:
            server.terminate()


def _killed_half_way(person: Person) -> Person:
    """Whose first start was killed while it made the cluster, or after it, where we were held up."""
    unfinished, whole = person.folder / "cluster.unfinished" / "PG_VERSION", person.folder / "cluster"
    first = person.starts()
    wait_until(lambda: unfinished.exists() or whole.exists())
    first.kill()
    return person


def test_the_first_start_is_killed_half_way(person: Person) -> None:
    met = (_killed_half_way(person.moved(str(attempt))) for attempt in range(3))
    half = next((one for one in met if not (one.folder / "cluster").exists()), None)
    assert half, "three first starts ended before they were killed"
    second = half.starts()
    write_down(second.wait_up(), "kept")
    assert any("interrupted" in words for words in second.said)
    second.stop()
    assert read_back(half.starts().wait_up()) == ["kept"]
