"""Make the cluster with `initdb`, once, and check what is there on later starts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aidial.postgres.errors import DataFolderInUse, PostgresError, WrongMajorVersion
from aidial.postgres.orphans import FOREIGN_SERVER
from aidial.postgres.settings import CLUSTER_NAME
from aidial.processes.spawn import spawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from aidial.postgres.account import Account
    from aidial.postgres.folder import DataFolder
    from aidial.postgres.programs import Programs

SUPERUSER = "postgres"
_ORPHANS = str(Path(__file__).with_name("orphans.py"))

# No operating-system locale: sorting then never changes with the machine's C library.
_INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--text-search-config=english",
)


def server_environment() -> dict[str, str]:
    """Return the environment of the server: nothing of ours, so that no secret of ours is in it."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def ensure_cluster(
    folder: DataFolder,
    account: Account,
    programs: Programs,
    superuser_password: str,
    say: Callable[[str], None],
) -> None:
    """Make `folder.cluster` when it is missing; check its major version when it is there.

    Errors: `WrongMajorVersion`, or `PostgresError` when `initdb` fails or the folder holds something else.
    """
    if folder.cluster.exists():
        _check_version(folder, programs)
        return
    if folder.unfinished.exists():
        say("An earlier start was interrupted while the database was being made; making it again")
        _end_orphans(folder, folder.unfinished, account, "", say)
        shutil.rmtree(folder.unfinished)
    say("Making the database (first start)")
    folder.unfinished.mkdir(mode=0o700)
    account.own(folder.unfinished)
    _run_initdb(folder, account, programs, superuser_password)
    folder.finish_cluster()


def end_earlier_server(folder: DataFolder, account: Account, say: Callable[[str], None]) -> None:
    """End what a killed server left running on the cluster, and a pid file that would stop the start.

    Errors: `DataFolderInUse` when a server that AiDial did not start runs there.
    """
    if (folder.cluster / "postmaster.pid").exists():
        _end_orphans(folder, folder.cluster, account, f"cluster_name={CLUSTER_NAME}", say)


def _end_orphans(
    folder: DataFolder, cluster: Path, account: Account, mark: str, say: Callable[[str], None]
) -> None:
    who = (account.run_as.uid, account.run_as.gid) if account.run_as else (-1, -1)
    with subprocess.Popen(  # noqa: S603  (no shell; the command is ours)
        [sys.executable, "-I", "-S", _ORPHANS, str(who[0]), str(who[1]), str(cluster), mark],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
    ) as child:
        words = []
        for line in child.stdout or ():
            words.append(line.strip())
            say(line.strip())
    if child.returncode == FOREIGN_SERVER:
        raise DataFolderInUse(folder.path, "a PostgreSQL server that AiDial did not start")
    if child.returncode != 0:
        raise PostgresError(f"Cannot end the earlier server on {cluster}: {' '.join(words)[-1000:]}")


def _run_initdb(folder: DataFolder, account: Account, programs: Programs, superuser_password: str) -> None:
    password_file = folder.logs / "first-password"
    password_file.unlink(missing_ok=True)
    fd = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, superuser_password.encode())
        os.close(fd)
        account.own(password_file)
        child = spawn(
            [
                str(programs.initdb),
                f"--pgdata={folder.unfinished}",
                f"--pwfile={password_file}",
                *_INITDB_OPTIONS,
            ],
            death_signal=signal.SIGKILL,
            env=server_environment(),
            output=subprocess.PIPE,
            run_as=account.run_as,
        )
        words = child.communicate()[0].decode("utf-8", "replace")
    finally:
        password_file.unlink(missing_ok=True)
    if child.returncode != 0:
        raise PostgresError(f"initdb failed in {folder.unfinished}:\n{words.strip()[-2000:]}")


def _check_version(folder: DataFolder, programs: Programs) -> None:
    try:
        found = (folder.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise PostgresError(
            f"{folder.cluster} is not a PostgreSQL data folder (it has no readable PG_VERSION). Nothing was "
            "changed. Restore it from a backup, or choose another data folder."
        ) from None
    if found != programs.major:
        raise WrongMajorVersion(folder.path, found, programs.major)
