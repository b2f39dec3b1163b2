"""Roles, database and extensions that migrations need and only a superuser can make.

Run at every start; every statement may be repeated. The one thing a newcomer would get wrong:
`aidial_owner` is no superuser, so its membership in `aidial_lookup` (to give it functions and tables)
and in `aidial_app` has to be granted here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from aidial.postgres.folder import Passwords

OWNER, APP, LOOKUP = "aidial_owner", "aidial_app", "aidial_lookup"
DATABASE = "aidial"

_NEVER = "NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS"
_ATTRIBUTES = {
    OWNER: f"LOGIN INHERIT CREATEROLE {_NEVER}",
    APP: f"LOGIN INHERIT NOCREATEROLE {_NEVER}",
    LOOKUP: f"NOLOGIN INHERIT NOCREATEROLE {_NEVER}",
}
_MEMBERSHIPS = (
    f"GRANT {LOOKUP} TO {OWNER} WITH ADMIN TRUE, INHERIT TRUE, SET TRUE",
    f"GRANT {APP} TO {OWNER} WITH ADMIN TRUE, INHERIT FALSE, SET TRUE",
)
_EXTENSIONS = ("pg_trgm", "btree_gin")


def provision(superuser_url: str, template1_url: str, database_url: str, passwords: Passwords) -> None:
    """Make what is missing and put right what differs. The three URLs are the superuser's."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        _make_roles(connection, passwords)
        _add_extensions(template1_url)
        make_database(connection, DATABASE)
    _add_extensions(database_url)


def make_database(
    connection: psycopg.Connection, name: str, template: str = "template1", *, replace: bool = False
) -> None:
    """Make a database owned by `aidial_owner` when it is missing; with `replace`, make it anew."""
    if replace:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    elif connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
        return
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
        )
    )
    # Everybody may connect to a new database unless that is taken away.
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(APP))
    )


def _make_roles(connection: psycopg.Connection, passwords: Passwords) -> None:
    known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    secrets = {OWNER: passwords.owner, APP: passwords.app}
    for role, attributes in _ATTRIBUTES.items():
        verb = "ALTER" if role in known else "CREATE"
        connection.execute(sql.SQL(f"{verb} ROLE {{}} {attributes}").format(sql.Identifier(role)))
        if role in secrets:  # hashed here, so that the server never sees the password itself
            hashed = connection.pgconn.encrypt_password(
                secrets[role].encode(), role.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed))
            )
    for grant in _MEMBERSHIPS:
        connection.execute(sql.SQL(grant))


def _add_extensions(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name in _EXTENSIONS:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))
