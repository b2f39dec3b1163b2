"""`make fuzz` says by its exit code whether something was found; a broken run does not stop the others."""

from __future__ import annotations

import argparse
import re
from typing import Any

import pytest
from fuzz.report import Budget, Report
from fuzz.runs import RUNS, Run

from fuzz import __main__ as command

ARGUMENTS = argparse.Namespace(only=None, minutes=2.0, cases=9, pairs=10, seed=7, about=())


async def nothing(_: Any, budget: Budget) -> Report:
    return Report("nothing", cases=3, notes=[f"{budget.seconds:.0f} s, seed {budget.seed}, {budget.cases}"])


async def something(_: Any, budget: Budget) -> Report:
    return Report("something", cases=5, findings={"a 500": "curl ..."})


async def broken(_: Any, budget: Budget) -> Report:
    raise RuntimeError("no database")


@pytest.mark.parametrize(
    ("runs", "code"),
    [([nothing], 0), ([nothing, something], 1), ([something, nothing], 1), ([broken, nothing], 2)],
)
def test_the_exit_code_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], runs: list[Any], code: int
) -> None:
    monkeypatch.setattr(command, "RUNS", {run.__name__: Run(run, 1 / len(runs)) for run in runs})
    assert command.run_all(None, ARGUMENTS) == code  # type: ignore[arg-type]
    said = capsys.readouterr().out
    assert re.search(rf"nothing: 3 cases in \d+ s, nothing found\n  {120 / len(runs):.0f} s, seed 7, 9", said)
    assert ("FOUND a 500\n    curl ..." in said) == (something in runs)
    assert ("broken: BROKE" in said) == (broken in runs)


def test_the_shares_of_the_time_are_all_of_it() -> None:
    assert sum(run.share for run in RUNS.values()) == pytest.approx(1)
