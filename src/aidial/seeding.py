"""Delivering generated calls through the public API: what `aidial seed` and the demo's first start do.

The one thing a newcomer would get wrong: a delivery is repeated from its beginning after an interruption.
What was answered 2xx is there and answers 200, so nothing doubles and nothing is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from threading import Event
from typing import Any

import msgspec

from aidial.delivery import Answer, Courier, StoppedError, UnreachableError
from aidial.dialogues import Parcel
from aidial.seed import Business, generate_calls

CONNECTIONS_PER_KEY = 3
LINE_TIMEOUT_S = 120.0
_STOP_CHECK_S = 0.1
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """So many calls of one project, delivered with one key."""

    business: Business
    project_id: str
    count: int
    key: str = field(repr=False)


@dataclass(slots=True)
class Seeding:
    """How far a delivery is. `problem` is a sentence once it had to end early."""

    total: int
    created: int = 0
    already_there: int = 0
    problem: str | None = None
    stop: Event = field(default_factory=Event)

    @property
    def answered(self) -> int:
        """How many calls are known to be stored."""
        return self.created + self.already_there

    @property
    def complete(self) -> bool:
        """Whether every call is stored."""
        return self.answered == self.total


def deliver(
    batches: list[Batch], api_url: str, seeding: Seeding, *, until: datetime, days: int, seed: int
) -> None:
    """Deliver everything, `seeding` telling how far; returns early once `seeding.stop` is set.

    Blocks; run it in a thread to do something else meanwhile. Errors end up in `seeding.problem`.
    """
    asyncio.run(_deliver(batches, api_url, seeding, until, days, seed))


async def _deliver(
    batches: list[Batch], api_url: str, seeding: Seeding, until: datetime, days: int, seed: int
) -> None:
    by_key: dict[str, list[Batch]] = {}
    for batch in batches:
        by_key.setdefault(batch.key, []).append(batch)
    stop = asyncio.Event()

    async def serve(key: str, group: list[Batch]) -> None:
        calls = _parcels(group, until, days, seed)
        async with Courier(api_url, key, LINE_TIMEOUT_S) as courier, asyncio.TaskGroup() as workers:
            for _ in range(CONNECTIONS_PER_KEY):
                workers.create_task(_work(courier, calls, seeding, stop))

    watcher = asyncio.create_task(_watch(seeding, stop))
    async with asyncio.TaskGroup() as keys:
        for key, group in by_key.items():
            keys.create_task(serve(key, group))
    watcher.cancel()


async def _watch(seeding: Seeding, stop: asyncio.Event) -> None:
    while not seeding.stop.is_set():  # noqa: ASYNC110 - set by another thread
        await asyncio.sleep(_STOP_CHECK_S)
    stop.set()


async def _work(courier: Courier, calls: Iterator[Parcel], seeding: Seeding, stop: asyncio.Event) -> None:
    try:
        for sent in calls:
            _count(seeding, sent, await courier.deliver(sent, stop))
            if seeding.problem:
                stop.set()
            if stop.is_set():
                return
    except UnreachableError as problem:
        seeding.problem = str(problem)
        stop.set()
    except StoppedError:
        return


def _count(seeding: Seeding, sent: Parcel, answer: Answer) -> None:
    # Another content under the same external id: an earlier version of AiDial told this call in other words.
    if answer.created:
        seeding.created += 1
    elif answer.already_there or answer.code == "already_exists":
        seeding.already_there += 1
    else:
        fields = f" ({', '.join(answer.fields)})" if answer.fields else ""
        seeding.problem = f"call {sent.external_id} was refused: {answer.code}{fields}: {answer.message}"


def _parcels(group: list[Batch], until: datetime, days: int, seed: int) -> Iterator[Parcel]:
    number = 0
    for batch in group:
        for call in generate_calls(
            batch.business, batch.project_id, batch.count, until=until, days=days, seed=seed
        ):
            number += 1
            yield _parcel(number, call)


def _parcel(number: int, call: dict[str, Any]) -> Parcel:
    body = _encoder.encode(call)
    return Parcel(number, call["external_id"], body, f"seed-{sha256(body).hexdigest()}", invented_times=False)
