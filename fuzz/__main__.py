"""`make fuzz`: the long randomised runs, one after another, and what they found.

`python -m fuzz [--minutes 20] [--cases 10000] [--pairs 4000] [--seed 1] [--only contract ...]`. Needs
nothing but the machine: real servers, a real PostgreSQL of its own. The exit code is 1 when something was
found, 2 when a run broke.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import time
import traceback

import structlog
from tests.support.postgres import PostgresServer

from fuzz.ground import database_server
from fuzz.report import Budget, Report
from fuzz.runs import RUNS

SHOWN_CHARS = 2_000


def show(report: Report) -> None:
    """A run's account on stdout."""
    verdict = f"{len(report.findings)} findings" if report.findings else "nothing found"
    print(f"{report.name}: {report.cases:,} cases in {report.seconds:.0f} s, {verdict}", flush=True)
    for note in report.notes:
        print(f"  {note}")
    for what, example in report.findings.items():
        print(f"  FOUND {what}")
        for line in example[:SHOWN_CHARS].strip().splitlines():
            print(f"    {line}")
    sys.stdout.flush()


def run_all(server: PostgresServer, arguments: argparse.Namespace) -> int:
    """Every wanted run; the exit code."""
    wanted = [name for name in RUNS if not arguments.only or name in arguments.only]
    shares = {name: RUNS[name].share for name in wanted}
    code = 0
    for name in wanted:
        share = shares[name] / (sum(shares.values()) or 1)
        budget = Budget(
            arguments.minutes * 60 * share,
            arguments.seed,
            arguments.pairs,
            arguments.cases,
            tuple(arguments.about),
        )
        started = time.monotonic()
        try:
            report: Report = asyncio.run(RUNS[name].run(server, budget))
        except Exception:  # noqa: BLE001 - the other runs still have something to say
            print(
                f"{name}: BROKE after {time.monotonic() - started:.0f} s\n{traceback.format_exc()}",
                flush=True,
            )
            code = 2
            continue
        report.seconds = time.monotonic() - started
        show(report)
        code = code or int(bool(report.findings))
    return code


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0, help="for all randomised runs together")
    parser.add_argument(
        "--cases", type=int, default=10_000, help="fewest requests of the contract run; 0 is a quick look"
    )
    parser.add_argument("--pairs", type=int, default=4_000, help="pairs of answers timed of each route")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31), help="repeats a run")
    parser.add_argument("--only", nargs="+", choices=sorted(RUNS), help="these runs alone")
    parser.add_argument(
        "--about", nargs="+", default=(), help="time the routes alone whose names have a word"
    )
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"Seed {arguments.seed}; {arguments.minutes:g} minutes, {arguments.pairs:,} pairs", flush=True)
    with database_server() as server:
        code = run_all(server, arguments)
    sys.exit(code)


if __name__ == "__main__":
    main()
