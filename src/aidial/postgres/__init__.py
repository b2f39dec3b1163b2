"""The embedded PostgreSQL: a real database without a server to install.

Used by `aidial demo` and by the tests; production sets `DATABASE_URL`. The one thing a newcomer would
get wrong: it is Linux only (parent-death signals, `/proc`), and one data folder serves one process.
"""

from aidial.postgres.errors import (
    DataFolderInUse,
    DataFolderUnreachable,
    PostgresError,
    WrongMajorVersion,
)
from aidial.postgres.server import EmbeddedPostgres, PostgresUrls

__all__ = [
    "DataFolderInUse",
    "DataFolderUnreachable",
    "EmbeddedPostgres",
    "PostgresError",
    "PostgresUrls",
    "WrongMajorVersion",
]
