"""Writing the calls of a plan: one transaction a slice, the next slice made while the server writes.

The one thing a newcomer would get wrong: COPY refuses tables under row-level security, so rows are copied to
a temporary table and inserted from there, as the owner and under the policies like everybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from operator import attrgetter

import asyncpg

from aidial.bulk import indexes
from aidial.bulk.binary import HEADER, TRAILER
from aidial.bulk.plan import Line, Plan, external_id
from aidial.bulk.recordings import COLUMNS as RECORDING_COLUMNS
from aidial.bulk.recordings import Recording, write_files
from aidial.bulk.rows import TRANSCRIPT_COLUMNS, LineRows, staged_columns
from aidial.bulk.templates import Template, templates
from aidial.console import Bar, progress_bar
from aidial_api.kernel.crypto import MasterKey, TenantKey, TenantKeys
from aidial_api.kernel.db import owner_transaction
from aidial_api.kernel.reach import Reach, begin_text
from aidial_api.kernel.storage import Storage
from aidial_api.provisioning import NewClient, NewProject, Provisioner
from aidial_api.recounting import parts_of, recount

STATEMENT_TIMEOUT_S = 600
ROWS_A_PIECE = 200
_KINDS = (
    "SELECT attname, atttypid::regtype::text FROM pg_attribute"
    " WHERE attrelid = 'calls'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
)
_LONG_NAMES = {"integer": "int4", "boolean": "bool", "timestamp with time zone": "timestamptz"}
_STAGE = """
CREATE TEMPORARY TABLE staged_calls (LIKE calls INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
ALTER TABLE staged_calls ADD COLUMN tokens bytea[];
CREATE TEMPORARY TABLE staged_transcripts (LIKE transcripts INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE staged_recordings (LIKE recordings INCLUDING DEFAULTS) ON COMMIT DELETE ROWS
"""
# Rows of one slice refer to one another and to projects just read: who may, saves asking for each.
_MAY_SKIP = "SELECT has_parameter_privilege('session_replication_role', 'SET')"
# By token, so that one page of the index takes several at a time.
_TOKENS = """
INSERT INTO caller_tokens (client_id, token, started_at, call_id, project_id)
SELECT s.client_id, token, s.started_at, s.call_id, s.project_id
FROM staged_calls s, unnest(s.tokens) AS token ORDER BY s.client_id, token, s.started_at
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """The calls of one transaction, as COPY takes them."""

    calls: list[bytes]
    transcripts: list[bytes]
    recordings: list[Recording]


class Loader:
    """Brings a plan's tenants and calls into a database. Every call of it may be repeated.

    Recordings are made where there is a `storage` for them.
    """

    def __init__(self, owner_url: str, master_key: bytes, plan: Plan, storage: Storage | None = None) -> None:
        self._url, self._master, self._plan, self._storage = owner_url, MasterKey(master_key), plan, storage
        self._provisioner = Provisioner(owner_url, master_key, "")
        self._begin = begin_text(Reach(tuple(tenant.client_id for tenant in plan.tenants)))
        self._columns: list[str] = []

    async def load(self, bar: Bar = progress_bar) -> int:
        """Write what is not there yet, each part under a `bar`. Gives back how many calls are new.

        Cancelled, it leaves whole slices and nothing of the one under way; another run goes on.
        """
        await self._provisioner.require_master_key()
        lines = await self._lines()
        todo = await self._missing(lines)
        connection = await asyncpg.connect(self._url, command_timeout=STATEMENT_TIMEOUT_S)
        written = 0
        try:
            with bar("Writing calls", self._plan.total) as show:
                there = self._plan.total - self._count_of(lines, todo)
                show(there)
                async for rows in self._written(connection, lines, todo):
                    written += rows
                    show(there + written)
            made = await indexes.make(connection, bar)
            if made or todo:
                await indexes.tidy(connection)
            if made:
                await indexes.forget(connection)
        finally:
            connection.terminate()  # what is not committed is undone
        await self._count()
        return written

    def _count_of(self, lines: list[Line], todo: list[int]) -> int:
        slices = self._plan.slices
        return sum(line.up_to(part + 1, slices) - line.up_to(part, slices) for line in lines for part in todo)

    async def _written(
        self, connection: asyncpg.Connection, lines: list[Line], todo: list[int]
    ) -> AsyncIterator[int]:
        """How many calls a slice has, as soon as it is committed."""
        if not todo:
            return
        makers = await self._makers(connection, lines)
        await indexes.take_off(connection)
        await _prepare(connection)
        async for rows in _made_ahead(makers, todo, self._plan.slices):
            await self._write(connection, rows)
            yield len(rows.calls)

    async def _count(self) -> None:
        """The dashboards' numbers, once for all slices; a run that was broken off leaves it to the next."""
        parts = await parts_of(self._url, [tenant.client_id for tenant in self._plan.tenants])
        async for _ in recount(self._url, parts):
            pass

    async def _lines(self) -> list[Line]:
        """Make the tenants that are missing; their lines, those of an existing one by its own projects."""
        lines: list[Line] = []
        for tenant in self._plan.tenants:
            if not await self._provisioner.has_client(tenant.client_id):
                await self._provisioner.add_client(
                    NewClient(
                        client_id=tenant.client_id,
                        name=tenant.name,
                        timezone=tenant.business.timezone,
                        projects=tuple(
                            NewProject(
                                project_id=line.project_id,
                                display_name=line.project.name,
                                timezone=tenant.business.timezone,
                            )
                            for line in tenant.lines()
                        ),
                    )
                )
                await self._provisioner.publish_projects(tenant.client_id)
            lines += tenant.lines(await self._project_ids(tenant.client_id))
        return [line for line in lines if line.count]

    async def _project_ids(self, client_id: str) -> tuple[str, ...]:
        async with owner_transaction(self._url, Reach((client_id,))) as tx:
            rows = await tx.fetch(
                "SELECT project_id::text FROM projects WHERE client_id = $1"
                " ORDER BY created_at, display_name",
                client_id,
            )
        return tuple(row["project_id"] for row in rows)

    async def _makers(self, connection: asyncpg.Connection, lines: list[Line]) -> list[LineRows]:
        kinds = {name: _LONG_NAMES.get(kind, kind) for name, kind in await connection.fetch(_KINDS)}
        keys: dict[str, TenantKey] = {}
        held = TenantKeys(self._master)
        for client_id in {line.client_id for line in lines}:
            async with owner_transaction(self._url, Reach((client_id,))) as tx:
                keys[client_id] = await held.get(tx, client_id)
        pools: dict[str, list[Template]] = {}
        with ProcessPoolExecutor(1) as redactors:
            for line in lines:
                known = line.project.project_id
                if known not in pools:
                    pools[known] = await templates(
                        line.business, line.project, self._plan.total, kinds, redactors, self._plan.seed
                    )
        self._columns = staged_columns(next(iter(pools.values()))[0].others)
        return [
            LineRows(
                line,
                self._plan,
                pools[line.project.project_id],
                keys[line.client_id],
                len(self._columns),
                records=self._storage is not None,
            )
            for line in lines
        ]

    async def _missing(self, lines: list[Line]) -> list[int]:
        """The slices that are not written: one call of a slice tells of all."""
        plan = self._plan
        line = max(lines, key=lambda each: each.count)
        firsts = {
            external_id(plan.seed, line, line.up_to(part, plan.slices)): part
            for part in range(plan.slices)
            if line.up_to(part, plan.slices) < line.up_to(part + 1, plan.slices)
        }
        async with owner_transaction(self._url, Reach((line.client_id,))) as tx:
            rows = await tx.fetch(
                "SELECT external_id FROM calls WHERE client_id = $1 AND project_id = $2"
                " AND external_id = any($3::text[])",
                line.client_id,
                line.project_id,
                list(firsts),
            )
        written = {firsts[row["external_id"]] for row in rows}
        return [part for part in range(plan.slices) if part not in written]

    async def _write(self, connection: asyncpg.Connection, rows: Slice) -> None:
        if self._storage is not None:
            await write_files(self._storage, rows.recordings)
        await connection.execute(self._begin)
        for table, columns, copied in (
            ("calls", self._columns, rows.calls),
            ("transcripts", TRANSCRIPT_COLUMNS, rows.transcripts),
            ("recordings", RECORDING_COLUMNS, [one.row for one in rows.recordings]),
        ):
            await _copy(connection, table, columns, copied)
            names = ", ".join(name for name in columns if name != "tokens")
            await connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM staged_{table}")
        await connection.execute(_TOKENS)
        await connection.execute("COMMIT")


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.execute("SET synchronous_commit = off")
    await connection.execute("SET app.count_later = 'yes'")
    if await connection.fetchval(_MAY_SKIP):
        await connection.execute("SET session_replication_role = replica")
    await connection.execute(_STAGE)


async def _made_ahead(makers: list[LineRows], parts: list[int], of: int) -> AsyncIterator[Slice]:
    """The slices in turn; each is made, in a thread, while the one before is written."""
    coming: asyncio.Task[Slice] | None = None
    for part in parts:
        made, coming = coming, asyncio.create_task(asyncio.to_thread(_slice, makers, part, of))
        if made is not None:
            yield await made
    if coming is not None:
        yield await coming


def _slice(makers: list[LineRows], part: int, of: int) -> Slice:
    calls = [call for maker in makers for call in maker.of_slice(part, of)]
    calls.sort(key=attrgetter("started"))
    return Slice(
        [call.row for call in calls],
        [call.transcript for call in calls if call.transcript],
        [call.recording for call in calls if call.recording],
    )


async def _copy(
    connection: asyncpg.Connection, table: str, columns: Sequence[str], rows: Sequence[bytes]
) -> None:
    await connection.copy_to_table(
        f"staged_{table}", source=_pieces(rows), columns=columns, format="binary", timeout=STATEMENT_TIMEOUT_S
    )


async def _pieces(rows: Sequence[bytes]) -> AsyncIterator[bytes]:
    yield HEADER
    for start in range(0, len(rows), ROWS_A_PIECE):
        yield b"".join(rows[start : start + ROWS_A_PIECE])
    yield TRAILER
