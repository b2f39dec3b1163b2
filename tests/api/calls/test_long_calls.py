"""Calls too long for the event loop: their redaction has a process of its own, which may be busy or die."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from aidial_api.kernel.redaction import RedactionBusy, Redactors, pool, redact_many_async
from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.support.api import World
from tests.support.world_calls import new_call

LONG = ["My number is 0412 345 678, and I would like to come on Tuesday. " * 20] * 80


def _redactors() -> Redactors:
    return Redactors(lambda: ProcessPoolExecutor(1, get_context("spawn")))


async def test_a_long_call_is_delivered_again_after_its_redactor_died(world: World, clinic: Business) -> None:
    services = world.api.app.services
    assert services is not None
    process_id = await asyncio.wrap_future(services.redactors.submit(os.getpid))
    os.kill(process_id, signal.SIGKILL)
    call = new_call(clinic.lines[0], new_id(), turns=[{"speaker": "caller", "text": one} for one in LONG])
    answer = await clinic.key.post("/v1/calls", call)
    if answer.status == 503:  # it died over this one: said to be worth a repeat
        assert int(answer.headers["retry-after"]) >= 1
        answer = await clinic.key.post("/v1/calls", call)
    assert (answer.status, answer.json["transcript_state"]) == (201, "available")


async def test_waiting_for_a_busy_redactor_is_no_failed_redaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed redaction stores a call without its words; a neighbour's crowd must never cause that."""
    monkeypatch.setattr(pool, "_STARTING_SECONDS", 0.1)
    redactors = _redactors()
    try:
        await asyncio.wrap_future(redactors.submit(os.getpid))
        busy = redactors.submit(time.sleep, 1.5)
        with pytest.raises(RedactionBusy):
            await redact_many_async(LONG, redactors, cap_seconds=0.2)
        await asyncio.wrap_future(busy)
    finally:
        redactors.shutdown()


async def test_much_beside_the_turns_is_redacted_where_nobody_waits_for_it(
    clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metadata of a thousand numbers takes a good part of a second."""
    elsewhere: list[object] = []
    submit = Redactors.submit

    def noted(self: Redactors, fn: Callable[[], Any], /, *args: Any) -> Any:
        elsewhere.append(fn)
        return submit(self, fn, *args)

    monkeypatch.setattr(Redactors, "submit", noted)
    little = await clinic.deliver(new_call(clinic.lines[0], new_id(), metadata={"cvv": "314"}))
    assert (little.json["metadata"], len(elsewhere)) == ({"cvv": "[CVV]"}, 0)
    metadata = {"cvv": "314"} | {f"k{number}": number for number in range(700)}
    much = await clinic.deliver(new_call(clinic.lines[0], new_id(), metadata=metadata))
    assert (much.json["metadata"], len(elsewhere)) == (metadata | {"cvv": "[CVV]"}, 1)
    notes = "The CVV is 314. " + "They would like to come on Tuesday. " * 50
    findings = {"summary": notes, "attention": {"flag": True, "reason": notes}, "follow_up": {"note": notes}}
    changed = await clinic.key.patch(much.headers["location"], findings, if_match="*")
    assert changed.json["summary"].startswith("The CVV is [CVV].")
    assert changed.json["follow_up"]["note"].startswith("The CVV is [CVV].")
    assert len(elsewhere) == 2
