"""What the timing of answers is judged by; the measuring itself needs a quiet machine and is `make fuzz`."""

from __future__ import annotations

import pytest
from fuzz.report import Budget, Report
from fuzz.timing import Measured, Pair, auc_of, compare, measure

from fuzz import timing_api, timing_portal
from tests.support.api import open_world
from tests.support.portal import open_town
from tests.support.postgres import PostgresServer


@pytest.mark.parametrize(
    ("ones", "others", "auc"),
    [
        ([2.0, 3.0], [1.0], 1.0),
        ([1.0], [2.0, 3.0], 0.0),
        ([1.0, 2.0], [1.0, 2.0], 0.5),
        ([1.0, 3.0], [2.0], 0.5),
    ],
)
def test_auc_is_the_share_of_pairs_in_which_the_first_is_slower(
    ones: list[float], others: list[float], auc: float
) -> None:
    assert auc_of(ones, others) == auc


@pytest.mark.parametrize(
    ("count", "auc", "tells"),
    [
        (4_000, 0.529, False),
        (4_000, 0.531, True),
        (4_000, 0.469, True),
        (1_000, 0.55, False),
        (1_000, 0.57, True),
    ],
)
def test_time_tells_beyond_the_bounds_which_are_wider_for_fewer_pairs(
    count: int, auc: float, *, tells: bool
) -> None:
    assert Measured(count, auc, 1.0, 1.0).tells is tells


async def test_both_are_asked_as_often_and_in_turns() -> None:
    asked: list[str] = []

    async def missing() -> int:
        asked.append("missing")
        return 404

    async def other() -> int:
        asked.append("denied")
        return 404

    measured = await measure(Pair("", missing, other), 10)
    assert measured.count == 10
    assert asked[-8:] == ["missing", "denied", "denied", "missing"] * 2


async def denied() -> int:
    return 404


async def test_those_asked_about_alone_are_timed() -> None:
    report = Report("timing")
    pairs = [Pair(name, denied, denied) for name in ("an invoice", "a call", "a call's page")]
    await compare(report, pairs, Budget(pairs=10, about=("call",)))
    assert [note.split(":")[0] for note in report.notes] == ["a call", "a call's page"]


async def test_an_answer_that_is_no_denial_is_not_timed() -> None:
    async def limited() -> int:
        return 429

    with pytest.raises(AssertionError, match="a call: 429"):
        await measure(Pair("a call", denied, limited), 10)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_pair_of_the_api_is_two_denials(postgres_server: PostgresServer, worker_id: str) -> None:
    async with open_world(postgres_server.migrated_database(f"aidial_pairs_{worker_id}")) as world:
        report = await timing_api.run(world, Budget(pairs=2))
    assert len(report.notes) == 35


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_pair_of_the_portal_is_two_denials(
    postgres_server: PostgresServer, worker_id: str
) -> None:
    async with open_town(postgres_server.migrated_database(f"aidial_pairs_portal_{worker_id}")) as town:
        report = await timing_portal.run(town, Budget(pairs=2))
    assert len(report.notes) == 27
