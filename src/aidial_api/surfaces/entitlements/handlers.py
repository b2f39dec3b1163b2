"""The HTTP of a client's entitlements: read, saved, and their history.

The one thing a newcomer would get wrong: clients read their own without naming anybody; partners and AiDial's
people name the client, and only they save.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import asyncpg
import msgspec

from aidial_api.kernel import client_settings
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.entitlements import read
from aidial_api.kernel.preconditions import etag
from aidial_api.kernel.route import Answer
from aidial_api.kernel.settings_history import change_of, read_page
from aidial_api.kernel.versions import conflict
from aidial_api.kernel.whole_clients import is_whole
from aidial_contract.access import Level, Permission
from aidial_contract.ids import plain_id
from aidial_contract.shapes.entitlements import (
    RESTRICTED,
    SECTION,
    Entitlements,
    EntitlementsDocument,
    EntitlementsShown,
)
from aidial_contract.shapes.settings import LastChange, Mode
from aidial_contract.shapes.settings_history import SettingsHistory


async def find(ask: Ask) -> asyncpg.Record | None:
    """The entitlements of the client the query names, else of the only one in reach."""
    return await client_settings.find(ask.tx, _named(ask), ask.reach.client_ids, SECTION)


async def find_whole(ask: Ask) -> asyncpg.Record | None:
    """The same, for who reaches the client with all its projects: a plan is theirs together."""
    return await client_settings.find_whole(ask.tx, _named(ask), ask.reach, SECTION)


def _named(ask: Ask) -> str:
    reached = ask.reach.client_ids
    own = reached[0] if len(reached) == 1 else ""
    return plain_id(next((text for name, text in ask.raw_query if name == "client_id"), own))


async def show(ask: Ask) -> Answer:
    """As much of them as the role sees."""
    return _answer(ask, read(ask.found["value"]), ask.found, await _mode(ask))


async def save(ask: Ask) -> Answer:
    """The entitlements after the change. 409 `version_conflict`."""
    client_id, former = ask.found["client_id"], read(ask.found["value"])
    value = msgspec.convert(msgspec.structs.asdict(ask.body.value), Entitlements)
    saved = await client_settings.save(
        ask.tx,
        client_id,
        SECTION,
        _text(value),
        ask.body.expected_version,
        ask.actor.label,
        before=_text(former) if ask.found["value"] is None else None,
    )
    if saved is None:
        raise conflict(await client_settings.current_version(ask.tx, client_id, SECTION))
    await record(ask, _saved(client_id, former, value))
    return _answer(ask, value, saved, "edit")


def _text(value: Entitlements) -> str:
    return msgspec.json.encode(value).decode()


def _saved(client_id: str, former: Entitlements, value: Entitlements) -> Event:
    changed = {
        name: [getattr(former, name), getattr(value, name)]
        for name in value.__struct_fields__
        if getattr(former, name) != getattr(value, name)
    }
    return Event(
        action="entitlements.entitlement.updated",
        target_kind="settings",
        target_id=SECTION,
        client_id=client_id,
        technical={"changed": changed},
    )


async def _mode(ask: Ask) -> Mode:
    """Whoever could not save them reads them without a form."""
    if ask.actor.level(Permission.ENTITLEMENTS_EDIT) is None:
        return "summary"
    return "edit" if await is_whole(ask.tx, ask.found["client_id"], ask.reach) else "summary"


def _hidden(ask: Ask) -> frozenset[str]:
    """What the role does not see: a client's administrator reads all, though in the mode of a summary."""
    return RESTRICTED if ask.level is Level.SUMMARY else frozenset()


def _answer(ask: Ask, value: Entitlements, row: asyncpg.Record, mode: Mode) -> Answer:
    client_id: str = ask.found["client_id"]
    members: dict[str, Any] = msgspec.structs.asdict(value)
    left_out: dict[str, Any] = {}
    hidden = _hidden(ask)
    if hidden:
        members |= dict.fromkeys(hidden)
        left_out = {"restricted": sorted(hidden)}
    shown = EntitlementsShown(**members)
    document = EntitlementsDocument(
        section=SECTION,
        client_id=client_id,
        mode=mode,
        version=row["version"],
        working=shown,
        published=shown,
        publish_status="published",
        observed_at=None,
        last_changed=row["changed_at"] and LastChange(at=row["changed_at"], by=row["changed_by"]),
        **left_out,
    )
    tag = etag(ask.services.etag_key, client_id, f"settings/{SECTION}/{mode}/{len(hidden)}", row["version"])
    return Answer(document, headers={"etag": tag})


async def show_history(ask: Ask) -> Answer:
    """Who changed them when, and what, newest first, as far as the role sees it. 400 `invalid_cursor`."""
    client_id: str = ask.found["client_id"]
    mode = await _mode(ask)
    changes, cursor = await read_page(
        ask,
        (f"settings/{SECTION}", client_id),
        partial(client_settings.history, ask.tx, client_id, SECTION),
        _read,
        partial(change_of, hidden=_hidden(ask)),
    )
    if _hidden(ask):
        # Not even that it changed: of a switch, how often would tell how it stands.
        changes = [msgspec.structs.replace(one, restricted=[]) for one in changes if one.changes != []]
    return Answer(SettingsHistory(section=SECTION, mode=mode, history=changes, next_cursor=cursor))


async def _read(text: str) -> Entitlements:
    return read(text)
