"""`EmbeddedPostgres`: start, watch and stop a PostgreSQL server on a data folder of our own.

The one thing a newcomer would get wrong: start() has no time-out on purpose. After a crash PostgreSQL
replays its log, and giving up half-way would only make the next start begin again; while the process
lives, start() waits and tells its progress.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import psycopg

from aidial.postgres import roles
from aidial.postgres.account import Account, choose_account
from aidial.postgres.cluster import SUPERUSER, end_earlier_server, ensure_cluster, server_environment
from aidial.postgres.errors import PostgresError
from aidial.postgres.folder import DataFolder, Passwords
from aidial.postgres.programs import Programs, find_programs
from aidial.postgres.settings import server_arguments
from aidial.processes.spawn import spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_LOOPBACK = "127.0.0.1"
_FAST_STOP_S = 60.0
_PROGRESS_EVERY_S = 2.0
_PORT_TRIES = 5


@dataclass(frozen=True, slots=True)
class PostgresUrls:
    """Connection URLs (for asyncpg and psycopg alike). They hold passwords: never log or show them."""

    owner_url: str
    app_url: str
    superuser_url: str

    def for_database(self, name: str) -> PostgresUrls:
        """Return the same URLs for another database of this server."""
        return PostgresUrls(
            *(
                f"{url.rpartition('/')[0]}/{name}"
                for url in (self.owner_url, self.app_url, self.superuser_url)
            )
        )

    def __repr__(self) -> str:
        return "PostgresUrls(owner_url=..., app_url=..., superuser_url=...)"


class EmbeddedPostgres:
    """One server on one data folder; also a context manager. Not for use from several threads at once.

    `port` None chooses a free one, which is then kept for as long as this object lives. `settings`
    changes server settings (tests turn `fsync` off). `on_progress` gets short sentences for people.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        on_progress: Callable[[str], None] | None = None,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = DataFolder(data_dir)
        self._say = on_progress or (lambda _words: None)
        self._port = port or 0
        self._port_is_fixed = bool(port)
        self._settings = dict(settings or {})
        self._server: subprocess.Popen[bytes] | None = None
        self._passwords: Passwords | None = None

    @property
    def running(self) -> bool:
        """Whether the server process lives."""
        return self._server is not None and self._server.poll() is None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it lives."""
        return self._server.pid if self._server is not None and self.running else None

    def start(self) -> PostgresUrls:
        """Start the server (made on the first start) and wait until it answers; returns the URLs.

        Called while it runs: returns the URLs. Called after the server died: starts it again on the same
        port. Errors: `DataFolderInUse`, `DataFolderUnreachable`, `WrongMajorVersion`, `PostgresError`.
        """
        if self.running:
            return self._urls(roles.DATABASE)
        folder = self._folder
        folder.make()
        account = choose_account(next(path for path in (folder.cluster, folder.path) if path.exists()))
        account.require_way_to(folder.path.parent)
        if not folder.locked:
            folder.lock()
        try:
            return self._start_locked(account)
        except OSError as error:
            self.stop()
            raise PostgresError(f"Cannot use the data folder {folder.path}: {error}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server cleanly (clients are cut off, a checkpoint is written) and free the folder."""
        server, self._server = self._server, None
        try:
            if server is not None:
                self._end(server)
        finally:
            self._folder.unlock()

    def keep_running(self) -> None:
        """Start the server again when it died. Call it now and then. Errors: those of `start`."""
        if self._server is not None and not self.running:
            self._say("The database server ended unexpectedly; starting it again")
            self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def urls(self) -> PostgresUrls:
        """The URLs of the database `aidial`. Errors: `PostgresError` before the first start."""
        return self._urls(roles.DATABASE)

    def _start_locked(self, account: Account) -> PostgresUrls:
        folder = self._folder
        if account.run_as:
            folder.let_through()
            account.require_way_to(folder.path)
        folder.logs.mkdir(mode=0o700, exist_ok=True)
        account.own(folder.logs)
        programs = find_programs(account, folder.programs)
        self._passwords = folder.passwords()
        ensure_cluster(folder, account, programs, self._passwords.superuser, self._say)
        end_earlier_server(folder, account, self._say)
        self._say("Starting the database")
        self._launch(account, programs)
        system = self._urls("postgres").superuser_url
        roles.provision(
            system, self._urls("template1").superuser_url, self.urls.superuser_url, self._passwords
        )
        return self.urls

    def _launch(self, account: Account, programs: Programs) -> None:
        for _ in range(_PORT_TRIES):
            if not self._port:
                self._port = free_port()
            arguments = server_arguments(self._folder.cluster, self._folder.logs, self._port, self._settings)
            with self._folder.open_start_log() as log:
                self._server = spawn(
                    [str(programs.postgres), *arguments],
                    death_signal=signal.SIGINT,  # PostgreSQL's "fast shutdown"
                    env=server_environment(),
                    output=log,
                    run_as=account.run_as,
                )
            if self._answers(self._server):
                return
            why = self._folder.start_log.read_text("utf-8", "replace").strip()[-2000:]
            if self._port_is_fixed or "could not create any TCP/IP sockets" not in why:
                raise PostgresError(f"PostgreSQL ended while starting on {self._folder.path}:\n{why}")
            self._port = 0  # somebody took the port between choosing and listening
        raise PostgresError(f"No free port on {_LOOPBACK} after {_PORT_TRIES} tries")

    def _answers(self, server: subprocess.Popen[bytes]) -> bool:
        """Wait until a real connection works (True) or the process has ended (False)."""
        url = self._urls("postgres").superuser_url
        since = told = time.monotonic()
        while server.poll() is None:
            try:
                psycopg.connect(url, connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error) and not _ended_within(server, 1):
                    raise PostgresError(
                        f"The passwords file in {self._folder.path} does not fit this database. "
                        "Restore both from the same backup."
                    ) from None
            else:
                return server.poll() is None
            if time.monotonic() - told > _PROGRESS_EVERY_S:
                told = time.monotonic()
                self._say(f"The database is recovering after an unclean stop ({told - since:.0f} s so far)")
            time.sleep(0.02)
        return False

    def _end(self, server: subprocess.Popen[bytes]) -> None:
        since = time.monotonic()
        server.send_signal(signal.SIGINT)
        while time.monotonic() - since < _FAST_STOP_S:
            try:
                server.wait(_PROGRESS_EVERY_S)
            except subprocess.TimeoutExpired:
                self._say(f"Waiting for the database to stop ({time.monotonic() - since:.0f} s so far)")
            else:
                return
        server.send_signal(signal.SIGQUIT)  # at once; committed data is safe, the next start recovers
        server.wait()

    def _urls(self, database: str) -> PostgresUrls:
        if self._passwords is None or not self._port:
            raise PostgresError("The database was not started yet")
        where = f"{_LOOPBACK}:{self._port}/{database}"
        return PostgresUrls(
            owner_url=f"postgresql://{roles.OWNER}:{self._passwords.owner}@{where}",
            app_url=f"postgresql://{roles.APP}:{self._passwords.app}@{where}",
            superuser_url=f"postgresql://{SUPERUSER}:{self._passwords.superuser}@{where}",
        )


def _ended_within(server: subprocess.Popen[bytes], limit_s: float) -> bool:
    """Tell our own server from a stranger's on the port ours failed to get (ours then ends)."""
    try:
        server.wait(limit_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def free_port() -> int:
    """Return a loopback port nobody listens on now; somebody may take it before you do."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
