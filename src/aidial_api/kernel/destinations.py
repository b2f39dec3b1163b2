"""Destinations of transfers in the published versions of a project, and their revisions.

    "front_desk.7"    the destination `front_desk` as version 7 of the project first published it

The one thing a newcomer would get wrong: a revision is never changed, so whoever saved one keeps calling the
number it had, until they choose the new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aidial_api.kernel.transaction import Tx

SECTION: Final = "transfer-routing"
_SAME: Final = ("code", "label", "number", "mode")
_AT: Final = f"""
SELECT content -> '{SECTION}' FROM project_versions
WHERE client_id = $1 AND project_id = $2::uuid AND number = $3
"""
_EVERY: Final = f"""
FROM project_versions v
CROSS JOIN LATERAL jsonb_array_elements(v.content -> '{SECTION}' -> 'destinations') AS d (one)
WHERE v.client_id = $1 AND v.project_id = $2::uuid
"""
_CODE: Final = f"""
SELECT d.one ->> 'code' {_EVERY} AND lower(d.one ->> 'label') = lower($3) ORDER BY v.number DESC LIMIT 1
"""
_LABELS: Final = f"""
SELECT DISTINCT ON (d.one ->> 'code') d.one ->> 'code' AS code, d.one ->> 'label' AS label
{_EVERY} AND d.one ->> 'code' = any($3::text[]) ORDER BY d.one ->> 'code', v.number DESC
"""


def revised(
    wanted: Sequence[dict[str, Any]], published: Sequence[dict[str, Any]], number: int
) -> list[dict[str, Any]]:
    """Destinations with their revisions: one that is as it was keeps its own, others are of this version."""
    known = {tuple(one[name] for name in _SAME): one["revision"] for one in published}
    return [
        one | {"revision": known.get(tuple(one[name] for name in _SAME), f"{one['code']}.{number}")}
        for one in wanted
    ]


async def find(tx: Tx, client_id: str, project_id: str, revision: str) -> dict[str, Any] | None:
    """A destination as it was when this revision of it was published."""
    text = await tx.fetchval(_AT, client_id, project_id, int(revision.rpartition(".")[2]))
    destinations = [] if text is None else msgspec.json.decode(text)["destinations"]
    found: dict[str, Any] | None = next((one for one in destinations if one["revision"] == revision), None)
    return found


async def code_of(tx: Tx, client_id: str, project_id: str, label: str) -> str | None:
    """The destination that was called so in the newest version in which one was; None when none ever was."""
    code: str | None = await tx.fetchval(_CODE, client_id, project_id, label)
    return code


async def labels_of(tx: Tx, client_id: str, project_id: str, codes: Sequence[str]) -> dict[str, str]:
    """What destinations were called last, withdrawn ones too."""
    rows = await tx.fetch(_LABELS, client_id, project_id, list(codes)) if codes else []
    return {row["code"]: row["label"] for row in rows}
