"""State machines: any order of reading, changing and ending, beside a model of what must come of it.

The one thing a newcomer would get wrong: every machine has a business of its own, so what it counts is only
its own doing.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test
from tests.api.calls.lines import open_business
from tests.api.sessions.newcomers import invite
from tests.people import PRIYA
from tests.support.api import World

from fuzz.lifecycles import Keys, Tickets
from fuzz.machine import Machine
from fuzz.repeats import Repeats
from fuzz.report import Budget, Report
from fuzz.versions import Drafts, Revisions, Sections

MACHINES: Final[tuple[type[Machine], ...]] = (
    Drafts,
    Revisions,
    Sections,
    Keys,
    Tickets,
    Repeats,
)


async def machine_for(world: World, kind: type[Machine]) -> type[Machine]:
    """The machine with a business of its own, and a partner admin who may change it."""
    business = await open_business(world, "Australia/Sydney")
    someone = await invite(world, replace(PRIYA, projects=((business.client_id, None),)))
    partner = await world.sign_in(someone)
    ground = {"world": world, "business": business, "partner": partner, "loop": asyncio.get_running_loop()}
    return type(kind.__name__, (kind,), ground)


async def live(machine: type[Machine], seed: int, lives: int, steps: int) -> None:
    """So many lives of a machine; raises what broke, with the fewest steps that break it."""
    light = hypothesis.settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(_run, machine, light, seed)


def _run(machine: type[Machine], light: hypothesis.settings, seed: int) -> None:
    run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=light)


async def run(world: World, budget: Budget, lives: int = 20, steps: int = 30) -> Report:
    """Round after round of every machine, until the time is over."""
    report = Report("machines")
    for number in budget.rounds():
        for kind in MACHINES:
            try:
                await live(await machine_for(world, kind), budget.seed + number, lives, steps)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                notes = "\n".join(getattr(error, "__notes__", ()))
                report.found(f"{kind.__name__}: {type(error).__name__}", f"{error}\n{notes}")
            report.cases += lives
    return report
