"""One section of settings: read it, save it.

The one thing a newcomer would get wrong: these two handlers serve every section. What differs is in its row
of `aidial_contract.sections`, in its `place` (the tenant, a project) and in its `ways`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.preconditions import etag
from aidial_api.kernel.route import Answer
from aidial_api.kernel.versions import conflict
from aidial_api.surfaces.settings.places import Saved, place_of
from aidial_api.surfaces.settings.ways import WAYS
from aidial_contract.access import Level
from aidial_contract.section import Section
from aidial_contract.shapes.settings import LastChange, Mode, Provenance

_MODES: Final[Mapping[Level | None, Mode]] = {Level.SUMMARY: "summary", Level.HISTORY: "history"}
"""What is no full level shows less, and saves nothing."""


async def find(section: Section, ask: Ask) -> asyncpg.Record | None:
    """The section of the asker's own tenant, or of the project the path names, through the scope."""
    return await place_of(section).find(ask)


async def find_whole(section: Section, ask: Ask) -> asyncpg.Record | None:
    """The same, for who reaches everything that it is about: to save it, and to see who did."""
    place = place_of(section)
    row = await place.find(ask)
    return row if row is not None and await place.is_whole(ask, row["client_id"]) else None


async def show(section: Section, ask: Ask) -> Answer:
    """The document, as much of it as the role sees."""
    is_whole = await place_of(section).is_whole(ask, ask.found["client_id"])
    mode = _MODES.get(ask.level, "edit") if is_whole else "history"
    return await _answer(section, ask, await working_copy(section, ask, ask.found), ask.found, mode)


async def save(section: Section, ask: Ask) -> Answer:
    """The document after the change. 409 `version_conflict`; what a section itself refuses is 422."""
    ways, place = WAYS[section.slug], place_of(section)
    former = await working_copy(section, ask, ask.found)
    value = ways.settled(ask, ask.body.value, former)
    before = await ways.kept(ask, former) if ask.found["value"] is None else None
    saved = await place.save(ask, await ways.kept(ask, value), before)
    if saved is None:
        raise conflict(await place.current_version(ask))
    await ways.applied(ask, value)
    await record(ask, _saved(section, ask, former, value))
    # Every other process hears it from the database; this one must not answer its author from before.
    ask.on_commit.append(lambda: ask.services.credentials.heard(None))
    return await _answer(section, ask, value, saved.row, "edit", saved=saved)


async def working_copy(section: Section, ask: Ask, row: asyncpg.Record) -> Any:
    """What is saved, or what counts before anybody saved."""
    ways = WAYS[section.slug]
    if row["value"] is None:
        return ways.default(row)
    return await ways.read(ask, row["value"], section.value)


async def _published(section: Section, ask: Ask, working: Any) -> Any:
    """What the runtime works by: another copy after a partner went back to an older version."""
    if not section.in_runtime:
        return working
    text = ask.found["published"]
    ways = WAYS[section.slug]
    return ways.default(ask.found) if text is None else await ways.read(ask, text, section.value)


def _saved(section: Section, ask: Ask, former: Any, value: Any) -> Event:
    """Names of the members that changed; what they say may be an address."""
    names = [name for name in value.__struct_fields__ if getattr(former, name) != getattr(value, name)]
    return Event(
        action=f"settings.{section.name}.updated",
        target_kind="settings",
        target_id=section.slug,
        client_id=ask.found["client_id"],
        project_id=ask.found["project_id"] if section.per_project else None,
        technical={"fields": names},
    )


async def _answer(
    section: Section, ask: Ask, value: Any, row: asyncpg.Record, mode: Mode, *, saved: Saved | None = None
) -> Answer:
    """The document; `saved`: `row` is a save's, and `value` was published by it."""
    client_id: str = ask.found["client_id"]
    published = value if saved is not None else await _published(section, ask, value)
    document = section.document(
        section=section.slug,
        mode=mode,
        version=row["version"],
        working=shown(section, value, mode),
        published=shown(section, published, mode),
        publish_status="published" if published == value else "pending_publish",
        observed_at=None,
        last_changed=row["changed_at"] and LastChange(at=row["changed_at"], by=row["changed_by"]),
        **_provenance(section, ask, row, saved),
        **_left_out(section, value, mode),
        **await WAYS[section.slug].more(ask, value),
    )
    if section.per_project:
        return Answer(document)
    tag = etag(ask.services.etag_key, client_id, f"settings/{section.slug}/{mode}", row["version"])
    return Answer(document, headers={"etag": tag})


def _provenance(section: Section, ask: Ask, row: asyncpg.Record, saved: Saved | None) -> dict[str, Any]:
    """Where its copies come from, where a runtime works by it."""
    if not section.in_runtime:
        return {}
    number = saved.number if saved is not None else ask.found["published"] and ask.found["number"]
    working: Literal["set_up", "saved"] = "set_up" if row["changed_at"] is None else "saved"
    return {"provenance": Provenance(working=working, published_version=number)}


def shown(section: Section, value: Any, mode: Mode) -> Any:
    """The value, or what a summary or a history shows of it: the restricted members are emptied."""
    if mode == "edit":
        return value
    ways = WAYS[section.slug]
    lessened = ways.masked if mode == "summary" else ways.emptied
    if lessened is not None:
        return lessened(value)
    empty: dict[str, Any] = {
        name: [] if isinstance(getattr(value, name), list) else None for name in section.restricted
    }
    return msgspec.structs.replace(value, **empty)


def _left_out(section: Section, value: Any, mode: Mode) -> dict[str, Any]:
    """The names of what a document is without; for a summary, how many there are of a list too."""
    if mode == "edit":
        return {}
    if mode == "history":
        return {"restricted": list(section.restricted)}
    members = {name: _member(value, name) for name in section.restricted}
    counts = {name: len(one) for name, one in members.items() if isinstance(one, list)}
    return {"restricted": list(section.restricted), "counts": counts}


def _member(value: Any, path: str) -> Any:
    """A member of a value, or of one of its members: `sms_summary/recipients`."""
    for name in path.split("/"):
        value = getattr(value, name)
    return value
