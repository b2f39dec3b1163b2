"""`make bench`: CPU a request and latency, beside their floors, in one run.

`python -m bench [--only servers scale paint redaction] [--rows 100000 1000000] [--calls 500000]
[--requests 60] [--rounds 40]`. Needs nothing but the machine: a
fresh database, the real servers as processes, everything on loopback, and stops by itself.

The one thing a newcomer would get wrong: a shared host is up to twice as slow for minutes at a time. Nothing
but a neighbour makes a round slower, so many short rounds are measured and the least counts; what Python took
for plain work before and after stands beside, to compare hosts by.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench import api, paint, portal, redaction, scale
from bench.load import Subject

ADDITIONS = 1_000_000
PARTS = ("servers", "scale", "paint", "redaction")
TARGETS_CPU_US = {
    "GET /v1/calls, page without count": 900,
    "POST /v1/calls, 20 turns": 5_000,
    portal.OWN_SHARE: 700,
    portal.SAVE_TENANT: 6_000,
    portal.SAVE_HOURS: 6_000,
}
TARGETS_P50_MS = {"GET /v1/calls, page without count": 4.0, "GET /v1/calls, first page with count": 4.0}


def show(title: str, subjects: Sequence[Subject]) -> None:
    """A table on stdout."""
    print(f"\n{title}")
    print(f"  {'':44} {'CPU us':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for subject in subjects:
        judged = [
            f"{name} {target:g}: {'met' if taken <= target else 'MISSED'}"
            for name, taken, target in (
                ("target", subject.cpu, TARGETS_CPU_US.get(subject.name)),
                ("p50", subject.p50, TARGETS_P50_MS.get(subject.name)),
            )
            if target is not None
        ]
        verdict = "  " + ", ".join(judged) if judged else ""
        print(f"  {subject.name:44} {subject.cpu:8.0f} {subject.p50:8.2f} {subject.p99:8.2f}{verdict}")


async def run_servers(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure the API and the portal over one tenant's calls."""
    effort = {"rounds": arguments.rounds, "requests": arguments.requests}
    with api.database(folder) as urls, portal.provider(folder) as issuer:
        async with api.ground(folder, urls, issuer.issuer, issuer.client_id) as base:
            show(
                "Ingest",
                await api.ingest_figures(
                    base, rounds=arguments.rounds, requests=max(20, arguments.requests // 4)
                ),
            )
            have = 0
            for count in arguments.rows:
                print(f"\nLoading up to {count:,} calls", flush=True)
                await api.fill_to(base, count - have)
                have = count
                show(f"List over {count:,} calls of one project", await api.list_figures(base, **effort))
            async with portal.visiting(base, issuer) as visit:
                show("Portal", await portal.list_figures(visit, **effort))
                show("Saving settings", await portal.save_figures(visit, **effort))


def say_host(when: str) -> None:
    """What Python takes for plain work now: the yardstick between hosts, and between minutes of one."""

    def add() -> float:
        started, total = time.process_time(), 0
        for number in range(ADDITIONS):
            total += number
        return time.process_time() - started

    taken_ms = min(add() for _ in range(5)) * 1_000
    python = f"Python {platform.python_version()} of {sys.base_prefix}"
    print(f"{python}; {ADDITIONS:,} additions {when}: {taken_ms:.0f} ms", flush=True)


async def run(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure what was asked for."""
    wanted = arguments.only
    if "servers" in wanted:
        await run_servers(arguments, folder)
    if "scale" in wanted:
        with api.database(folder) as urls:
            await scale.run(folder, urls, os.urandom(32), calls=arguments.calls, rounds=arguments.rounds)
    if "paint" in wanted:
        print(await paint.first_paint_lines(folder))
    if "redaction" in wanted:
        redaction.speed()
        redaction.quality()


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--calls", type=int, default=300_000, help="calls of all tenants in the part scale")
    parser.add_argument("--requests", type=int, default=60, help="requests a round")
    parser.add_argument("--rounds", type=int, default=40, help="interleaved rounds; the least counts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aidial-bench-") as name:
        Path(name).chmod(0o711)
        say_host("before")
        uvloop.run(run(arguments, Path(name)))
        say_host("after")
    sys.exit(0)


if __name__ == "__main__":
    main()
