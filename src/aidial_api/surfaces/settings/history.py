"""Who changed a section of settings when, and what, as much of it as the section itself shows a role.

The one thing a newcomer would get wrong: how versions are compared is in `kernel/settings_history.py`,
because a client's data governance has a history too.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.route import Answer
from aidial_api.kernel.settings_history import change_of, flat, read_page
from aidial_api.surfaces.settings.handlers import shown
from aidial_api.surfaces.settings.places import place_of
from aidial_api.surfaces.settings.ways import WAYS
from aidial_contract.access import Level
from aidial_contract.section import Section
from aidial_contract.shapes.settings_history import SettingsChange, SettingsHistory


async def show(section: Section, ask: Ask) -> Answer:
    """One page of changes, newest first. 400 `invalid_cursor`."""
    project_id = ask.found["project_id"] if section.per_project else ""
    changes, cursor = await read_page(
        ask,
        (f"settings/{section.slug}", ask.found["client_id"], project_id),
        partial(place_of(section).history, ask),
        lambda text: WAYS[section.slug].read(ask, text, section.value),
        partial(_change, section, ask),
    )
    return Answer(
        SettingsHistory(
            section=section.slug,
            mode="summary" if ask.level is Level.SUMMARY else "edit",
            history=changes,
            next_cursor=cursor,
        )
    )


def _change(
    section: Section, ask: Ask, row: asyncpg.Record, value: Any, former: Any | None
) -> SettingsChange:
    return change_of(
        row,
        value,
        former,
        hidden=_hidden(section, ask, value),
        shown=partial(_as_shown, section, ask),
    )


def _hidden(section: Section, ask: Ask, value: Any) -> frozenset[str]:
    """Members of which this role sees nothing; where they are masked, it sees that much."""
    if ask.level is not Level.SUMMARY:
        return frozenset()
    if WAYS[section.slug].masked is None:
        return frozenset(section.restricted)
    seen = flat(_as_shown(section, ask, value))
    return frozenset(name for name in section.restricted if seen.get(name) is None)


def _as_shown(section: Section, ask: Ask, value: Any) -> Any:
    ways = WAYS[section.slug]
    if ask.level is Level.SUMMARY:
        return shown(section, value, "summary")
    return value if ways.in_history is None else ways.in_history(value)
