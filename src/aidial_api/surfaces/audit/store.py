"""The activity log in the database: every statement that reads it.

The one thing a newcomer would get wrong: a statement never looks at more than `WINDOW_EVENTS` entries of the
tenant's index, however rare what is looked for; whoever wants more follows the cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.shapes.audit import SYSTEM

WINDOW_EVENTS: Final = 20_000

_COLUMNS = (
    "e.event_id, e.at, e.actor_kind, e.actor_id, e.actor_label, e.action, e.target_kind, e.target_id,"
    " e.project_id, e.outcome, e.why, e.request_id, host(e.ip) AS source_ip, e.technical, e.policy"
)
_ORDER = "ORDER BY e.at DESC, e.event_id DESC"
_ACTOR_ID = f"CASE e.actor_kind WHEN '{SYSTEM}' THEN '{SYSTEM}' ELSE e.actor_id END"
_TENANT = "SELECT client_id, timezone FROM clients WHERE client_id = $1 AND client_id = any($2::text[])"

FILTERS: Final[dict[str, str]] = {
    "prefixes": "e.action ^@ any({}::text[])",
    "action": "e.action = any({}::text[])",
    "actor": f"{_ACTOR_ID} = {{}}",
    "outcome": "e.outcome = any({}::text[])",
}
"""The condition a filter puts on an event: a column and a place, never a value."""

OF_PROJECTS: Final = "e.project_id = any({}::uuid[])"
OF_PROJECTS_OR_NONE: Final = "(e.project_id IS NULL OR e.project_id = any({}::uuid[]))"

_ACTORS = f"""
SELECT DISTINCT ON (kind, id) kind, id, label FROM (
    SELECT e.actor_kind AS kind, {_ACTOR_ID} AS id, e.actor_label AS label, e.at FROM (
        SELECT e.actor_kind, e.actor_id, e.actor_label, e.at FROM audit_events e
        WHERE e.client_id = $1 AND {OF_PROJECTS_OR_NONE.format("$2")} {_ORDER} LIMIT {WINDOW_EVENTS}) e
    UNION ALL
    SELECT 'user', u.user_id::text, u.email, 'infinity' FROM memberships m JOIN users u USING (user_id)
    WHERE m.client_id = $1) seen
WHERE id IS NOT NULL
ORDER BY kind, id, at DESC
"""


async def find_tenant(tx: Tx, client_id: str | None, client_ids: Sequence[str]) -> asyncpg.Record | None:
    """A person's own tenant and its zone, when it is in reach."""
    return await tx.fetchrow(_TENANT, client_id, list(client_ids))


@dataclass(slots=True)
class Search:
    """A search through one tenant's log. `stretch` is what the index decides, `filters` the rest."""

    values: list[Any] = field(default_factory=list)
    stretch: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)

    def within(self, condition: str, *values: Any) -> None:
        """One more condition on the stretch, each `{}` of it a new place."""
        self.stretch.append(self._placed(condition, values))

    def wanting(self, condition: str, *values: Any) -> None:
        """One more filter."""
        self.filters.append(self._placed(condition, values))

    def _placed(self, condition: str, values: tuple[Any, ...]) -> str:
        places = []
        for value in values:
            self.values.append(value)
            places.append(f"${len(self.values)}")
        return condition.format(*places)


async def read_events(tx: Tx, search: Search, most: int, window: int) -> list[asyncpg.Record]:
    """The newest `most` events that are `wanted`, among the newest `window` entries of the stretch.

    The entry at which the window ends (`place` is `window`) is there too, wanted or not: it says where to go
    on. The limit inside keeps the filters out, or the planner would look for them in any index but this.
    """
    filters = " AND ".join(search.filters)
    sql = f"""
    SELECT e.*, ({filters}) IS TRUE AS wanted FROM (
        SELECT {_COLUMNS}, row_number() OVER ({_ORDER}) AS place FROM audit_events e
        WHERE {" AND ".join(search.stretch)} {_ORDER} LIMIT {window:d}) e
    WHERE ({filters}) OR e.place = {window:d} {_ORDER} LIMIT {most:d}
    """
    return await tx.fetch(sql, *search.values)


async def list_actors(tx: Tx, client_id: str, project_ids: Sequence[str]) -> list[asyncpg.Record]:
    """The tenant's people, and whoever acted among its newest events, each once by their latest name."""
    return await tx.fetch(_ACTORS, client_id, list(project_ids))
