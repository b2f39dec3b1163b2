"""What every state machine has: a world to ask, and a business of its own in it.

The one thing a newcomer would get wrong: a machine runs in a thread beside the loop that serves the API, so
every step waits for its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

from hypothesis.stateful import RuleBasedStateMachine
from tests.api.calls.lines import Business
from tests.support.api import World
from tests.support.askers import SignedIn

T = TypeVar("T")


class Machine(RuleBasedStateMachine):
    """A machine with a world to ask; subclasses are made for one world by `machine_for`."""

    world: ClassVar[World]
    business: ClassVar[Business]
    partner: ClassVar[SignedIn]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives, done on the loop of the servers."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)
