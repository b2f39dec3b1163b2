"""A tenant at twenty times its rate does not slow another one down: measured, in turns, on a real process."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

import aiohttp
import pytest

from aidial.processes.spawn import spawn
from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_api_key
from aidial_contract.limits import READS
from tests.people import NORTHSIDE
from tests.support.api import World
from tests.support.processes import free_ports, running

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]
TIMES = 20
TURNS, TURN_S, SETTLE_S = 16, 0.6, 0.15
KEYS = 40
PAUSE_S = 0.002
MOST = 1.5
RETESTS = 3
FIRST = -15
NICE = shutil.which("nice") or "/usr/bin/nice"
FLOOD = str(Path(__file__).with_name("flood.py"))


async def test_a_tenant_at_twenty_times_its_rate_moves_anothers_p99_by_less_than_half(
    world: World, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    keys = []
    for number in range(KEYS):  # many, so that the one who is measured stays within each key's own rate
        key, _ = new_api_key("live")
        await world.provisioner.add_key(NORTHSIDE, key, scope="read", description=f"fair {number}")
        keys.append(key)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/v1/calls"
    environ = {**world.environ, "AIDIAL_LIMITS_SCALE": "1", "AIDIAL_LIMIT_READS_OF_TENANT": "60000/min"}
    per_second = TIMES * READS.amount / READS.seconds
    with running("api", [port], environ, tmp_path / "log") as (server,):
        flood = spawn(
            # It stands for another machine, so it must not take this one from those who are measured.
            [NICE, "-n", "10", sys.executable, FLOOD, url, world.harbour_read.key, str(per_second)],
            death_signal=signal.SIGKILL,
            env={"PATH": os.environ["PATH"]},
            output=subprocess.DEVNULL,
        )
        try:
            async with aiohttp.ClientSession() as http:
                await _ask(http, url, keys, TURN_S)  # so that it has its connections to the database
            with _before_other_work([server.pid, *await _servers_of_the_database(world)]):
                quiet, flooded = await _in_turns(url, keys, flood)
                for _ in range(RETESTS):  # other work shares the machine
                    if _tail(flooded) <= MOST * _tail(quiet):
                        break
                    quiet, flooded = await _in_turns(url, keys, flood)
        finally:
            flood.kill()
            flood.wait()
        assert server.poll() is None
    log = (tmp_path / "log").read_text()
    refused = log.count("rate_limited")
    words = (
        f"p99 {_tail(quiet) * 1_000:.1f} ms alone, {_tail(flooded) * 1_000:.1f} ms beside {per_second:g}/s"
    )
    counts = f"{sum(map(len, quiet))} and {sum(map(len, flooded))} requests, {refused:,} refusals"
    record_property("measured", f"{words} ({counts})")
    assert refused > per_second * TURN_S * TURNS / 5  # it did flood
    assert _tail(flooded) <= MOST * _tail(quiet), words


async def _servers_of_the_database(world: World) -> list[int]:
    """The processes that answer this database, and the one that makes more of them."""
    pids = [row["pid"] for row in await world.sql("SELECT pid FROM pg_stat_activity WHERE pid IS NOT NULL")]
    return [*pids, _parent(pids[0])]


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@contextmanager
def _before_other_work(pids: Iterable[int]) -> Iterator[None]:
    """Let these and the one who measures run before whatever else this machine does; only root may say so."""

    def prefer(nice: int) -> None:
        for pid in (0, *pids):
            with suppress(ProcessLookupError, PermissionError):
                os.setpriority(os.PRIO_PROCESS, pid, nice)

    prefer(FIRST)
    try:
        yield
    finally:
        prefer(0)


async def _in_turns(
    url: str, keys: list[str], flood: subprocess.Popen[bytes]
) -> tuple[list[list[float]], list[list[float]]]:
    """By turn, seconds each request took without and with the flood: so both meet the same machine."""
    found: tuple[list[list[float]], list[list[float]]] = ([], [])
    async with aiohttp.ClientSession() as http:
        for turn in range(2 * TURNS):
            is_flooded = turn % 2 == 1
            flood.send_signal(signal.SIGCONT if is_flooded else signal.SIGSTOP)
            await asyncio.sleep(SETTLE_S)
            found[is_flooded].append(await _ask(http, url, keys, TURN_S))
    return found


async def _ask(http: aiohttp.ClientSession, url: str, keys: list[str], seconds: float) -> list[float]:
    spent: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        started = time.perf_counter()
        async with http.get(url, headers={API_KEY: keys[len(spent) % len(keys)]}) as answer:
            await answer.read()
            assert answer.status == 200
        spent.append(time.perf_counter() - started)
        await asyncio.sleep(PAUSE_S)
    return spent


def _tail(turns: list[list[float]]) -> float:
    """The p99 of a turn, its slowest one or two, as it is in half of them: a pause spoils a few."""
    return median(sorted(spent)[int(len(spent) * 0.99)] for spent in turns)
