"""Who changed a section when, and what: each version beside the one before it.

The one thing a newcomer would get wrong: members are compared as they are, and then shown as this role may
see them. Two addresses that look alike when they are masked still are a change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.client_settings import FIRST_VERSION
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.settings.handlers import shown
from aidial_api.surfaces.settings.places import place_of
from aidial_api.surfaces.settings.ways import WAYS
from aidial_contract.access import Level
from aidial_contract.section import Section
from aidial_contract.shapes.settings_history import SettingsChange, SettingsFieldChange, SettingsHistory

_GONE: Final = object()


async def show(section: Section, ask: Ask) -> Answer:
    """One page of changes, newest first. 400 `invalid_cursor`."""
    limit: int = ask.query["limit"]
    project_id = ask.found["project_id"] if section.per_project else ""
    bound = f"settings/{section.slug}", ask.found["client_id"], project_id
    older_than = read_cursor(ask.services.cursors, ask.query["cursor"], int, *bound)
    # One more: what the last of the page was made from.
    rows = await place_of(section).history(ask, older_than, limit + 1)
    values = [await WAYS[section.slug].read(ask, row["value"], section.value) for row in rows]
    changes = [
        _change(section, ask, row, values[place], _former(rows, values, place))
        for place, row in enumerate(rows[:limit])
        if row["version"] > FIRST_VERSION
    ]
    cursor = None
    if len(rows) > limit and rows[limit]["version"] > FIRST_VERSION:
        cursor = ask.services.cursors.encode(rows[limit - 1]["version"], *bound)
    return Answer(
        SettingsHistory(
            section=section.slug,
            mode="summary" if ask.level is Level.SUMMARY else "edit",
            history=changes,
            next_cursor=cursor,
        )
    )


def _former(rows: Sequence[asyncpg.Record], values: Sequence[Any], place: int) -> Any | None:
    """What a version was made from; None where it was not kept."""
    after = place + 1
    is_kept = after < len(rows) and rows[after]["version"] == rows[place]["version"] - 1
    return values[after] if is_kept else None


def _change(
    section: Section, ask: Ask, row: asyncpg.Record, value: Any, former: Any | None
) -> SettingsChange:
    changes, restricted = None, []
    if former is not None:
        hidden = _hidden(section, ask, value)
        names = _changed(former, value)
        restricted = [name for name in names if name in hidden]
        sides = [(_flat(one), _flat(_as_shown(section, ask, one))) for one in (former, value)]
        changes = [_field(name, *sides) for name in names if name not in hidden]
    return SettingsChange(
        version=row["version"],
        at=row["changed_at"],
        by=row["changed_by"],
        changes=changes,
        restricted=restricted,
    )


def _hidden(section: Section, ask: Ask, value: Any) -> frozenset[str]:
    """Members of which this role sees nothing; where they are masked, it sees that much."""
    if ask.level is not Level.SUMMARY:
        return frozenset()
    if WAYS[section.slug].masked is None:
        return frozenset(section.restricted)
    seen = _flat(_as_shown(section, ask, value))
    return frozenset(name for name in section.restricted if seen.get(name) is None)


def _as_shown(section: Section, ask: Ask, value: Any) -> Any:
    ways = WAYS[section.slug]
    if ask.level is Level.SUMMARY:
        return shown(section, value, "summary")
    return value if ways.in_history is None else ways.in_history(value)


def _flat(value: Any) -> dict[str, Any]:
    """Its members, those of members by their path: `sms_summary/enabled`."""
    return dict(_members(msgspec.to_builtins(value), ""))


def _members(value: Mapping[str, Any], at: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, one in value.items():
        found += _members(one, f"{at}{name}/") if isinstance(one, dict) else [(at + name, one)]
    return found


def _changed(former: Any, value: Any) -> list[str]:
    before, after = _flat(former), _flat(value)
    return [name for name in before | after if (before.get(name) or None) != (after.get(name) or None)]


def _field(
    name: str,
    former: tuple[Mapping[str, Any], Mapping[str, Any]],
    now: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> SettingsFieldChange:
    """One member's change; each side is the value as it is, and as it is shown."""
    before, after = former[0].get(name), now[0].get(name)
    if isinstance(before, list) or isinstance(after, list):
        before, after = before or [], after or []
    else:
        return SettingsFieldChange(field=name, before=former[1].get(name), after=now[1].get(name))
    gone = [former[1][name][place] for place, one in enumerate(before) if one not in after]
    new = [now[1][name][place] for place, one in enumerate(after) if one not in before]
    kept = sum(one in before for one in after)
    return SettingsFieldChange(field=name, before=gone, after=new, kept=kept)
