"""Which incidents concern somebody now: what the status page lists and every page's banner says.

The one thing a newcomer would get wrong: row-level security knows tenants; a person who reaches one line of a
tenant does not see what concerns another, so every statement asks for the lines as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

CONCERNS: Final = "(cardinality(i.project_ids) = 0 OR i.project_ids && $1::uuid[] OR $2)"
"""The condition on an incident `i`: lines in reach are `$1`, `$2` says whether everything is."""

_BANNERS = f"""
SELECT i.incident_id, i.severity, i.title, i.state, i.version FROM incidents i
WHERE i.state <> 'resolved' AND {CONCERNS}
ORDER BY i.severity = 'critical' DESC, i.severity = 'major' DESC, i.incident_id DESC LIMIT $3
"""


def lines(reach: Reach) -> list[str]:
    """The lines in reach, as the condition takes them."""
    return [project.project_id for project in reach.projects]


async def active(tx: Tx, reach: Reach, most: int) -> Sequence[asyncpg.Record]:
    """The gravest `most` incidents that are not resolved and concern whoever has this reach."""
    return await tx.fetch(_BANNERS, lines(reach), False, most)
