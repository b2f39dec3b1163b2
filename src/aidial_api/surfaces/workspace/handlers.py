"""`/v1/projects/{project_id}/...`: drafts, publishing, versions, and what the runtime reads.

The one thing a newcomer would get wrong: a publication that finds no draft to publish is not a failure of the
version; a missing draft is `draft_state_missing`, a stale one `version_conflict`.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg
import msgspec

from aidial_api.kernel import destinations, project_versions
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.preconditions import etag
from aidial_api.kernel.route import Answer, Handler
from aidial_api.kernel.versions import conflict
from aidial_api.surfaces.workspace import runtime, store
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.workspace import (
    TERM_LISTS,
    Draft,
    Published,
    PublishedVersion,
    PublishedVersionList,
    RuntimeConfig,
)

ACCEPTED: Final = 202
PROFILE: Final = "profile"
TAXONOMY: Final = "taxonomy"
NO_PROJECT: Final = "00000000-0000-0000-0000-000000000000"
_object = msgspec.json.Decoder(dict[str, Any])


async def find(ask: Ask) -> asyncpg.Record | None:
    """The project the path names."""
    return await store.find_project(ask.tx, ask.reach, parse_uuid(ask.path["project_id"]) or NO_PROJECT)


def _place(ask: Ask) -> tuple[str, str]:
    return ask.found["client_id"], ask.found["project_id"]


def show_draft(section: str) -> Handler:
    """A section's draft."""

    async def handler(ask: Ask) -> Answer:
        row = await store.read_draft(ask.tx, *_place(ask), section)
        return Answer(_unsaved(ask, section) if row is None else await _shown(ask, row, section))

    return handler


def _as_it_is(ask: Ask, section: str) -> dict[str, Any]:
    if section == TAXONOMY:
        return {name: [] for name in TERM_LISTS}
    if section == destinations.SECTION:
        return {"destinations": []}
    return {"display_name": ask.found["display_name"], "timezone": ask.found["timezone"]}


def _unsaved(ask: Ask, section: str) -> Draft:
    value = _as_it_is(ask, section)
    return Draft(section=section, version=1, value=value, is_published=False, changed_at=None)


async def _shown(ask: Ask, row: asyncpg.Record, section: str) -> Draft:
    return Draft(
        section=section,
        version=row["version"],
        value=await _opened(ask, section, row["value"]),
        is_published=row["version"] == row["published_version"],
        changed_at=row["changed_at"],
    )


async def _opened(ask: Ask, section: str, stored: str) -> dict[str, Any]:
    """A stored value as people see it."""
    value = _object.decode(stored)
    if section != destinations.SECTION:
        return value
    client_id, project_id = _place(ask)
    return destinations.opened(await ask.services.tenant_keys.get(ask.tx, client_id), project_id, value)


async def _sealed(ask: Ask, section: str, value: dict[str, Any]) -> str:
    """A value as it is stored: no number lies in clear."""
    if section == destinations.SECTION:
        client_id, project_id = _place(ask)
        value = destinations.sealed(await ask.services.tenant_keys.get(ask.tx, client_id), project_id, value)
    return msgspec.json.encode(value).decode()


def save_draft(section: str) -> Handler:
    """Save a section's draft; 409 `version_conflict` when somebody saved meanwhile."""

    async def handler(ask: Ask) -> Answer:
        value: dict[str, Any] = msgspec.to_builtins(ask.body.value)
        expected: int = ask.body.expected_version
        place, kept = _place(ask), await _sealed(ask, section, value)
        row = await store.save_draft(ask.tx, *place, section, expected, kept, ask.actor.actor_id)
        if row is None:
            raise await _stale(ask, section)
        await record(ask, _event(ask, "workspace.draft.saved", {"section": section, "fields": sorted(value)}))
        return Answer(await _shown(ask, row, section))

    return handler


async def _stale(ask: Ask, section: str) -> Fault:
    row = await store.read_draft(ask.tx, *_place(ask), section)
    return conflict(1 if row is None else row["version"])


async def publish(ask: Ask) -> Answer:
    """202: from now on the runtime reads this draft of the section, and the other sections as they were."""
    client_id, project_id = _place(ask)
    section: str = ask.body.section
    await project_versions.hold(ask.tx, client_id, project_id)
    draft = await store.claim_draft(ask.tx, client_id, project_id, section, ask.body.expected_version)
    if draft is None:
        raise await _nothing_to_publish(ask, section, ask.body.expected_version)
    value = await _opened(ask, section, draft["value"])
    text = await _with_revisions(ask, value) if section == destinations.SECTION else draft["value"]
    row = await project_versions.publish(
        ask.tx, client_id, project_id, section, text, ask.body.note, ask.actor.label
    )
    if section == TAXONOMY:
        await store.apply_taxonomy(ask.tx, client_id, project_id, value)
    elif section == PROFILE:
        await store.apply_profile(ask.tx, client_id, project_id, value)
    technical = {"number": row["number"], "section": section}
    await record(ask, _event(ask, "workspace.version.published", technical))
    return Answer(Published(version=_version(row)), ACCEPTED)


async def _with_revisions(ask: Ask, value: dict[str, Any]) -> str:
    """Destinations as they are published: each with the revision that a customer's save pins."""
    before = await store.newest_version(ask.tx, *_place(ask))
    content = {} if before is None else _object.decode(before["content"])
    stored = content.get(destinations.SECTION, {"destinations": []})
    client_id, project_id = _place(ask)
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    published = destinations.opened(key, project_id, stored)["destinations"]
    number = 1 if before is None else before["number"] + 1
    wanted = [{"mode": "cold", **one} for one in value["destinations"]]
    return await _sealed(
        ask, destinations.SECTION, {"destinations": destinations.revised(wanted, published, number)}
    )


async def _nothing_to_publish(ask: Ask, section: str, expected: int) -> Fault:
    row = await store.read_draft(ask.tx, *_place(ask), section)
    current = 1 if row is None else row["version"]
    if current != expected:
        return conflict(current)
    return Fault(errors.DRAFT_STATE_MISSING, reason="no draft that is not published")


async def show_versions(ask: Ask) -> Answer:
    """One page of published versions."""
    client_id, project_id = _place(ask)
    limit: int = ask.query["limit"]
    before = read_cursor(ask.services.cursors, ask.query["cursor"], int, "versions", client_id, project_id)
    rows = await store.list_versions(ask.tx, client_id, project_id, before, limit + 1)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        cursor = ask.services.cursors.encode(rows[-1]["number"], "versions", client_id, project_id)
    return Answer(PublishedVersionList(versions=[_version(row) for row in rows], next_cursor=cursor))


def _version(row: asyncpg.Record) -> PublishedVersion:
    return PublishedVersion(
        number=row["number"],
        published_at=row["published_at"],
        published_by=row["published_by"],
        note=row["note"],
    )


async def show_runtime_config(ask: Ask) -> Answer:
    """What the voice runtime works by; 409 `published_state_missing` before the first publication."""
    client_id, project_id = _place(ask)
    row = await store.newest_version(ask.tx, client_id, project_id)
    if row is None:
        raise Fault(errors.PUBLISHED_STATE_MISSING, reason="nothing was published yet")
    content = _object.decode(row["content"])
    revision = content.get("transfer-settings", {}).get("destination_revision")
    chosen = None
    if revision is not None:
        key = await ask.services.tenant_keys.get(ask.tx, client_id)
        chosen = await destinations.find(ask.tx, key, project_id, revision)
    holidays = await runtime.closed_on(content, ask.services.clock())
    config = RuntimeConfig(
        project_id=project_id,
        number=row["number"],
        published_at=row["published_at"],
        profile=content[PROFILE],
        taxonomy=content.get(TAXONOMY),
        **runtime.of_settings(content, row["max_duration_minutes"], chosen, holidays),
    )
    # The same version says other days in another year, or after a release with a corrected calendar.
    days = "".join(one.date for one in holidays)
    tag = etag(ask.services.etag_key, client_id, f"runtime-config/{project_id}/{days}", row["number"])
    return Answer(config, headers={"etag": tag})


def _event(ask: Ask, action: str, technical: dict[str, Any]) -> Event:
    client_id, project_id = _place(ask)
    return Event(
        action=action,
        target_kind="project",
        target_id=project_id,
        client_id=client_id,
        project_id=project_id,
        technical=technical,
    )
