"""Calls as CSV: counted and recorded first, then walked by keyset, a part at a time.

The one thing a newcomer would get wrong: no transaction lasts as long as the reader does. Each part is read
in one of its own, after asking once more whether the person may, so a slow reader holds no connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.guard import still_allowed
from aidial_api.kernel.redaction import redact
from aidial_api.kernel.route import Answer
from aidial_api.kernel.scoping import database_reach
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls import listing
from aidial_api.surfaces.calls.caller import calls_of_caller
from aidial_api.surfaces.calls.columns import Lines, columns_for
from aidial_api.surfaces.calls.question import Caller
from aidial_api.surfaces.calls.sensitive import refuse_sensitive
from aidial_contract import errors
from aidial_contract.access import Level
from aidial_contract.csv_text import BOM, csv_lines
from aidial_contract.fault import Fault
from aidial_contract.limits import EXPORT_ROWS
from aidial_contract.params import CALL_FILTERS, CALLER, PERIOD_PARAMS, SEARCH
from aidial_contract.scope import ProjectReach
from aidial_contract.shapes.common import Matching
from aidial_contract.shapes.downloads import CSV

FIRST_ROWS: Final = 200
"""Read before the first byte; a reader sees soon that something comes."""
PART_ROWS: Final = 1_000
PIECE_ROWS: Final = 100
"""Written at a time, so that nobody else of this process waits for more."""
COUNT_MS: Final = 3_000
TOTAL_MS: Final = 500
"""How long counting may take what is too much anyway."""
_OPTIONS: Final = frozenset({"project_id", "client_id", "sort", "include", "reason", "bom"})
_NARROWING: Final = (*PERIOD_PARAMS, *CALL_FILTERS, CALLER, SEARCH)


@dataclass(frozen=True, slots=True)
class _Export:
    """One export: whose calls, whether they are few, and how a row of them is written."""

    ask: Ask
    project: ProjectReach
    caller: Caller
    few: bool
    lines: Lines

    async def read(self, tx: Tx, after: listing.Position | None, most: int) -> Sequence[asyncpg.Record]:
        """The next rows after a position."""
        ask = self.ask
        return await listing.read_rows(
            tx, ask.reach, ask.query, self.caller, after, most, self.lines.selected, few=self.few
        )

    async def read_on(self, last: asyncpg.Record) -> Sequence[asyncpg.Record]:
        """A part after a call, in a transaction of its own."""
        after = listing.position_of(last, self.ask.query, Matching(count=0, capped=False))
        async with self.ask.services.db.transaction(database_reach(self.ask), read_only=True) as tx:
            return await self.read(tx, after, PART_ROWS)


async def export(ask: Ask) -> Answer:
    """A CSV file of every call that matches. 413 `export_too_large` before anything is sent.

    The event stands in the log before the first byte flows. HEAD exports nothing, so it leaves none.
    """
    if ask.query["q"] is not None:
        refuse_sensitive(ask)
    caller = await calls_of_caller(ask) if ask.query["caller"] is not None else None
    matching = await _counted(ask, caller)
    level = ask.level or Level.METADATA_MASKED
    project = ask.reach.projects[0]
    zone = ZoneInfo(project.timezone)
    columns = columns_for(level, ask.query["include"] or ())
    shown = Level.FULL if level in {Level.FULL, Level.METADATA} else Level.MASKED
    key = await ask.services.tenant_keys.get(ask.tx, project.client_id)
    few = matching <= listing.FEW
    export = _Export(ask, project, caller, few, Lines(columns, zone, shown, key))
    if ask.method != "HEAD":
        await record(ask, _event(ask, export, matching))
    rows = await export.read(ask.tx, None, FIRST_ROWS)
    head = BOM if ask.query["bom"] == "yes" else b""
    first = head + csv_lines([columns]) + export.lines.written(rows)
    today = datetime.now(UTC).astimezone(zone).date()
    return Answer(
        stream=_parts(export, first, rows),
        media_type=f"{CSV}; charset=utf-8; header=present",
        headers={"content-disposition": f'attachment; filename="calls-{today.isoformat()}.csv"'},
    )


async def _counted(ask: Ask, caller: Caller) -> int:
    limit = ask.services.settings.numbers.size(EXPORT_ROWS)
    matching = await listing.count(ask.tx, ask.reach, ask.query, caller, at_most=limit, within_ms=COUNT_MS)
    if matching is None:
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason="counting what matches took too long")
    if matching <= limit:
        return matching
    every = await listing.count(
        ask.tx, ask.reach, ask.query, caller, at_most=listing.EVERY, within_ms=TOTAL_MS
    )
    used = {name for name, _ in ask.raw_query} - {"from", "to"}
    details: dict[str, Any] = {
        "matching": every or matching,
        "matching_capped": every is None,
        "limit": limit,
        "narrow_by": [
            param.name
            for param in _NARROWING
            # Nobody is told to use what is a 404 to them.
            if param.name not in used
            and (param.permission is None or ask.actor.level(param.permission) is not None)
        ],
    }
    raise Fault(errors.EXPORT_TOO_LARGE, details=details, reason="too many calls match")


def _event(ask: Ask, export: _Export, matching: int) -> Event:
    reason = ask.query["reason"]
    return Event(
        action="calls.exported",
        target_kind="project",
        target_id=export.project.project_id,
        client_id=export.project.client_id,
        project_id=export.project.project_id,
        why=None if reason is None else redact(reason).text,
        technical={
            "count": matching,
            "filters": sorted({name for name, _ in ask.raw_query} - _OPTIONS),
            "include": list(ask.query["include"] or ()),
        },
    )


async def _parts(
    export: _Export, first: bytes, rows: Sequence[asyncpg.Record]
) -> AsyncGenerator[bytes, None]:
    """Part after part; the database looks for one while the part before is written."""
    coming = asyncio.create_task(export.read_on(rows[-1])) if len(rows) == FIRST_ROWS else None
    try:
        yield first
        while coming is not None:
            rows, coming = await coming, None
            await still_allowed(export.ask)
            if len(rows) == PART_ROWS:
                coming = asyncio.create_task(export.read_on(rows[-1]))
                await asyncio.sleep(0)
            for start in range(0, len(rows), PIECE_ROWS):
                yield export.lines.written(rows[start : start + PIECE_ROWS])
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await coming
