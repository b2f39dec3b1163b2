"""Files that hold secrets: written whole or not at all, readable by their owner only.

The one thing a newcomer would get wrong: the mode is set when the file is created, never afterwards, so there
is no moment in which another user of the machine could open it.
"""

import os
import secrets
from pathlib import Path

OWNER_ONLY = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` with `content` in one step, mode 0600. The folder is made (0700) when it is missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def touch_private(path: Path) -> None:
    """Make `path` as an empty file of mode 0600 unless it exists. The folder is made (0700) when missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, OWNER_ONLY))


def is_private(path: Path) -> bool:
    """Whether nobody but the owner may read or write `path`."""
    return path.stat().st_mode & 0o077 == 0
