"""People who start an embedded PostgreSQL: whoever runs the tests and, when that is root, `nobody` too."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from aidial.postgres import PostgresUrls
from aidial.postgres.account import Account
from aidial.processes.spawn import RunAs

PROJECT = Path(__file__).resolve().parents[3]
LIMIT_S = 30
PACKAGES = (PROJECT / "src", PROJECT, Path(sysconfig.get_paths()["purelib"]))


class Held:
    """A server held by another process; see `holder.py`."""

    def __init__(self, folder: Path, run_as: RunAs | None, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), "-m", "tests.aidial.postgres.holder", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(str, PACKAGES)),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            user=run_as.uid if run_as else None,
            group=run_as.gid if run_as else None,
            extra_groups=[] if run_as else None,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.postmaster = 0
        self.said: list[str] = []

    def wait_up(self) -> PostgresUrls:
        assert self._process.stdout
        assert self._process.stderr
        line = self._process.stdout.readline()
        assert line, self._process.stderr.read()
        state = json.loads(line)
        self.postmaster, self.said = state["postmaster"], state["said"]
        return PostgresUrls(**state["urls"])

    def keep_running(self) -> PostgresUrls:
        assert self._process.stdin
        self._process.stdin.write("keep\n")
        self._process.stdin.flush()
        return self.wait_up()

    def wait_refused(self) -> str:
        """Return the message the person sees."""
        words = self._process.communicate(timeout=LIMIT_S)[1]
        assert self._process.returncode == 1, words
        return words

    def kill(self) -> None:
        """End the holder only, without a word."""
        self._process.kill()
        self._process.communicate()

    def stop(self) -> None:
        """End it the ordinary way."""
        words = self._process.communicate(timeout=LIMIT_S)[1]
        assert self._process.returncode == 0, words


@dataclass
class Person:
    """Somebody with an empty folder of their own, who starts servers there."""

    run_as: RunAs | None
    python: Path
    home: Path
    held: list[Held]

    @property
    def folder(self) -> Path:
        return self.home / "data"

    def moved(self, name: str) -> Person:
        """The same person, in another empty folder."""
        home = self.home / name
        home.mkdir()
        home.chmod(0o711)
        if self.run_as:
            os.chown(home, self.run_as.uid, self.run_as.gid)
        return replace(self, home=home)

    def starts(self) -> Held:
        self.held.append(Held(self.folder, self.run_as, self.python))
        return self.held[-1]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every user may pass through (pytest's own is closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="aidial-postgres-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def runner(home: Path) -> Iterator[Person]:
    """Whoever runs the tests."""
    yield from _person(Person(None, Path(sys.executable), home, []))


@pytest.fixture(params=["whoever runs the tests", pytest.param("nobody", marks=pytest.mark.slow)])
def person(request: pytest.FixtureRequest, home: Path) -> Iterator[Person]:
    run_as, python = None, Path(sys.executable)
    if request.param == "nobody":
        if os.geteuid() != 0:
            pytest.skip("only root can be somebody else as well")
        entry = pwd.getpwnam("nobody")
        run_as = RunAs(entry.pw_uid, entry.pw_gid)
        python = _python_for(Account("nobody", run_as))
        os.chown(home, run_as.uid, run_as.gid)
    yield from _person(Person(run_as, python, home, []))


def _person(someone: Person) -> Iterator[Person]:
    yield someone
    for held in someone.held:
        held.kill()
        wait_gone(held.postmaster)


def _python_for(account: Account) -> Path:
    """Return a Python like ours that the account may run; root's own often lies below /root."""
    system = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")
    for candidate in (sys.executable, system):
        if candidate and not account.first_closed_folder(Path(candidate).resolve().parent):
            break
    else:
        pytest.skip("nobody can run no Python of this version here: the plain user's scenario is NOT tested")
    for folder in PACKAGES:
        if account.first_closed_folder(folder):
            pytest.skip(f"nobody cannot enter {folder}: the plain user's scenario is NOT tested")
    return Path(candidate)


def wait_until(what: Callable[[], object]) -> None:
    until = time.monotonic() + LIMIT_S
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


def wait_gone(pid: int) -> None:
    """Wait for the end of a process that is not ours."""
    with contextlib.suppress(ProcessLookupError):
        if pid:
            end = os.pidfd_open(pid)
            assert select.select([end], [], [], LIMIT_S)[0], f"process {pid} is still there"
            os.close(end)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def write_down(urls: PostgresUrls, word: str) -> None:
    with psycopg.connect(urls.owner_url) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        owner.execute("INSERT INTO words VALUES (%s)", (word,))


def read_back(urls: PostgresUrls) -> list[str]:
    with psycopg.connect(urls.owner_url) as owner:
        return [row[0] for row in owner.execute("SELECT word FROM words ORDER BY word")]
