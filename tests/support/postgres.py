"""One real PostgreSQL for a whole test run, whatever the number of workers; one database a worker.

The first worker that asks starts it, under a lock; later ones find it. A template database is migrated
once, and each worker gets a copy of it. The one thing a newcomer would get wrong: nothing may stay
connected to the template, because PostgreSQL copies only a database nobody uses.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from aidial.postgres import PostgresUrls
from aidial.postgres.roles import make_database

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER, _PID = "AIDIAL_TEST_RUN_FOLDER", "AIDIAL_TEST_RUN_PID"
_PROJECT = Path(__file__).resolve().parents[2]
_TEMPLATE = "aidial_template"
_STOP_LIMIT_S = 30


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """The run's server. `urls` is its database `aidial`, which is empty; tests want a migrated one."""

    urls: PostgresUrls

    def empty_database(self, name: str) -> PostgresUrls:
        """Make database `name` anew, owned by `aidial_owner`, with nothing in it."""
        return self._make(name, "template1")

    def migrated_database(self, name: str) -> PostgresUrls:
        """Make database `name` anew as a copy of the migrated template (some 50 ms)."""
        with _locked():
            self._migrate_template()
            return self._make(name, _TEMPLATE)

    def prepare(self) -> None:
        """Have the template ready, so that whoever asks first need not wait for it."""
        with _locked():
            self._migrate_template()

    def _migrate_template(self) -> None:
        migrated = _run_folder() / "migrated"
        if not migrated.exists():
            # Not at the top: tests that need no database must not need the API either.
            from aidial_api.kernel.migrate import upgrade  # noqa: PLC0415

            upgrade(self._make(_TEMPLATE, "template1").owner_url)
            migrated.touch()

    def _make(self, name: str, template: str) -> PostgresUrls:
        system = self.urls.for_database("postgres").superuser_url
        with psycopg.connect(system, autocommit=True) as connection:
            make_database(connection, name, template, replace=True)
        return self.urls.for_database(name)


def begin_run() -> None:
    """Prepare a run; for pytest's first process only. Workers inherit the two variables."""
    folder = tempfile.mkdtemp(prefix="aidial-tests-")
    Path(folder).chmod(0o711)  # as root, the server's user has to pass through
    os.environ[_FOLDER], os.environ[_PID] = folder, str(os.getpid())


def end_run() -> None:
    """Stop the run's server when one was started, and remove the folder."""
    folder = _run_folder()
    try:
        host = os.pidfd_open(int((folder / "host.pid").read_text()))
    except (FileNotFoundError, ProcessLookupError):
        pass
    else:
        signal.pidfd_send_signal(host, signal.SIGTERM)
        ended = select.select([host], [], [], _STOP_LIMIT_S)[0]
        os.close(host)
        if not ended:
            raise RuntimeError(f"The tests' PostgreSQL did not stop within {_STOP_LIMIT_S} s")
    shutil.rmtree(folder, ignore_errors=True)


def shared_server() -> PostgresServer:
    """Return the run's server, started when this is the first call of the run."""
    urls = _run_folder() / "urls.json"
    with _locked():
        if not urls.exists():
            _start_host()
    return PostgresServer(PostgresUrls(**json.loads(urls.read_text())))


def _start_host() -> None:
    folder = _run_folder()
    log = folder / "host.log"
    with log.open("wb") as errors:
        host = subprocess.Popen(
            [sys.executable, "-m", "tests.support.postgres_host", str(folder), os.environ[_PID]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=_PROJECT,
            start_new_session=True,  # Ctrl-C in a terminal is for pytest
        )
    (folder / "host.pid").write_text(str(host.pid))
    if host.stdout is None or host.stdout.readline() != b"ready\n":
        host.wait(_STOP_LIMIT_S)
        raise RuntimeError(f"The tests' PostgreSQL did not start:\n{log.read_text()[-3000:]}")
    host.stdout.close()
    host.returncode = 0  # it outlives this worker on purpose; Popen would warn


@contextmanager
def _locked() -> Iterator[None]:
    with (_run_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_folder() -> Path:
    return Path(os.environ[_FOLDER])
