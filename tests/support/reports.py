"""Monthly reports: one that is there already, and a tenant of one's own whose months turn."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from aidial_contract.ids import new_id
from tests.people import FRONT_DESK, HARBOUR

KPIS = (
    "total_calls",
    "completed_calls",
    "missed_calls",
    "failed_calls",
    "talk_minutes",
    "average_duration_seconds",
    "positive_sentiment",
    "bookings",
    "transfers",
    "leads_captured",
)
FIGURES: dict[str, Any] = {
    "kpis": {name: {"value": 3.0, "previous": 2.0, "change": 0.5} for name in KPIS},
    "days": [
        {"day": f"2026-01-{day:02}", "total": day % 4, "missed": 0, "failed": 0} for day in range(1, 32)
    ],
    "outcomes": [{"label": "Booked", "calls": 2}],
    "lines": [
        {"name": "Front desk", "total": 3, "completed": 3, "missed": 0, "failed": 0, "talk_seconds": 300}
    ],
}
_ADD = """
INSERT INTO monthly_reports (client_id, report_id, month, timezone, starts_at, ends_at, project_ids, figures)
VALUES ($1, $2, $3, 'UTC', ($3 || '-01')::timestamptz, ($3 || '-01')::timestamptz + interval '1 month',
        ARRAY[$4]::uuid[], $5)
ON CONFLICT (client_id, month) DO UPDATE SET figures = excluded.figures RETURNING report_id
"""


class Place(Protocol):
    """Where there is a database."""

    async def sql(self, statement: str, *values: object) -> Any:
        """One statement past every policy."""


async def given_report(place: Place, month: str = "2026-01", project_id: str = FRONT_DESK) -> str:
    """A report of Harbour's that counts one project alone."""
    figures = msgspec.json.encode(FIGURES).decode()
    (row,) = await place.sql(_ADD, HARBOUR, new_id(), month, project_id, figures)
    return str(row["report_id"])
