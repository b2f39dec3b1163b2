"""An API whose numbers and time a test chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support.api import RunningApi, World, running_api

UNSCALED = {"AIDIAL_LIMITS_SCALE": "1"}


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def limited(world: World, **numbers: str) -> AsyncIterator[tuple[RunningApi, Clock]]:
    """An API with the contract's rates but these: `limited(world, reads="5/min")`, and its clock."""
    own = {f"AIDIAL_LIMIT_{name.upper()}": text for name, text in numbers.items()}
    clock = Clock()
    async with running_api({**world.environ, **UNSCALED, **own}) as api:
        services = api.app.services
        assert services is not None
        services.limits.counting.memory.clock = clock
        yield api, clock
