"""A labelled corpus of our own: what callers and receptionists write and say, and how well it is covered."""

from __future__ import annotations

import time

import pytest

from aidial_api.kernel.redaction import Kind, redact_turns
from aidial_api.kernel.redaction.engine import find

from .scoring import Line, Score, read, score, table

PARTS = ("written", "spoken", "held_out_written", "held_out_spoken")
LEAST_RECALL = {"written": 0.99, "spoken": 0.95}
LEAST_PRECISION = 0.95
LEAST_LINES = 600
MOST_YARDSTICKS = 8  # for a call of ordinary words, which takes 3; `make bench` has megabytes a second


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    return {name: score(read(name), find) for name in PARTS}


@pytest.mark.parametrize("manner", LEAST_RECALL)
def test_hardly_anything_a_caller_says_is_left_to_read(scores: dict[str, Score], manner: str) -> None:
    both = scores[manner] + scores[f"held_out_{manner}"]
    assert both.recall >= LEAST_RECALL[manner], both.leaks


@pytest.mark.parametrize("kind", Kind)
def test_a_mark_says_what_was_there(scores: dict[str, Score], kind: Kind) -> None:
    for manner in LEAST_RECALL:
        both = scores[manner] + scores[f"held_out_{manner}"]
        assert both.marked[kind]
        assert both.precision(kind) >= LEAST_PRECISION, both.wrong


def test_card_verification_codes_are_never_left(scores: dict[str, Score]) -> None:
    for one in scores.values():
        assert one.covered[Kind.CVV] == one.labelled[Kind.CVV] > 0


def test_what_was_made_up_to_get_past_us_is_covered_and_nothing_else_is() -> None:
    attacked = score(read("attacked"), find)
    assert (attacked.leaks, attacked.wrong) == ([], [])


@pytest.mark.parametrize("line", read("codes"), ids=lambda line: " // ".join(line.turns))
def test_the_code_of_a_card_is_covered_to_the_letter_and_other_short_numbers_stay(line: Line) -> None:
    assert [tuple(found) for found in find(line.turns)] == list(line.labels)


def test_the_corpus_is_large_and_no_line_is_there_twice(
    scores: dict[str, Score], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for name in PARTS for line in read(name)]
    assert len(set(lines)) == len(lines) >= LEAST_LINES
    assert sum(not any(line.labels) for line in lines) >= LEAST_LINES / 4
    with capsys.disabled():
        print(f"\n{table(scores)}")  # noqa: T201 - the measurement is the point


def _additions() -> int:
    """A yardstick: about what an ordinary call's redaction costs, whatever the machine is busy with."""
    total = 0
    for number in range(100_000):
        total += number
    return total


@pytest.mark.slow
def test_an_ordinary_call_is_read_in_the_time_of_a_few_hundred_thousand_additions() -> None:
    call = [
        *(turn for line in read("spoken")[:3] for turn in line.turns),
        *(turn for line in read("written") if not any(line.labels) for turn in line.turns),
    ]
    took: dict[str, list[float]] = {"call": [], "yardstick": []}
    for _ in range(10):  # in turns: a busy moment slows both
        for name, work in (("yardstick", _additions), ("call", lambda: redact_turns(call))):
            began = time.process_time()
            work()
            took[name].append(time.process_time() - began)
    assert min(took["call"]) <= MOST_YARDSTICKS * min(took["yardstick"])
