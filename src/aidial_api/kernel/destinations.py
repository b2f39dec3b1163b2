"""Destinations of transfers in drafts and published versions of a project, and their revisions.

    "front_desk.7"    the destination `front_desk` as version 7 of the project first published it

The one thing a newcomer would get wrong: a revision is never changed, so whoever saved one keeps calling the
number it had, until they choose the new one. And numbers are stored sealed (`sealed_number`); what an earlier
version stored has a `number` in clear until `aidial db seal-numbers` has met it, and is read all the same.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.transaction import Tx

SECTION: Final = "transfer-routing"
_SAME: Final = ("code", "label", "number", "mode")
_PURPOSE: Final = "transfer_destinations.number"
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
Place = tuple[str, str]
"""A client and a project of it."""


def sealed(key: TenantKey, project_id: str, value: dict[str, Any]) -> dict[str, Any]:
    """A value of the section as it is stored: every number encrypted for its project and code."""
    return {"destinations": [_sealed(key, project_id, one) for one in value["destinations"]]}


def _sealed(key: TenantKey, project_id: str, one: dict[str, Any]) -> dict[str, Any]:
    if "number" not in one:
        return one
    kept = {name: said for name, said in one.items() if name != "number"}
    ciphertext = key.encrypt(one["number"].encode(), purpose=_PURPOSE, record=f"{project_id}/{one['code']}")
    return kept | {"sealed_number": base64.b64encode(ciphertext).decode()}


def opened(key: TenantKey, project_id: str, value: dict[str, Any]) -> dict[str, Any]:
    """The value that `sealed` stored for the same project."""
    return {"destinations": [_opened(key, project_id, one) for one in value["destinations"]]}


def _opened(key: TenantKey, project_id: str, one: dict[str, Any]) -> dict[str, Any]:
    if "sealed_number" not in one:
        return one
    kept = {name: said for name, said in one.items() if name != "sealed_number"}
    ciphertext = base64.b64decode(one["sealed_number"])
    number = key.decrypt(ciphertext, purpose=_PURPOSE, record=f"{project_id}/{one['code']}").decode()
    return kept | {"number": number}


def revised(
    wanted: Sequence[dict[str, Any]], published: Sequence[dict[str, Any]], number: int
) -> list[dict[str, Any]]:
    """Destinations with their revisions: one that is as it was keeps its own, others are of this version."""
    known = {tuple(one[name] for name in _SAME): one["revision"] for one in published}
    return [
        one | {"revision": known.get(tuple(one[name] for name in _SAME), f"{one['code']}.{number}")}
        for one in wanted
    ]


async def label_of(tx: Tx, place: Place, revision: str) -> str | None:
    """What a destination was called when this revision of it was published."""
    found = await _find(tx, place, revision)
    return None if found is None else str(found["label"])


async def find(tx: Tx, key: TenantKey, project_id: str, revision: str) -> dict[str, Any] | None:
    """A destination as it was when this revision of it was published, its number open."""
    found = await _find(tx, (key.client_id, project_id), revision)
    return None if found is None else _opened(key, project_id, found)


async def _find(tx: Tx, place: Place, revision: str) -> dict[str, Any] | None:
    text = await tx.fetchval(_AT, *place, int(revision.rpartition(".")[2]))
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
