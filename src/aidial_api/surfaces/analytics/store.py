"""Counting calls: index-only reads of the projects in reach.

The one thing a newcomer would get wrong: talk time is known durations only; an unknown one is not zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.analytics.period import Span
from aidial_contract.scope import Reach

_FROM = """
FROM unnest($1::text[], $2::uuid[]) AS mine (client_id, project_id)
JOIN calls c ON c.client_id = mine.client_id AND c.project_id = mine.project_id
    AND c.started_at >= $3 AND c.started_at < $4
"""
_TOTALS = f"""
SELECT c.started_at >= $5 AS current,
       count(*) AS total,
       count(*) FILTER (WHERE c.status = 'completed') AS completed,
       count(*) FILTER (WHERE c.status = 'missed') AS missed,
       count(*) FILTER (WHERE c.status = 'failed') AS failed,
       coalesce(sum(c.duration_seconds) FILTER (WHERE c.status = 'completed'), 0)::bigint AS talk_seconds,
       (avg(c.duration_seconds) FILTER (WHERE c.status = 'completed'))::float8 AS average_seconds,
       count(*) FILTER (WHERE c.sentiment_caller = 'positive') AS positive,
       count(*) FILTER (WHERE c.sentiment_caller <> 'unknown') AS felt
{_FROM} GROUP BY 1
"""
_SERIES = f"""
SELECT date_trunc($5, c.started_at, $6) AS at,
       count(*) AS total,
       count(*) FILTER (WHERE c.status = 'completed') AS completed,
       count(*) FILTER (WHERE c.status = 'missed') AS missed,
       count(*) FILTER (WHERE c.status = 'failed') AS failed,
       coalesce(sum(c.duration_seconds) FILTER (WHERE c.status = 'completed'), 0)::bigint AS talk_seconds
{_FROM} GROUP BY 1 ORDER BY 1
"""


def _places(reach: Reach) -> tuple[list[str], list[str]]:
    return (
        [project.client_id for project in reach.projects],
        [project.project_id for project in reach.projects],
    )


async def count_totals(tx: Tx, reach: Reach, span: Span) -> dict[bool, asyncpg.Record]:
    """Totals of the period (True) and of the one before (False); an empty one is absent."""
    rows = await tx.fetch(_TOTALS, *_places(reach), span.previous_since, span.until, span.since)
    return {row["current"]: row for row in rows}


async def count_series(tx: Tx, reach: Reach, span: Span, interval: str) -> Sequence[asyncpg.Record]:
    """Totals by day or week, in the span's zone; empty ones are absent."""
    return await tx.fetch(_SERIES, *_places(reach), span.since, span.until, interval, span.timezone)
