"""What the timing of answers is judged by; the measuring itself needs a quiet machine and is `make fuzz`."""

from __future__ import annotations

import pytest
from fuzz.timing import Measured, Pair, auc_of, measure


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

    async def denied() -> int:
        asked.append("denied")
        return 404

    measured = await measure(Pair("", missing, denied), 10)
    assert measured.count == 10
    assert asked[-8:] == ["missing", "denied", "denied", "missing"] * 2
