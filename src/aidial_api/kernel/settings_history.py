"""The versions of a section of settings, each beside the one before it.

The one thing a newcomer would get wrong: members are compared as they are, and then shown as the reader may
see them. Two addresses that look alike when they are masked still are a change.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.client_settings import FIRST_VERSION
from aidial_api.kernel.paging import read_cursor
from aidial_contract.shapes.settings_history import SettingsChange, SettingsFieldChange

Fetch = Callable[[int | None, int], Awaitable[Sequence[asyncpg.Record]]]
"""At most so many versions older than one, newest first."""
Told = Callable[[asyncpg.Record, Any, Any | None], SettingsChange]
"""The change of a row, its value and the value it was made from (None: not kept)."""


async def read_page(
    ask: Ask,
    bound: tuple[str, ...],
    fetch: Fetch,
    read: Callable[[str], Awaitable[Any]],
    told: Told,
) -> tuple[list[SettingsChange], str | None]:
    """One page of changes and the cursor of the next, by the query's `limit` and `cursor`.

    `bound` is what a cursor is good for; `read` makes a value of the stored JSON. 400 `invalid_cursor`.
    """
    limit: int = ask.query["limit"]
    older_than = read_cursor(ask.services.cursors, ask.query["cursor"], int, *bound)
    # One more: what the last of the page was made from.
    rows = await fetch(older_than, limit + 1)
    values = [await read(row["value"]) for row in rows]
    changes = [
        told(row, values[place], _former(rows, values, place))
        for place, row in enumerate(rows[:limit])
        if row["version"] > FIRST_VERSION
    ]
    cursor = None
    if len(rows) > limit and rows[limit]["version"] > FIRST_VERSION:
        cursor = ask.services.cursors.encode(rows[limit - 1]["version"], *bound)
    return changes, cursor


def _former(rows: Sequence[asyncpg.Record], values: Sequence[Any], place: int) -> Any | None:
    """What a version was made from; None where it was not kept."""
    after = place + 1
    is_kept = after < len(rows) and rows[after]["version"] == rows[place]["version"] - 1
    return values[after] if is_kept else None


def change_of(
    row: asyncpg.Record,
    value: Any,
    former: Any | None,
    *,
    hidden: frozenset[str] = frozenset(),
    shown: Callable[[Any], Any] = lambda value: value,
) -> SettingsChange:
    """What a version changed: of `hidden` members only that they did, of the others as they are `shown`."""
    changes, restricted = None, []
    if former is not None:
        names = _changed(former, value)
        restricted = [name for name in names if name in hidden]
        sides = [(flat(one), flat(shown(one))) for one in (former, value)]
        changes = [_field(name, *sides) for name in names if name not in hidden]
    return SettingsChange(
        version=row["version"],
        at=row["changed_at"],
        by=row["changed_by"],
        changes=changes,
        restricted=restricted,
    )


def flat(value: Any) -> dict[str, Any]:
    """Its members, those of members by their path: `sms_summary/enabled`."""
    return dict(_members(msgspec.to_builtins(value), ""))


def _members(value: Mapping[str, Any], at: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, one in value.items():
        found += _members(one, f"{at}{name}/") if isinstance(one, dict) else [(at + name, one)]
    return found


def _changed(former: Any, value: Any) -> list[str]:
    before, after = flat(former), flat(value)
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
