"""Summing counts of the projects in reach: stored rows, changes not folded yet, and odd ends call by call.

The one thing a newcomer would get wrong: one statement reads all three, so that a change is seen either
waiting or folded, never twice and never not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from aidial_api.kernel.call_counts import MEASURES, NOT_FORGOTTEN, SUMS
from aidial_api.kernel.call_kpis import Sums
from aidial_api.kernel.call_pieces import Piece
from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

_ASKED = """
WITH mine AS MATERIALIZED (SELECT client_id, project_id FROM unnest($1::text[], $2::uuid[])
    AS given (client_id, project_id)),
piece AS MATERIALIZED (SELECT minutes, since, until FROM unnest($3::smallint[], $4::timestamptz[],
    $5::timestamptz[]) AS given (minutes, since, until))
"""
_BARS: Final = ("calls", "completed", "missed", "failed", "talk_seconds")


def _rows(*names: str) -> str:
    """Rows of these measures, each with its place and time; what is not asked for would cost, too."""

    def of(table: str) -> str:
        return ", ".join(f"{table}.{name}" for name in names)

    return f"""
SELECT held.client_id, held.project_id, held.starts_at AS at, {of("held")}
FROM mine CROSS JOIN piece CROSS JOIN LATERAL (
    SELECT s.client_id, s.project_id, s.starts_at, {of("s")} FROM call_counts s
    WHERE s.client_id = mine.client_id AND s.project_id = mine.project_id
    AND s.minutes = piece.minutes AND s.starts_at >= piece.since AND s.starts_at < piece.until OFFSET 0) held
UNION ALL
SELECT c.client_id, c.project_id, c.quarter, {of("c")}
FROM call_count_changes c JOIN mine USING (client_id, project_id)
JOIN piece ON piece.minutes > 0 AND c.quarter >= piece.since AND c.quarter < piece.until
WHERE c.client_id = any($1::text[]) AND {NOT_FORGOTTEN}
UNION ALL
SELECT mine.client_id, mine.project_id, f.started_at, {of("f")}
FROM mine CROSS JOIN (SELECT * FROM piece WHERE minutes = 0) piece
CROSS JOIN LATERAL call_facts(mine.client_id, mine.project_id, piece.since, piece.until) f
"""


_BY_KIND = {"outcome": ("outcome", "NULL::text"), "agent": ("agent_id", "agent_name")}


def _keyed(kind: str) -> str:
    key, label = _BY_KIND[kind]
    return f"""
SELECT held.key, held.label, held.starts_at AS at, held.calls
FROM mine CROSS JOIN piece CROSS JOIN LATERAL (
    SELECT s.key, s.label, s.starts_at, s.calls FROM call_counts_by_key s
    WHERE s.client_id = mine.client_id AND s.project_id = mine.project_id
    AND s.kind = '{kind}' AND s.minutes = piece.minutes
    AND s.starts_at >= piece.since AND s.starts_at < piece.until OFFSET 0) held
UNION ALL
SELECT c.{key}, c.{label}, c.quarter, c.calls
FROM call_count_changes c JOIN mine USING (client_id, project_id)
JOIN piece ON piece.minutes > 0 AND c.quarter >= piece.since AND c.quarter < piece.until
WHERE c.client_id = any($1::text[]) AND c.{key} IS NOT NULL AND {NOT_FORGOTTEN}
UNION ALL
SELECT f.{key}, f.{label}, f.started_at, f.calls
FROM mine CROSS JOIN (SELECT * FROM piece WHERE minutes = 0) piece
CROSS JOIN LATERAL call_facts(mine.client_id, mine.project_id, piece.since, piece.until) f
WHERE f.{key} IS NOT NULL
""".replace("c.NULL", "NULL").replace("f.NULL", "NULL")


def _sums(*names: str) -> str:
    return ", ".join(f"sum(c.{name})::bigint AS {name}" for name in names)


_TOTALS = f"{_ASKED} SELECT c.at >= $6 AS is_current, {SUMS} FROM ({_rows(*MEASURES)}) c GROUP BY 1"
_SERIES = f"""
{_ASKED} SELECT width_bucket(c.at, $6::timestamptz[]) AS n, {_sums(*_BARS)}
FROM ({_rows(*_BARS)}) c GROUP BY 1
"""
_CELLS = f"""
{_ASKED} SELECT ($7::smallint[])[c.n]
    + floor(extract(epoch FROM c.at - ($6::timestamptz[])[c.n]) / 3600)::integer AS cell, {_sums("calls")}
FROM (SELECT c.*, width_bucket(c.at, $6::timestamptz[]) AS n FROM ({_rows("calls")}) c) c GROUP BY 1
"""
_PLACES = f"""
{_ASKED} SELECT c.client_id, c.project_id::text AS project_id, {_sums(*_BARS)}
FROM ({_rows(*_BARS)}) c GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
_KEYS = {
    kind: f"""
{_ASKED} SELECT c.key, (array_agg(c.label ORDER BY c.at DESC) FILTER (WHERE c.label IS NOT NULL))[1] AS label,
       sum(c.calls)::bigint AS calls
FROM ({_keyed(kind)}) c GROUP BY 1 HAVING sum(c.calls) > 0
ORDER BY 3 DESC, 1 LIMIT $6
"""
    for kind in _BY_KIND
}


_LABELS: Final = """
SELECT DISTINCT ON (t.code) t.code, t.label
FROM unnest($1::text[], $2::uuid[]) AS mine (client_id, project_id)
JOIN project_terms t ON t.client_id = mine.client_id AND t.project_id = mine.project_id
    AND t.kind = 'outcome' AND t.code = any($3::text[])
ORDER BY t.code, t.place, t.client_id, t.project_id
"""


async def plan_once(tx: Tx) -> None:
    """Let the transaction's statements keep their plans: ranges of indexes whatever is asked.

    Planning three tables under their policies takes as long as reading them.
    """
    await tx.execute("SET LOCAL plan_cache_mode = force_generic_plan")


def _asked(reach: Reach, pieces: Iterable[Piece]) -> tuple[list[object], ...]:
    cut = list(pieces)
    return (
        [project.client_id for project in reach.projects],
        [project.project_id for project in reach.projects],
        [piece.minutes for piece in cut],
        [piece.since for piece in cut],
        [piece.until for piece in cut],
    )


async def read_totals(
    tx: Tx, reach: Reach, pieces: Iterable[Piece], current_since: datetime
) -> dict[bool, Sums]:
    """Sums of the period (True) and of what lies before it (False); an empty one is absent."""
    rows = await tx.fetch(_TOTALS, *_asked(reach, pieces), current_since)
    return {row["is_current"]: dict(row) for row in rows}


async def read_series(
    tx: Tx, reach: Reach, pieces: Iterable[Piece], bounds: Sequence[datetime]
) -> dict[int, Sums]:
    """Sums by the bound at or before a call's start, counted from 1; empty ones are absent."""
    rows = await tx.fetch(_SERIES, *_asked(reach, pieces), bounds)
    return {row["n"]: dict(row) for row in rows}


async def read_cells(
    tx: Tx, reach: Reach, pieces: Iterable[Piece], starts: Sequence[datetime], cells: Sequence[int]
) -> dict[int, int]:
    """Calls by cell: `cells` names the one that begins at each start; an hour later is the next one.

    Empty ones are absent.
    """
    rows = await tx.fetch(_CELLS, *_asked(reach, pieces), starts, cells)
    return {row["cell"]: row["calls"] for row in rows}


async def read_places(tx: Tx, reach: Reach, pieces: Iterable[Piece]) -> Sequence[Sums]:
    """Sums by client and project, most calls first; projects without calls are absent."""
    return [dict(row) for row in await tx.fetch(_PLACES, *_asked(reach, pieces))]


async def read_keys(tx: Tx, reach: Reach, pieces: Iterable[Piece], kind: str, limit: int) -> Sequence[Sums]:
    """Calls by outcome or agent: `key`, `label` (the newest known), `calls`; most calls first."""
    return [dict(row) for row in await tx.fetch(_KEYS[kind], *_asked(reach, pieces), limit)]


async def read_outcome_labels(tx: Tx, reach: Reach, codes: Sequence[str]) -> dict[str, str]:
    """What outcomes are called in the published taxonomies of the reach's projects, where one names them.

    Projects that call one code differently are told apart nowhere in a sum: the first one's word is taken.
    """
    rows = await tx.fetch(
        _LABELS,
        [project.client_id for project in reach.projects],
        [project.project_id for project in reach.projects],
        list(codes),
    )
    return {row["code"]: row["label"] for row in rows}


async def read_names(tx: Tx, reach: Reach) -> tuple[dict[str, str], dict[str, str]]:
    """The names of the clients and of the projects in reach."""
    clients = await tx.fetch(
        "SELECT client_id, name FROM clients WHERE client_id = any($1::text[])", list(reach.client_ids)
    )
    projects = await tx.fetch(
        "SELECT project_id::text AS project_id, display_name FROM projects"
        " WHERE client_id = any($1::text[]) AND project_id = any($2::uuid[])",
        list(reach.client_ids),
        [project.project_id for project in reach.projects],
    )
    return (
        {row["client_id"]: row["name"] for row in clients},
        {row["project_id"]: row["display_name"] for row in projects},
    )
