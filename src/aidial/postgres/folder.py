"""The data folder: what lies where in it, its lock, its passwords.

`cluster/` (PostgreSQL's own, 0700, the server's user), `log/` (same), `programs/` (only when the virtual
environment is out of the server's reach), `lock`, `passwords.json` (0600, the caller's). The one thing a
newcomer would get wrong: `cluster/` comes into being by one rename after `initdb` has finished, so its
existence IS the mark of a finished `initdb`, and an unfinished one never held anybody's data.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING

from aidial.postgres.errors import DataFolderInUse, PostgresError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Passwords:
    """Random passwords of the three login roles, 32 bytes each in URL-safe letters."""

    superuser: str
    owner: str
    app: str


class DataFolder:
    """Paths of one data folder, and the lock that makes a start the only one."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.cluster = self.path / "cluster"
        self.unfinished = self.path / "cluster.unfinished"
        self.logs = self.path / "log"
        self.programs = self.path / "programs"
        self.start_log = self.path / "start.log"
        self._lock_path = self.path / "lock"
        self._passwords_path = self.path / "passwords.json"
        self._lock_fd: int | None = None

    @property
    def locked(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock_fd is not None

    def make(self) -> None:
        """Make the folder (0700) when it is missing; missing parents get the usual mode."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise PostgresError(f"Cannot make the data folder {self.path}: {error.strerror}") from error

    def let_through(self) -> None:
        """Let the server's user pass through the data folder itself (not list it)."""
        mode = self.path.stat().st_mode & 0o7777
        if not mode & 0o001:
            self.path.chmod(mode | 0o011)

    def lock(self) -> None:
        """Take the lock or raise `DataFolderInUse`. The kernel frees it when this process dies."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            fd = os.open(self._lock_path, flags, 0o600)
        except OSError as error:
            raise PostgresError(f"Cannot open {self._lock_path}: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(fd, 32).decode("ascii", "replace").strip()
            os.close(fd)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise DataFolderInUse(self.path, f"process {holder}" if holder else "another process") from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._lock_fd = fd

    def unlock(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def passwords(self) -> Passwords:
        """Read the passwords, or make them before the first `initdb`.

        Errors: `PostgresError` when a finished cluster has lost its passwords file.
        """
        try:
            return Passwords(**json.loads(self._passwords_path.read_bytes()))
        except FileNotFoundError:
            if self.cluster.exists():
                raise PostgresError(
                    f"{self._passwords_path} is missing, and the database in {self.cluster} cannot be opened "
                    "without it. Restore it from a backup."
                ) from None
        except (ValueError, TypeError):
            raise PostgresError(f"{self._passwords_path} is damaged. Restore it from a backup.") from None
        made = Passwords(*(secrets.token_urlsafe(32) for _ in range(3)))
        self._write_durably(self._passwords_path, json.dumps(asdict(made)))
        return made

    def open_start_log(self) -> IO[bytes]:
        """Open the log of one start, emptied; the server's later words go to `log/`."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(self.start_log, flags, 0o600), "wb")

    def finish_cluster(self) -> None:
        """Turn the unfinished cluster into the cluster, durably."""
        self.unfinished.rename(self.cluster)
        self._sync()

    def _write_durably(self, path: Path, text: str) -> None:
        unfinished = path.with_name(f"{path.name}.unfinished")
        unfinished.unlink(missing_ok=True)
        fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        self._sync()

    def _sync(self) -> None:
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
