"""`aidial doctor`: is this installation fit to serve, and if not, what is to be done."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import asyncpg
import typer

from aidial.stops import Exit
from aidial_contract.settings import ConfigurationError

if TYPE_CHECKING:
    from aidial_api.settings import Settings

_TIMEOUT_S = 5.0
_UNWALLED = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND c.relname NOT IN ('alembic_version', 'indexes_to_make', 'installation')
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1
"""
_SEALS = """
SELECT (SELECT count(*) FROM audit_unsealed WHERE at < now() - interval '10 s') AS late,
       (SELECT count(*) FROM audit_chains
        WHERE seq > checkpoint_seq AND coalesce(checkpoint_at, sealed_at) < now() - $1::interval) AS unsigned
"""
_CHECKPOINTS_LATE = 10
"""After so many of the intervals in which they are due, checkpoints are not being written."""
_WORKING = (
    "SELECT count(*) FROM jobs.procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'"
)

_PILED_UP = "SELECT EXISTS (SELECT 1 FROM call_count_changes OFFSET $1)"
MANY_CHANGES = 50_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `todo` is empty when all is well, `code` is what a failure ends in."""

    name: str
    todo: str = ""
    code: Exit = Exit.FAILED
    warning: bool = False


def command() -> None:
    """Check configuration, database, migrations, key, indexes, walls, worker, numbers, seals, issuer, limits.

    Reads what `aidial api` reads. Exit codes: 0 all well (warnings included), 78 configuration, 69 something
    does not answer, 1 something answers and is wrong.

    Example: aidial doctor
    """
    findings = asyncio.run(_examine())
    for finding in findings:
        mark = "ok  " if not finding.todo else "warn" if finding.warning else "FAIL"
        typer.echo(f"{mark}  {finding.name}{f': {finding.todo}' if finding.todo else ''}")
    codes = [finding.code for finding in findings if finding.todo and not finding.warning]
    if codes:
        raise typer.Exit(max(codes))


async def _examine() -> list[Finding]:
    from aidial_api.settings import read_settings  # noqa: PLC0415

    try:
        settings = read_settings(os.environ)
    except ConfigurationError as error:
        problems = "; ".join(f"{name} {reason}" for name, reason in error.problems.items())
        return [Finding("configuration", problems, Exit.CONFIGURATION)]
    return [
        Finding("configuration"),
        *await _database(settings),
        await _issuer(settings.issuer),
        *await _store(settings.limits_url),
    ]


async def _store(url: str | None) -> list[Finding]:
    from aidial_limits import SharedWindows  # noqa: PLC0415

    if url is None:
        return []
    shared = SharedWindows(url)
    try:
        answers = await shared.open()
    finally:
        shared.close()
    todo = "" if answers else "AIDIAL_LIMITS_URL does not answer; each process counts rates for itself"
    return [Finding("limiter store answers", todo, warning=True)]


async def _database(settings: Settings) -> list[Finding]:
    from aidial_api.kernel.roles import DatabaseRefused, choose_role  # noqa: PLC0415

    url = settings.database_url
    try:
        role = await choose_role(url, timeout_s=_TIMEOUT_S)
        connection = await asyncpg.connect(url, timeout=_TIMEOUT_S, command_timeout=_TIMEOUT_S)
    except DatabaseRefused as refused:
        return [Finding("database can be used", str(refused), Exit.CONFIGURATION)]
    except (OSError, asyncpg.PostgresError) as gone:
        return [Finding("database reachable", f"it does not answer: {gone}", Exit.UNAVAILABLE)]
    try:
        if role is not None:
            await connection.execute(f'SET ROLE "{role}"')
        checks: list[Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[Finding]]] = [
            _migrations,
            partial(_master_key, settings.master_key),
            _indexes,
            _walls,
            _workers,
            _counts,
        ]
        found = [Finding("database reachable"), Finding("role is bound by row-level security")]
        found += [await check(connection) for check in checks]
        return [*found, *await _seals(connection, timedelta(seconds=settings.checkpoints.every_s))]
    finally:
        await connection.close(timeout=_TIMEOUT_S)


async def _migrations(connection: asyncpg.Connection[asyncpg.Record]) -> Finding:
    from aidial_api.kernel.migrate import head  # noqa: PLC0415

    try:
        found = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        found = None
    if found == head():
        return Finding("migrations at head")
    return Finding(
        "migrations at head",
        f"the database is at {found or 'nothing'}, this version needs {head()}; run: aidial db migrate",
    )


async def _master_key(secret: bytes, connection: asyncpg.Connection[asyncpg.Record]) -> Finding:
    from aidial_api.kernel.crypto import MasterKey  # noqa: PLC0415

    name = "master key is the database's"
    try:
        known = await connection.fetchval("SELECT master_key_id FROM installation")
    except asyncpg.UndefinedTableError:
        return Finding(name)  # the migrations are not at head, which is said
    if known is None or known == MasterKey(secret).key_id:
        return Finding(name)
    return Finding(name, "it was made with another; set AIDIAL_MASTER_KEY to that one", Exit.CONFIGURATION)


async def _indexes(connection: asyncpg.Connection[asyncpg.Record]) -> Finding:
    broken_off = await connection.fetchval("SELECT to_regclass('indexes_to_make') IS NOT NULL")
    return Finding(
        "indexes are there", "aidial seed was broken off; run the same command again" if broken_off else ""
    )


async def _walls(connection: asyncpg.Connection[asyncpg.Record]) -> Finding:
    rows = await connection.fetch(_UNWALLED)
    names = ", ".join(row["relname"] for row in rows)
    return Finding(
        "row-level security forced", f"not on {names}; restore the migrations' policies" if names else ""
    )


async def _workers(connection: asyncpg.Connection[asyncpg.Record]) -> Finding:
    try:
        working = await connection.fetchval(_WORKING)
    except asyncpg.PostgresError:
        working = 0
    todo = "" if working else "none has been heard of for a minute; run: aidial worker"
    return Finding("a worker works", todo, warning=True)


async def _counts(connection: asyncpg.Connection[asyncpg.Record]) -> Finding:
    try:
        piled_up = await connection.fetchval(_PILED_UP, MANY_CHANGES)
    except asyncpg.PostgresError:
        piled_up = False
    todo = "changes of numbers pile up, nobody folds them; run: aidial worker" if piled_up else ""
    return Finding("numbers are folded", todo, warning=True)


async def _seals(
    connection: asyncpg.Connection[asyncpg.Record], checkpoints_every: timedelta
) -> list[Finding]:
    """Whether the activity log is sealed, and vouched for outside."""
    from aidial_api.kernel.audit_chain.sealer import AS_SEALER  # noqa: PLC0415

    try:
        async with connection.transaction():
            await connection.execute(AS_SEALER)
            row = await connection.fetchrow(_SEALS, checkpoints_every * _CHECKPOINTS_LATE)
    except asyncpg.UndefinedTableError:
        return []  # the migrations are not at head, which is said
    late, unsigned = (row["late"], row["unsigned"]) if row is not None else (0, 0)
    waits = f"{late:,} events wait for their seal for more than 10 s; is a worker running?" if late else ""
    lags = (
        f"of {unsigned:,} chains no checkpoint could be written; see the worker's log for"
        " audit.checkpoint_failed or audit.chain_broken"
    )
    return [
        Finding("activity log is sealed", waits, warning=True),
        Finding("checkpoints are written", lags if unsigned else "", warning=True),
    ]


async def _issuer(issuer: str) -> Finding:
    url = f"{issuer}/.well-known/openid-configuration"
    try:
        async with (
            asyncio.timeout(_TIMEOUT_S),
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            document = await answer.json(content_type=None)
            named = document.get("issuer") if isinstance(document, dict) else None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as gone:
        return Finding("issuer reachable", f"{url} does not answer: {type(gone).__name__}", Exit.UNAVAILABLE)
    if not isinstance(named, str) or named.rstrip("/") != issuer:
        return Finding(
            "issuer reachable", "it calls itself by another name than ZITADEL_ISSUER", Exit.CONFIGURATION
        )
    return Finding("issuer reachable")
