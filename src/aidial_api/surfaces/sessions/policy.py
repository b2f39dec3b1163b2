"""How long a person's sessions last and how many there may be: AiDial's limits, tightened by their tenant.

The one thing a newcomer would get wrong: the stricter of two limits counts. A tenant that asks for a longer
one than AiDial's gets AiDial's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from aidial_api.surfaces.sessions import store
from aidial_contract.shapes.settings import SessionPolicy

if TYPE_CHECKING:
    from aidial_api.kernel.ask import Ask


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts for one person."""

    idle: timedelta
    absolute: timedelta
    concurrent: int


async def limits_of(ask: Ask) -> Limits:
    """The limits of the person who asks."""
    settings, person = ask.services.settings, ask.actor.person
    idle, absolute = timedelta(minutes=settings.idle_minutes), timedelta(hours=settings.absolute_hours)
    concurrent = settings.sessions_per_user
    stored = await store.session_policy(ask.tx, person.client_id) if person and person.client_id else None
    if stored is not None:
        own = msgspec.json.decode(stored, type=SessionPolicy)
        if own.idle_minutes is not None:
            idle = min(idle, timedelta(minutes=own.idle_minutes))
        if own.absolute_hours is not None:
            absolute = min(absolute, timedelta(hours=own.absolute_hours))
        if own.concurrent_sessions is not None:
            concurrent = min(concurrent, own.concurrent_sessions)
    return Limits(idle, absolute, concurrent)
