"""A mail server that is away stops nothing else, and is not waited for by every message."""

from __future__ import annotations

import pytest

from aidial_api.jobs import JOBS
from aidial_api.kernel.jobs import DELIVERIES, MEASURING, QUEUE
from aidial_api.kernel.outgoing.circuit import FAILURES, REST_S, Circuit
from aidial_api.kernel.outgoing.port import Message, NotSent
from aidial_api.kernel.outgoing.queue import SEND_JOB
from aidial_api.kernel.recordings import MEASURE_JOB
from tests.support.api import World
from tests.support.deliveries import MANAGER, by_smtp, delivered_call, deliveries, post, queue, send_due
from tests.support.smtp import mail_server

MESSAGE = Message("one", MANAGER, "Subject", "Text")


class Line:
    """A courier that does as it is told, and counts who asks it."""

    name = "line"
    keeps_text = False

    def __init__(self) -> None:
        self.problem: NotSent | None = None
        self.asked = 0

    async def send(self, _: Message) -> None:
        """Take it, or not."""
        self.asked += 1
        if self.problem is not None:
            raise self.problem


class Watch:
    """A clock that stands until it is moved."""

    at = 1_000.0

    def __call__(self) -> float:
        return self.at


async def _fails(circuit: Circuit) -> str:
    with pytest.raises(NotSent) as problem:
        await circuit.send(MESSAGE)
    return problem.value.reason


async def test_a_server_that_is_away_is_asked_once_a_rest() -> None:
    line, watch = Line(), Watch()
    circuit = Circuit(line, clock=watch)
    line.problem = NotSent("too_slow", is_away=True)
    for _ in range(10):
        assert await _fails(circuit) == "too_slow"
    assert line.asked == FAILURES
    watch.at += REST_S
    for _ in range(10):
        await _fails(circuit)
    assert line.asked == FAILURES + 1
    watch.at += REST_S
    line.problem = None
    for _ in range(3):
        await circuit.send(MESSAGE)
    assert line.asked == FAILURES + 4


async def test_a_server_that_refuses_is_there() -> None:
    line = Line()
    circuit = Circuit(line, clock=Watch())
    line.problem = NotSent("recipient_refused_550", for_good=True)
    for _ in range(5):
        await _fails(circuit)
    assert line.asked == 5


async def test_messages_wait_in_a_queue_of_their_own(world: World) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    (job,) = await world.sql(
        "SELECT queue_name FROM jobs.procrastinate_jobs WHERE task_name = $2 AND status = 'todo'"
        " AND args ->> 'delivery_id' IN (SELECT delivery_id::text FROM deliveries WHERE about_id = $1)",
        call_id,
        SEND_JOB,
    )
    assert job["queue_name"] == DELIVERIES
    assert {one.name: one.queue for one in JOBS if one.queue != QUEUE} == {
        SEND_JOB: DELIVERIES,
        MEASURE_JOB: MEASURING,
    }
    await send_due(world)


async def test_many_messages_to_a_silent_server_take_few_connections(world: World) -> None:
    call_id = await delivered_call(world)
    for number in range(8):
        await queue(world, call_id, f"desk-{number}@harbour.example")
    with mail_server() as mailbox:
        mailbox.is_silent = True
        await send_due(world, post(world, **by_smtp(mailbox.port), AIDIAL_SMTP_TIMEOUT_MS="300"))
    # Two at once, and no more of them knew yet.
    assert mailbox.connections <= FAILURES + 1
    rows = await deliveries(world, call_id)
    assert [(row["state"], row["attempts"]) for row in rows] == [("failed", 1)] * 8
