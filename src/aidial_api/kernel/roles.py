"""Which database role the API runs as, and why it refuses others.

A newcomer would trust the URL's user. A superuser, an owner or a role with BYPASSRLS would see
every tenant, so the API becomes `aidial_app` where it may and otherwise refuses to start.
"""

import asyncpg

_OLDEST_SERVER = 150_000

_STATE = """
SELECT current_setting('server_version_num')::int AS server,
       current_user::text AS login,
       CASE WHEN current_user = 'aidial_app' OR to_regrole('aidial_app') IS NULL THEN false
            ELSE pg_has_role(current_user, 'aidial_app', 'MEMBER') END AS may_become_app
"""
_RIGHTS = """
SELECT r.rolsuper, r.rolbypassrls,
       coalesce(pg_has_role(r.oid, to_regrole('aidial_lookup'), 'MEMBER'), false) AS looks_up,
       EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
               AND c.relkind IN ('r', 'p') AND pg_has_role(r.oid, c.relowner, 'MEMBER')) AS owns_tables
FROM pg_roles r WHERE r.rolname = $1
"""


class DatabaseRefused(Exception):  # noqa: N818
    """The database answers but must not be used like this; the message says what to change."""


async def choose_role(url: str, *, timeout_s: float) -> str | None:
    """Return the role to become after login, or None to stay; raises `DatabaseRefused`."""
    try:
        connection = await asyncpg.connect(url, timeout=timeout_s, command_timeout=timeout_s)
    except ValueError:
        # The driver's, before it goes anywhere; its words hold what it was given.
        raise DatabaseRefused(
            "the database URL, or a PG... variable beside it, names something that cannot be used: look at"
            " hosts and ports, sslmode and the files of certificates"
        ) from None
    try:
        state = await connection.fetchrow(_STATE)
        if state is None or state["server"] < _OLDEST_SERVER:
            raise DatabaseRefused("PostgreSQL 15 or newer is needed")
        role = "aidial_app" if state["may_become_app"] else state["login"]
        rights = await connection.fetchrow(_RIGHTS, role)
        if rights is None:
            raise DatabaseRefused(f"the database role {role} does not exist")
    finally:
        await connection.close(timeout=timeout_s)
    for found, what in (
        (rights["rolsuper"], "is a superuser"),
        (rights["rolbypassrls"], "has BYPASSRLS"),
        (rights["looks_up"], "is a member of aidial_lookup"),
        (rights["owns_tables"], "owns tables of the schema public"),
    ):
        if found:
            raise DatabaseRefused(
                f"the database role {role} {what}: row-level security would not bind it. "
                "Connect as aidial_app, or as a role that was granted it",
            )
    return role if state["may_become_app"] else None
