"""What can go wrong with the embedded PostgreSQL, in words for the person who started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class PostgresError(RuntimeError):
    """The embedded PostgreSQL cannot start or stop. The text says what to do."""


class DataFolderInUse(PostgresError):  # noqa: N818  (the name callers catch)
    """Another process runs a server on this data folder."""

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(
            f"The data folder {folder} is in use by {holder}. "
            "Stop that one first, or choose another data folder."
        )
        self.folder = folder


class DataFolderUnreachable(PostgresError):  # noqa: N818
    """The server's user may not pass through a folder above the data folder."""

    def __init__(self, blocked: Path, wanted: Path, user: str) -> None:
        super().__init__(
            f"PostgreSQL does not run as root, so it runs as {user}, who may not pass through {blocked} "
            f"on the way to {wanted}. Either choose a data folder elsewhere (for example below /var/lib), "
            f"or allow passing through with: chmod o+x {blocked}"
        )
        self.blocked = blocked


class WrongMajorVersion(PostgresError):  # noqa: N818
    """The data folder was made by another major version of PostgreSQL."""

    def __init__(self, folder: Path, found: str, ours: str) -> None:
        super().__init__(
            f"The data folder {folder} belongs to PostgreSQL {found}; this AiDial brings PostgreSQL {ours}. "
            f"Nothing was changed. Export it with PostgreSQL {found}, or choose another data folder."
        )
