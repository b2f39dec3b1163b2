"""A short slice of `make fuzz`: versions, repeats and lifecycles in any order."""

from __future__ import annotations

import pytest
from fuzz.machine import Machine
from fuzz.machines import MACHINES, live, machine_for

from tests.support.api import World


@pytest.mark.parametrize("kind", MACHINES, ids=lambda kind: kind.__name__)
async def test_in_any_order_what_comes_of_it_is_what_the_model_says(
    world: World, kind: type[Machine]
) -> None:
    await live(await machine_for(world, kind), seed=1, lives=3, steps=12)
