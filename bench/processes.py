"""Servers as processes of their own, and how much CPU they burn.

The one thing a newcomer would get wrong: the process's own clock is read, so threads that a library started
and ended meanwhile are counted too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aidial.processes import answers

ROOT = Path(__file__).resolve().parents[1]
READY_LIMIT_S = 60.0
CPUCLOCK_SCHED = 2


def cpu_us(pid: int) -> float:
    """Microseconds of CPU of every thread a process has or had: the kernel's CPU clock of another process.

    Source: clock_getcpuclockid(3), whose id is made as the kernel's MAKE_PROCESS_CPUCLOCK does.
    """
    return time.clock_gettime_ns((~pid << 3) | CPUCLOCK_SCHED) / 1_000


@contextmanager
def server(name: str, command: list[str], env: Mapping[str, str], health_url: str) -> Iterator[int]:
    """Run a server until the block ends; gives its pid. RuntimeError when it does not come up."""
    log = Path(env["BENCH_FOLDER"]) / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], env={**os.environ, **env}, stdout=output, stderr=output, cwd=ROOT
        )
        try:
            until = time.monotonic() + READY_LIMIT_S
            while not answers(health_url):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{name} did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.05)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
