"""From evidence to the state of a part: thresholds, and nothing that is not counted.

The one thing a newcomer would get wrong: no evidence is no good news and no bad news. A line that nobody rang
is not down, and it is not said to work either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from aidial_contract.shapes.status import PARTS, Part, PartHealth, PartState, ProjectHealth

FEW: Final = 3
"""One failure alone says nothing about a line."""
DEGRADED_SHARE: Final = 0.2
DOWN_SHARE: Final = 0.5
LATE: Final = timedelta(minutes=5)
"""What the worker sends is late when a job has waited longer."""
SENT_BY_WORKER: Final = frozenset({"sms", "email", "reports"})
FROM_EVIDENCE: Final = tuple(part for part in PARTS if part != "incidents")
_WORST_FIRST: Final[tuple[PartState, ...]] = ("down", "degraded", "operational", "no_evidence")
_BY_SEVERITY: Final[Mapping[str, PartState]] = {"minor": "degraded", "major": "degraded", "critical": "down"}


def judged(seen: int, failed: int) -> PartState:
    """What `failed` of `seen` uses say."""
    if not seen:
        return "no_evidence"
    if failed >= FEW and failed >= DOWN_SHARE * seen:
        return "down"
    return "degraded" if failed >= FEW and failed >= DEGRADED_SHARE * seen else "operational"


def worst(states: Iterable[PartState]) -> PartState:
    """The worst of some states."""
    return min(states, key=_WORST_FIRST.index)


def project_health(
    row: asyncpg.Record, incidents: Sequence[asyncpg.Record], oldest_due_seconds: int | None
) -> ProjectHealth:
    """A line's parts from its evidence, the incidents that are active, and the age of the queue."""
    is_late = oldest_due_seconds is not None and timedelta(seconds=oldest_due_seconds) > LATE
    own = [one for one in incidents if not one["project_ids"] or row["project_id"] in one["project_ids"]]
    parts = [_seen(part, row, is_late=is_late) for part in FROM_EVIDENCE]
    parts.append(_incidents(own))
    ordered = sorted(parts, key=lambda one: PARTS.index(one.part))
    return ProjectHealth(
        project_id=str(row["project_id"]),
        client_id=row["client_id"],
        display_name=row["display_name"],
        state=worst(one.state for one in ordered if one.part != "incidents" or own),
        parts=ordered,
    )


def _seen(part: Part, row: asyncpg.Record, *, is_late: bool) -> PartHealth:
    seen, failed = row[f"{part}_seen"], row[f"{part}_failed"]
    state = judged(seen, failed)
    if is_late and (seen or part == "reports") and part in SENT_BY_WORKER:
        state = worst((state, "degraded"))
    return PartHealth(part=part, state=state, seen=seen, failed=failed, last_at=row[f"{part}_at"])


def _incidents(own: Sequence[asyncpg.Record]) -> PartHealth:
    states = [_BY_SEVERITY[one["severity"]] for one in own]
    last_at = max((one["updated_at"] for one in own), default=None)
    return PartHealth(
        part="incidents",
        state=worst(states) if states else "operational",
        seen=len(own),
        failed=len(own),
        last_at=last_at,
    )
