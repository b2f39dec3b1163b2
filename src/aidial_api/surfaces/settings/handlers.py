"""One section of settings: read it, save it.

The one thing a newcomer would get wrong: these two handlers serve every section. What differs is in its row
of `aidial_contract.sections` and in its `ways`.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from aidial_api.kernel import client_settings
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.preconditions import etag
from aidial_api.kernel.route import Answer
from aidial_api.kernel.versions import conflict
from aidial_api.surfaces.settings.ways import WAYS
from aidial_contract.access import Level
from aidial_contract.sections import Section
from aidial_contract.shapes.settings import LastChange


async def find(section: Section, ask: Ask) -> asyncpg.Record | None:
    """The section of the asker's own tenant, through the scope."""
    return await client_settings.find(ask.tx, ask.actor.own_client_id, ask.reach.client_ids, section.slug)


async def show(section: Section, ask: Ask) -> Answer:
    """The document, as much of it as the role sees."""
    return _answer(section, ask, _value(section, ask.found), ask.found)


async def save(section: Section, ask: Ask) -> Answer:
    """The document after the change. 409 `version_conflict`; what a section itself refuses is 422."""
    ways, client_id = WAYS[section.slug], ask.found["client_id"]
    value = ways.settled(ask, ask.body.value)
    text = msgspec.json.encode(value).decode()
    saved = await client_settings.save(
        ask.tx, client_id, section.slug, text, ask.body.expected_version, ask.actor.label
    )
    if saved is None:
        raise conflict(await client_settings.current_version(ask.tx, client_id, section.slug))
    await ways.applied(ask, value)
    await record(ask, _saved(section, client_id, _value(section, ask.found), value))
    # Every other process hears it from the database; this one must not answer its author from before.
    ask.on_commit.append(lambda: ask.services.credentials.heard(None))
    return _answer(section, ask, value, saved)


def _value(section: Section, row: asyncpg.Record) -> Any:
    if row["value"] is None:
        return WAYS[section.slug].default(row)
    return msgspec.json.decode(row["value"], type=section.value)


def _saved(section: Section, client_id: str, former: Any, value: Any) -> Event:
    """Names of the members that changed; what they say may be an address."""
    names = [name for name in value.__struct_fields__ if getattr(former, name) != getattr(value, name)]
    return Event(
        action=f"settings.{section.name}.updated",
        target_kind="settings",
        target_id=section.slug,
        client_id=client_id,
        technical={"fields": names},
    )


def _answer(section: Section, ask: Ask, value: Any, row: asyncpg.Record) -> Answer:
    client_id: str = ask.found["client_id"]
    mode = "edit" if ask.level is Level.FULL else "summary"
    left_out = {} if mode == "edit" else _left_out(section, value)
    shown = msgspec.structs.replace(value, **left_out.get("members", {}))
    document = section.document(
        section=section.slug,
        mode=mode,
        version=row["version"],
        working=shown,
        published=shown,
        publish_status="published",
        observed_at=None,
        last_changed=row["changed_at"] and LastChange(at=row["changed_at"], by=row["changed_by"]),
        **{name: what for name, what in left_out.items() if name != "members"},
    )
    tag = etag(ask.services.etag_key, client_id, f"settings/{section.slug}/{mode}", row["version"])
    return Answer(document, headers={"etag": tag})


def _left_out(section: Section, value: Any) -> dict[str, Any]:
    """What a summary is without: the members emptied, their names, and how many there are of a list."""
    lists = {
        name: len(getattr(value, name))
        for name in section.restricted
        if isinstance(getattr(value, name), list)
    }
    members: dict[str, Any] = {name: [] if name in lists else None for name in section.restricted}
    return {"members": members, "restricted": list(section.restricted), "counts": lists}
