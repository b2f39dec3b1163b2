"""Brings a database to the newest shape, from the program and never from an ini file.

Migrations run as the role that owns the tables. A newcomer would run them as the application role:
that role owns nothing, and the API refuses to start with one that does.
"""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import OperationalError, ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent.parent / "migrations"
HEAD_FILE = HERE / "HEAD"
# Any number, the same for every process that migrates one database.
_ONE_AT_A_TIME = 4_211_903_377
_CONNECT_TIMEOUT_S = 10

_ROLES = """
SELECT r.rolcreaterole,
       r.rolsuper,
       to_regrole('aidial_app') IS NOT NULL AS has_app,
       to_regrole('aidial_lookup') IS NOT NULL AS has_lookup,
       coalesce(pg_has_role(r.oid, to_regrole('aidial_lookup'), 'SET'), false) AS may_be_lookup,
       has_schema_privilege('public', 'CREATE WITH GRANT OPTION') AS may_grant
FROM pg_roles r WHERE r.rolname = current_user
"""
_INDEXES_ARE_OFF = "SELECT to_regclass('public.indexes_to_make') IS NOT NULL"
_ROLES_BEFORE_16 = _ROLES.replace("'SET'", "'MEMBER'")
_SERVER_16 = 160_000


class MigrationRefused(Exception):  # noqa: N818
    """The database cannot be migrated as it stands; the message says what an administrator must do."""


def head() -> str:
    """Return the newest revision, as the file `migrations/HEAD` names it."""
    return HEAD_FILE.read_text(encoding="ascii").strip()


def current(owner_url: str) -> str | None:
    """Return the database's revision, or None for a database nothing was migrated in."""
    with _connection(owner_url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(owner_url: str) -> None:
    """Bring the database to `head()`; one transaction, one process at a time, harmless when repeated.

    Then `calls` are looked over, where there were some before.

    Makes the roles `aidial_app` and `aidial_lookup` where the role may. Raises `MigrationRefused`
    with what an administrator must run, or that the database does not answer.
    """
    with _connection(owner_url) as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
        _make_roles(connection)
        before = MigrationContext.configure(connection).get_current_revision()
        if before not in {None, head()} and connection.exec_driver_sql(_INDEXES_ARE_OFF).scalar():
            raise MigrationRefused(
                "aidial seed was broken off and indexes are to be made: run the same command again, with the"
                " version that began it, and then migrate"
            )
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        if before not in {None, head()}:
            # What wrote a table anew left nothing known of it, and indexes alone would not do for counting.
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM (ANALYZE) calls")


def revise(message: str, revision: str) -> Path:
    """Write an empty migration called `message` and make it the head.

    `revision` is the time as `YYYYMMDDHHMM`, so that file names sort by age. Returns the new file.
    """
    if revision <= head():
        raise ValueError(f"a migration must be younger than {head()}")
    script = command.revision(_config(), message=message, rev_id=revision)
    if script is None or isinstance(script, list):
        raise RuntimeError("Alembic wrote no single migration")
    HEAD_FILE.write_text(f"{revision}\n", encoding="ascii")
    return Path(script.path)


def script_head() -> str | None:
    """Return the newest revision among the migration files themselves (the test of the file HEAD)."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _connection(owner_url: str) -> "Iterator[sqlalchemy.Connection]":
    try:
        # SQLAlchemy's own reader of URLs knows no several hosts, and no folder of a socket in a host's place.
        given = conninfo_to_dict(owner_url)
    except psycopg.ProgrammingError:
        raise MigrationRefused(
            "the owner's database URL has a parameter that PostgreSQL does not know"
        ) from None
    own = {"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "aidial migrate"}
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", poolclass=sqlalchemy.NullPool, connect_args={**given, **own}
    )
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as lost:
        raise MigrationRefused(f"the database does not answer: {_first_line(lost)}") from lost
    except ProgrammingError as refused:
        if not isinstance(refused.orig, InsufficientPrivilege):
            raise
        raise MigrationRefused(f"the migrating role may not do this: {_first_line(refused)}") from refused
    finally:
        engine.dispose()


def _first_line(error: OperationalError | ProgrammingError) -> str:
    # The driver's own message: SQLAlchemy's adds the statement. Neither holds the password.
    return str(error.orig).strip().splitlines()[0]


def _make_roles(connection: sqlalchemy.Connection) -> None:
    version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    state = connection.exec_driver_sql(_ROLES if version >= _SERVER_16 else _ROLES_BEFORE_16).one()
    wanted = []
    if not state.has_app:
        wanted.append("CREATE ROLE aidial_app NOLOGIN NOSUPERUSER NOBYPASSRLS")
        wanted.append("GRANT aidial_app TO CURRENT_USER")
    if not state.has_lookup:
        wanted.append("CREATE ROLE aidial_lookup NOLOGIN NOSUPERUSER NOBYPASSRLS")
    if not (state.has_lookup and state.may_be_lookup):
        wanted.append("GRANT aidial_lookup TO CURRENT_USER")
    owner = connection.exec_driver_sql(
        "SELECT quote_ident(current_user), quote_ident(current_database())"
    ).one()
    if not state.may_grant:
        raise MigrationRefused(
            f"the schema public must belong to the migrating role; run as an administrator: "
            f"ALTER DATABASE {owner[1]} OWNER TO {owner[0]};",
        )
    try:
        with connection.begin_nested():
            for sql in wanted:
                connection.exec_driver_sql(sql)
    except ProgrammingError as refused:
        sql = " ".join(f"{line.replace('CURRENT_USER', owner[0])};" for line in wanted)
        raise MigrationRefused(f"the database roles are missing; run as an administrator: {sql}") from refused
