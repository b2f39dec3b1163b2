"""Calls as CSV: counted and recorded first, then walked by keyset, a few hundred at a time.

The one thing a newcomer would get wrong: no transaction lasts as long as the reader does. Each part is read
in one of its own, after asking once more whether the person may, so a slow reader holds no connection.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
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
from aidial_api.surfaces.calls import listing
from aidial_api.surfaces.calls.caller import calls_of_caller
from aidial_api.surfaces.calls.columns import cells, columns_for
from aidial_api.surfaces.calls.present import to_call
from aidial_api.surfaces.calls.question import Caller
from aidial_api.surfaces.calls.sensitive import refuse_sensitive
from aidial_contract import errors
from aidial_contract.access import Level
from aidial_contract.csv_text import BOM, csv_lines
from aidial_contract.fault import Fault
from aidial_contract.limits import EXPORT_ROWS
from aidial_contract.params import CALL_FILTERS
from aidial_contract.scope import ProjectReach
from aidial_contract.shapes.common import Matching
from aidial_contract.shapes.downloads import CSV

PART_ROWS: Final = 200
COUNT_MS: Final = 3_000
TOTAL_MS: Final = 500
"""How long counting may take what is too much anyway."""
_OPTIONS: Final = frozenset({"project_id", "client_id", "sort", "include", "reason", "bom"})
_NARROWING: Final = ("from", "to", *(param.name for param in CALL_FILTERS), "caller", "q")


@dataclass(frozen=True, slots=True)
class _Export:
    """One export: whose calls, which columns, and how much of a number its reader sees."""

    ask: Ask
    project: ProjectReach
    caller: Caller
    columns: tuple[str, ...]
    level: Level

    @property
    def zone(self) -> ZoneInfo:
        """The project's."""
        return ZoneInfo(self.project.timezone)

    async def lines(self, rows: Sequence[asyncpg.Record]) -> bytes:
        """Stored calls as lines; their key is known since the first part was read."""
        key = await self.ask.services.tenant_keys.get(self.ask.tx, self.project.client_id)
        calls = (to_call(row, key, self.level) for row in rows)
        return csv_lines(cells(call, self.columns, self.zone) for call in calls)


async def export(ask: Ask) -> Answer:
    """A CSV file of every call that matches. 413 `export_too_large` before anything is sent.

    The event stands in the log before the first byte flows. HEAD exports nothing, so it leaves none.
    """
    if ask.query["q"] is not None:
        refuse_sensitive(ask)
    caller = await calls_of_caller(ask) if ask.query["caller"] is not None else None
    matching = await _counted(ask, caller)
    level = ask.level or Level.METADATA_MASKED
    export = _Export(
        ask=ask,
        project=ask.reach.projects[0],
        caller=caller,
        columns=columns_for(level, ask.query["include"] or ()),
        level=Level.FULL if level in {Level.FULL, Level.METADATA} else Level.MASKED,
    )
    if ask.method != "HEAD":
        await record(ask, _event(ask, export, matching))
    rows = await listing.read_rows(ask.tx, ask.reach, ask.query, caller, None, PART_ROWS)
    head = BOM if ask.query["bom"] == "yes" else b""
    first = head + csv_lines([export.columns]) + await export.lines(rows)
    today = datetime.now(UTC).astimezone(export.zone).date()
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
        "narrow_by": [name for name in _NARROWING if name not in used],
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
    ask = export.ask
    reach = database_reach(ask)
    yield first
    while len(rows) == PART_ROWS:
        await still_allowed(ask)
        end = listing.position_of(rows[-1], ask.query, Matching(count=0, capped=False))
        async with ask.services.db.transaction(reach, read_only=True) as tx:
            ask.tx_or_none = tx
            rows = await listing.read_rows(tx, ask.reach, ask.query, export.caller, end, PART_ROWS)
            lines = await export.lines(rows)
        if rows:
            yield lines
