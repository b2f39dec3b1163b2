"""What is a section's own, of those that every project has.

The one thing a newcomer would get wrong: `default` is what the project does before anybody saved; it must be
a value that could be saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.surfaces.settings import store
from aidial_api.surfaces.settings.notification_ways import NOTIFICATIONS
from aidial_api.surfaces.settings.way import Ways
from aidial_contract.shapes.project_settings import CallLimits, NewCallLimits


def _as_it_answers(row: asyncpg.Record) -> CallLimits:
    return CallLimits(greeting="", interruptible=True, max_duration_minutes=row["max_duration_minutes"])


def _settled_limits(_: Ask, new: NewCallLimits, __: Any) -> CallLimits:
    return CallLimits(
        greeting=new.greeting.strip(),
        interruptible=new.interruptible,
        max_duration_minutes=new.max_duration_minutes,
    )


async def _limited(ask: Ask, value: CallLimits) -> None:
    """Calls that never report their end are overdue by the new limit."""
    place = ask.found["client_id"], ask.found["project_id"]
    await store.limit_calls(ask.tx, *place, value.max_duration_minutes)


PROJECT_WAYS: Final[Mapping[str, Ways]] = {
    "call-limits": Ways(default=_as_it_answers, settled=_settled_limits, applied=_limited),
    "notifications": NOTIFICATIONS,
}
"""By slug."""
