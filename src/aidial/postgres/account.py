"""The operating-system user PostgreSQL runs as. PostgreSQL refuses root, so root lends it another user.

The one thing a newcomer would get wrong: no folder above the data folder is ever changed. When the
other user cannot pass through one, the person is told which, and decides.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidial.postgres.errors import DataFolderUnreachable, PostgresError
from aidial.processes.spawn import RunAs, spawn

if TYPE_CHECKING:
    from pathlib import Path

_FIRST_CLOSED = 'for folder in "$@"; do [ -x "$folder" ] || { printf %s "$folder"; exit 0; }; done'


@dataclass(frozen=True, slots=True)
class Account:
    """`run_as` is None when the server runs as the caller itself (who is not root)."""

    name: str
    run_as: RunAs | None

    def own(self, path: Path) -> None:
        """Give one file or folder to the server's user."""
        if self.run_as:
            os.chown(path, self.run_as.uid, self.run_as.gid, follow_symlinks=False)

    def first_closed_folder(self, folder: Path) -> Path | None:
        """Return the topmost folder on the way to (and including) `folder` that this user cannot enter.

        The question is put to the kernel as that user, so access lists count as well.
        """
        if self.run_as is None:
            return None
        way = [*reversed(folder.parents), folder]
        child = spawn(
            ["/bin/sh", "-c", _FIRST_CLOSED, "sh", *map(str, way)],
            death_signal=signal.SIGKILL,
            env={},
            output=subprocess.PIPE,
            run_as=self.run_as,
        )
        answer = child.communicate(timeout=30)[0].decode(errors="surrogateescape")
        if child.returncode != 0:
            raise PostgresError(f"Cannot run anything as {self.name}: {answer.strip()[-300:]}")
        return next((step for step in way if str(step) == answer), None)

    def require_way_to(self, folder: Path) -> None:
        """Raise `DataFolderUnreachable` when this user cannot enter `folder`."""
        closed = self.first_closed_folder(folder)
        if closed is not None:
            raise DataFolderUnreachable(closed, folder, self.name)


def choose_account(owned: Path) -> Account:
    """Decide who runs the server: the caller, or for root the owner of `owned`, `postgres` or `nobody`.

    `owned` is the first existing folder of: the cluster, the data folder. Errors: `PostgresError` when
    the caller is neither root nor the owner of an existing folder.
    """
    owner = owned.stat().st_uid if owned.exists() else None
    me = os.geteuid()
    if me != 0:
        if owner not in (None, me):
            raise PostgresError(
                f"The data folder {owned} belongs to {_name(owner or 0)}, and you are {_name(me)}. "
                "Start AiDial as its owner (or as root), or choose another data folder."
            )
        return Account(_name(me), None)
    if owner:
        return _account_of(owner)
    for name in ("postgres", "nobody"):
        try:
            return _account_of(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    return _account_of(65534)


def _account_of(uid: int) -> Account:
    try:
        gid = pwd.getpwuid(uid).pw_gid
    except KeyError:
        gid = uid
    return Account(_name(uid), RunAs(uid, gid))


def _name(uid: int) -> str:
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user number {uid}"
