"""A ticket's life at random: what the lifecycle and the versions say, the API does, and nothing else.

The one thing a newcomer would get wrong: the machine runs in a thread and hands what it asks to the loop of
the tests, where the API lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from aidial_contract.lifecycle import TICKETS
from tests.api.support.tickets import changed, opened, path, seen
from tests.people import HARBOUR
from tests.support.api import World
from tests.support.askers import Answer, Asker

NEVER_BY_CUSTOMERS = "waiting_on_customer"
MOVED = {"waiting_on_customer": "waiting_on_support", "resolved": "open"}
SIDES = st.sampled_from(["customer", "support"])


@dataclass(slots=True)
class Model:
    """What a ticket should be."""

    status: str = "open"
    priority: str = "normal"
    version: int = 1
    comments: int = 0


class TicketLife(RuleBasedStateMachine):
    """Both sides change, answer and collide."""

    world: World
    loop: asyncio.AbstractEventLoop

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it on the loop of the tests."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    @initialize()
    def open(self) -> None:
        self.ticket = self.wait(opened(self.world.alice))
        self.model = Model()

    def who(self, side: str) -> tuple[Asker, str]:
        """Who acts for a side, and the query they need."""
        if side == "support":
            return self.world.omar, f"?client_id={HARBOUR}"
        return self.world.alice, ""

    @rule(side=SIDES, status=st.sampled_from(TICKETS.states), behind=st.integers(-1, 1))
    def move(self, side: str, status: str, behind: int) -> None:
        model = self.model
        asker, query = self.who(side)
        version = max(1, model.version - behind)
        answer: Answer = self.wait(changed(asker, self.ticket, version, query, status=status))
        may = [one for one in TICKETS.allowed[model.status] if side == "support" or one != NEVER_BY_CUSTOMERS]
        if version != model.version:
            assert (answer.code, answer.json["details"]["current_version"]) == (
                "version_conflict",
                model.version,
            )
        elif status not in may:
            assert answer.code == "state_conflict"
            assert answer.json["details"] == {"current_state": model.status, "allowed": may}
        else:
            assert answer.status == 200
            model.status, model.version = status, model.version + 1

    @rule(side=SIDES, priority=st.sampled_from(["low", "normal", "high"]))
    def weigh(self, side: str, priority: str) -> None:
        model = self.model
        asker, query = self.who(side)
        answer: Answer = self.wait(changed(asker, self.ticket, model.version, query, priority=priority))
        if model.status == "closed":
            assert answer.code == "state_conflict"
        else:
            assert answer.status == 200
            model.priority, model.version = priority, model.version + 1

    @rule(side=SIDES)
    def write(self, side: str) -> None:
        model = self.model
        asker, query = self.who(side)
        answer: Answer = self.wait(asker.post(f"{path(self.ticket)}/comments{query}", {"body": "Words"}))
        if model.status == "closed":
            assert answer.code == "state_conflict"
            return
        assert answer.status == 201
        model.comments += 1
        moved = MOVED.get(model.status, model.status) if side == "customer" else model.status
        model.version += moved != model.status
        model.status = moved

    @invariant()
    def is_what_it_should_be(self) -> None:
        if not hasattr(self, "ticket"):
            return
        found = self.wait(seen(self.world.ben, self.ticket))
        assert (
            Model(found["status"], found["priority"], found["version"], found["comment_count"]) == self.model
        )
        assert len(found["comments"]) == self.model.comments


async def lives(world: World, examples: int, steps: int) -> None:
    """So many lives of so many steps."""

    class OfThisWorld(TicketLife):
        pass

    OfThisWorld.world, OfThisWorld.loop = world, asyncio.get_running_loop()
    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    await asyncio.to_thread(run_state_machine_as_test, OfThisWorld, settings=limits)


async def test_a_tickets_life_follows_the_lifecycle_and_the_versions(world: World) -> None:
    await lives(world, examples=8, steps=15)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_many_tickets_lives_follow_the_lifecycle_and_the_versions(world: World) -> None:
    await lives(world, examples=100, steps=40)
