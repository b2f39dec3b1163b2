"""How long a list is said to be: counted beside its page, remembered while that may be a moment old."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import asyncpg
import pytest

from aidial_api.kernel.crypto import CursorKey, MasterKey
from aidial_api.kernel.db import Database, DatabaseUnavailable, observe
from aidial_api.kernel.reach import Reach as DatabaseReach
from aidial_api.surfaces.calls import lengths, listing
from aidial_contract.scope import Reach
from aidial_contract.shapes.common import Matching
from tests.api.calls.seeded import CLIENT, asked

CURSORS = CursorKey(MasterKey(bytes(32)))


@dataclass
class Asker:
    """Who asks for first pages, and at what time."""

    db: Database
    reach: Reach
    now_s: float = 1_000.0
    seen: list[str] = field(default_factory=list)

    async def first_page(self, *chosen: tuple[str, str]) -> tuple[Matching, int]:
        """What the page says of its list, and how often that was counted."""
        said: list[str] = []
        with observe(said.append):
            async with self.db.transaction(DatabaseReach((CLIENT,)), read_only=True) as tx:
                page = await listing.list_page(tx, self.db.counting, self.reach, asked(*chosen), CURSORS)
        self.seen = said
        return page.matching, sum("count(*)" in statement for statement in said)

    async def settled(self) -> None:
        """Wait for what is counted for the next who asks."""
        while tasks := self.db.counting._tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)  # and for what is done when they end


@pytest.fixture
async def asker(ground: tuple[Database, Reach], monkeypatch: pytest.MonkeyPatch) -> Asker:
    """More than a hundred calls are many, and a connection for counting is free."""
    db, reach = ground
    asker = Asker(db, reach)
    monkeypatch.setattr(lengths, "COUNT_CAP", 100)
    monkeypatch.setattr(lengths, "_lengths", {})
    monkeypatch.setattr(lengths, "_short", {})
    monkeypatch.setattr(lengths, "monotonic", lambda: asker.now_s)
    await asker.settled()
    if not db.counting._connections._resting:
        await db.counting.ask(("", "", ""), "")
        await asker.settled()
    return asker


LONG = (("status", "completed"),)
SHORT = (("status", "missed"), ("limit", "5"))


async def test_only_a_long_list_is_not_counted_each_time(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await asker.first_page(*LONG) == (Matching(count=100, capped=True), 1)
    assert await asker.first_page(*LONG) == (Matching(count=100, capped=True), 0)
    # One that is not long is counted each time: its number is of this moment.
    once, counted = await asker.first_page(*SHORT)
    assert (once.capped, counted) == (False, 1)
    assert await asker.first_page(*SHORT) == (once, 1)
    # Where it is thousands, it may be of two seconds ago.
    monkeypatch.setattr(lengths, "MANY", once.count)
    assert await asker.first_page(*SHORT) == (once, 1)
    assert await asker.first_page(*SHORT) == (once, 0)
    asker.now_s += lengths.COUNTED_FOR_S
    assert await asker.first_page(*SHORT) == (once, 1)


async def test_a_long_list_of_a_while_ago_is_counted_again_for_the_next_who_asks(asker: Asker) -> None:
    await asker.first_page(*LONG)
    asker.now_s += lengths.LONG_FOR_S
    # It has become shorter meanwhile, which the one who asks first is not kept waiting for.
    lengths.COUNT_CAP = 100_000
    assert await asker.first_page(*LONG) == (Matching(count=100, capped=True), 1)
    await asker.settled()
    matching, _ = await asker.first_page(*LONG)
    assert not matching.capped
    assert matching.count > 100
    # What nobody asked for in ten minutes is counted first.
    lengths.COUNT_CAP = 100
    await asker.first_page(*LONG)
    asker.now_s += lengths.LONG_AT_MOST_S
    lengths.COUNT_CAP = 100_000
    assert await asker.first_page(*LONG) == (matching, 1)


async def test_a_list_by_duration_is_counted_first_and_read_as_so_many_ask_for(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_found() -> bool:
        return any("any(array(SELECT" in statement for statement in asker.seen)

    by_duration = (*SHORT, ("sort", "-duration"))
    few, _ = await asker.first_page(*by_duration)
    assert is_found()
    assert few == (await asker.first_page(*SHORT))[0]
    monkeypatch.setattr(listing, "FEW", few.count - 1)
    assert await asker.first_page(*by_duration) == (few, 1)
    assert not is_found()


async def test_a_list_that_fits_on_its_page_is_not_counted_beside_it_again(asker: Asker) -> None:
    few = (("status", "missed"), ("limit", "100"))
    fitting, _ = await asker.first_page(*few)
    assert await asker.first_page(*few) == (fitting, 0)
    # It grew past its page: the same list, a page of five.
    assert await asker.first_page(*SHORT) == (fitting, 1)
    asker.now_s += lengths.SHORT_FOR_S
    assert await asker.first_page(*few) == (fitting, 1)


async def test_a_long_list_of_which_little_is_left_is_said_to_be_short_at_once(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lengths, "COUNT_CAP", 3)
        assert (await asker.first_page(*SHORT))[0] == Matching(count=3, capped=True)
    fitting, _ = await asker.first_page(("status", "missed"), ("limit", "100"))
    assert not fitting.capped
    assert (await asker.first_page(*SHORT))[0] == fitting


@pytest.mark.parametrize("trouble", ["all busy", "lost"])
async def test_a_page_whose_count_cannot_be_asked_beside_it_is_counted_after_it(
    asker: Asker, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = await asker.first_page(*SHORT)

    async def lost() -> int:
        raise DatabaseUnavailable("lost")

    async def ask(*_: object) -> asyncio.Task[int] | None:
        return asyncio.create_task(lost()) if trouble == "lost" else None

    monkeypatch.setattr(asker.db.counting, "ask", ask)
    assert await asker.first_page(*SHORT) == (expected, 1)
    assert "ROLLBACK" in asker.seen


async def test_a_page_that_is_cancelled_or_fails_leaves_its_count_to_end_by_itself(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object, **__: object) -> list[asyncpg.Record]:
        raise DatabaseUnavailable("lost")

    reading = asyncio.Event()

    async def endless(*_: object, **__: object) -> list[asyncpg.Record]:
        reading.set()
        await asyncio.Event().wait()
        return []

    with monkeypatch.context() as patch:
        patch.setattr(listing, "read_rows", failing)
        with pytest.raises(DatabaseUnavailable):
            await asker.first_page(*SHORT)
        await asker.settled()
        patch.setattr(listing, "read_rows", endless)
        request = asyncio.create_task(asker.first_page(*SHORT))
        await reading.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    await asker.settled()
    assert (await asker.first_page(*SHORT))[1] == 1
