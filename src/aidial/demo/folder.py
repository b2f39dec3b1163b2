"""The demo's data folder: what lies where, who may use it, how it is emptied.

`postgres/` (the embedded server's), `identity/` (provider's configuration, keys, state), `files/`
(recordings), `log/` (one file a child), `secrets.json`, `seeding.json`, `demo.json`, `running.json` (there
while a demo runs, or after one was killed), `lock`. The one thing a newcomer would get wrong: as root the
folder itself is made passable (0711) for PostgreSQL's user; no folder above it is ever changed.
"""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from aidial.postgres.account import choose_account
from aidial.postgres.cluster import end_earlier_server
from aidial.postgres.errors import PostgresError
from aidial.postgres.folder import DataFolder
from aidial.stops import CommandStopped, Exit

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_NAME = "demo-data"
_SHARED = Path("/var/tmp")  # noqa: S108 - checked for its owner before use
_HASH_LETTERS = 8


class DemoFolder:
    """Paths of one demo, and the lock that makes a start the only one."""

    def __init__(self, path: Path) -> None:
        self._own = DataFolder(path)
        self.path = self._own.path
        self.postgres = self.path / "postgres"
        self.identity = self.path / "identity"
        self.files = self.path / "files"
        self.logs = self.path / "log"
        self.checkpoints = self.path / "audit-checkpoints"
        self.secrets = self.path / "secrets.json"
        self.plan = self.path / "seeding.json"
        self.manifest = self.path / "demo.json"
        self.running = self.path / "running.json"

    def take(self) -> None:
        """Make the folder and lock it. `CommandStopped` when a demo runs on it, or it cannot be made."""
        try:
            self._own.make()
            if self.path.lstat().st_uid not in (os.geteuid(), 0):
                raise CommandStopped(f"the data folder {self.path} belongs to somebody else.")
            if os.geteuid() == 0:
                self._own.let_through()
            self._own.lock()
        except PostgresError as problem:
            raise CommandStopped(str(problem), Exit.UNAVAILABLE) from None

    def give_back(self) -> None:
        """Free the lock."""
        self._own.unlock()

    def empty(self, say: Callable[[str], None]) -> None:
        """Delete what a demo keeps, and nothing else that may lie in the folder."""
        cluster = self.postgres / "cluster"
        if cluster.exists():
            end_earlier_server(DataFolder(self.postgres), choose_account(cluster), say)
        # The secrets go last: while they are there, an interrupted reset can still be told from a loss.
        for folder in (self.postgres, self.identity, self.files, self.logs, self.checkpoints):
            shutil.rmtree(folder, ignore_errors=False) if folder.exists() else None
        for file in (self.plan, self.manifest, self.running, self.secrets):
            file.unlink(missing_ok=True)


def choose_folder(asked: Path | None, *, embedded: bool, say: Callable[[str], None]) -> Path:
    """The folder of this start: the one asked for, `./demo-data`, or one PostgreSQL's user can reach."""
    if asked is not None:
        return asked
    here = Path.cwd()
    usual = here / DEFAULT_NAME
    if os.geteuid() != 0 or not embedded:
        return usual
    account = choose_account(usual / "postgres" / "cluster")
    if account.first_closed_folder(here) is None:
        return usual
    name = f"aidial-demo-{os.geteuid()}-{sha256(str(here).encode()).hexdigest()[:_HASH_LETTERS]}"
    other = _SHARED / name
    # The name can be guessed and everybody may write there: only a real folder of our own will do.
    if other.is_symlink() or (other.exists() and other.stat().st_uid != os.geteuid()):
        raise CommandStopped(f"{other} is not yours. Choose a folder with --data-dir.")
    say(f"PostgreSQL runs as {account.name}, who may not enter {here}; using {other}")
    return other
