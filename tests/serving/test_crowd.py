"""Rooms: who gets a place, who waits, and who is told at once to come back."""

from __future__ import annotations

import asyncio

import pytest

from aidial_contract import errors
from aidial_contract.fault import BUSY, Fault
from aidial_serving.crowd import Room


def later(seconds: float = 60) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_a_full_room_queues_shortly_and_refuses_the_rest_at_once() -> None:
    room = Room("requests", places=2, queue=1)
    await room.enter(later())
    await room.enter(later())
    waiting = asyncio.create_task(room.enter(later()))
    await asyncio.sleep(0)
    with pytest.raises(Fault):
        room.check()
    with pytest.raises(Fault) as fault:
        await room.enter(later())
    assert fault.value.row is errors.DEPENDENCY_UNAVAILABLE
    assert (fault.value.details, fault.value.retry_after_seconds) == (BUSY, 1)
    room.leave()
    await waiting
    room.check()


async def test_nobody_waits_longer_than_the_queue_or_their_own_time_allows() -> None:
    room = Room("requests", places=1, queue=5, longest_wait_s=0.05)
    await room.enter(later())
    loop = asyncio.get_running_loop()
    for until in (later(), later(0.01)):
        started = loop.time()
        with pytest.raises(Fault):
            await room.enter(until)
        assert loop.time() - started < 10
    room.leave()
    await room.enter(later())


async def test_places_survive_everybody_who_gives_up() -> None:
    room = Room("requests", places=3, queue=50, longest_wait_s=60)
    done = 0

    async def visit(number: int) -> None:
        nonlocal done
        async with room.place(later()):
            await asyncio.sleep(0.001 * (number % 3))
            done += 1

    visits = [asyncio.create_task(visit(number)) for number in range(50)]
    for number, task in enumerate(visits):
        if number % 4 == 0:
            await asyncio.sleep(0)
            task.cancel()
    await asyncio.gather(*visits, return_exceptions=True)
    assert done >= 37
    for _ in range(3):
        await room.enter(later())
    waiting = asyncio.create_task(room.enter(later()))
    await asyncio.sleep(0)
    assert not waiting.done()
    # Given a place and cancelled in the same moment: the place goes on to the next.
    room.leave()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await room.enter(later(0.1))


async def test_those_who_came_first_are_served_first() -> None:
    room = Room("requests", places=1, queue=9)
    order: list[int] = []
    await room.enter(later())

    async def visit(number: int) -> None:
        async with room.place(later()):
            order.append(number)

    visits = [asyncio.create_task(visit(number)) for number in range(5)]
    await asyncio.sleep(0)
    room.leave()
    await asyncio.gather(*visits)
    assert order == [0, 1, 2, 3, 4]
