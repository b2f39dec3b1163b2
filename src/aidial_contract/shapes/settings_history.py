"""The history of a section of settings on the wire.

The one thing a newcomer would get wrong: recipients are masked for everybody here, for those too who read
them in clear where they edit them.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from aidial_contract.shapes.common import Outgoing, Time
from aidial_contract.shapes.settings import Mode


class SettingsFieldChange(Outgoing):
    """One member that changed: `max_duration_minutes`, or `weekly/mon` of what is a value itself.

    Of a list, `before` holds what is on it no more and `after` what is new on it; `kept` is how many of
    it are on both. Both are empty where only the order changed.
    """

    field: str
    before: Any
    after: Any
    kept: int | UnsetType = UNSET


class SettingsChange(Outgoing):
    """One save. `restricted` names what else changed, of which your role sees nothing.

    `changes` is null where the version before was not kept: what was saved before AiDial kept a history.
    """

    version: int
    at: Time
    by: str | None
    changes: list[SettingsFieldChange] | None
    restricted: list[str]


class SettingsHistory(Outgoing):
    """`GET .../settings/{section}/history`, newest first. What counted before the first save is no entry."""

    section: str
    mode: Mode
    history: list[SettingsChange]
    next_cursor: str | None
