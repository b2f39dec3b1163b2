"""Any order of creating, repeating, changing and growing old, beside a model of what must come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.api.idempotency.posting import assert_replays, deliver, is_replay, outcome
from tests.support.api import World
from tests.support.askers import Answer
from tests.support.world_calls import new_call

T = TypeVar("T")
NAMES = st.sampled_from(("breakfast", "lunch"))
CALLS = st.sampled_from(("first", "second"))
OUTCOMES = st.sampled_from(("booked", "cancelled"))


@dataclass
class Model:
    """Which body made each call, and what each name was first answered to which body."""

    made: dict[str, str] = field(default_factory=dict)
    answered: dict[str, tuple[tuple[str, str], Answer]] = field(default_factory=dict)

    def expect(self, call: str, result: str) -> tuple[int, str]:
        """What a delivery is answered that no name has been used for."""
        if call not in self.made:
            return 201, ""
        return (200, "") if self.made[call] == result else (409, "already_exists")


async def test_in_any_order_each_name_has_one_answer_and_each_call_one_maker(
    world: World, surgery: Business
) -> None:
    loop = asyncio.get_running_loop()

    class Runtime(RuleBasedStateMachine):
        """A runtime with two names for its requests, two calls, two versions of each."""

        def __init__(self) -> None:
            super().__init__()
            self.run = new_id()
            self.calls = {
                name: new_call(surgery.lines[0], f"{self.run}-{name}") for name in ("first", "second")
            }
            self.model = Model()

        def wait(self, work: Coroutine[Any, Any, T]) -> T:
            return asyncio.run_coroutine_threadsafe(work, loop).result(20)

        @rule(name=NAMES, call=CALLS, result=OUTCOMES)
        def deliver(self, name: str, call: str, result: str) -> None:
            body = {**self.calls[call], "outcome": result}
            answer = self.wait(deliver(surgery.key, body, f"{self.run}-{name}"))
            known = self.model.answered.get(name)
            if known is None:
                assert outcome(answer) == self.model.expect(call, result)
                assert not is_replay(answer)
                self.model.made.setdefault(call, result)
                self.model.answered[name] = ((call, result), answer)
            elif known[0] == (call, result):
                assert_replays(answer, known[1])
            else:
                assert outcome(answer) == (409, "idempotency_conflict")

        @rule()
        def let_a_day_pass(self) -> None:
            self.wait(
                world.sql(
                    "UPDATE idempotency_records SET expires_at = now() WHERE client_id = $1",
                    surgery.client_id,
                )
            )
            self.model.answered.clear()

        @invariant()
        def calls_are_what_their_makers_said(self) -> None:
            rows = self.wait(
                world.sql("SELECT external_id, outcome FROM calls WHERE external_id LIKE $1", f"{self.run}-%")
            )
            assert {row["external_id"]: row["outcome"] for row in rows} == {
                f"{self.run}-{call}": result for call, result in self.model.made.items()
            }

    light = settings(
        max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
    )
    await asyncio.to_thread(run_state_machine_as_test, Runtime, settings=light)
