"""Servers as processes of their own: `aidial api` and `aidial portal`, as they run in production.

The one thing a newcomer would get wrong: they start side by side, and each dies with this process.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from aidial.processes import answers
from aidial.processes.spawn import spawn

READY_S = 60.0
FIRST_PORT, PORTS = 12_000, 18_000
"""Below those that systems give to connections, so that none takes a port before its server listens."""


def free_ports(count: int) -> list[int]:
    """Ports that are free; by true chance, because every test of every worker begins `random` alike."""
    found: set[int] = set()
    while len(found) < count:
        port = FIRST_PORT + secrets.randbelow(PORTS)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.add(port)
    return list(found)


@contextmanager
def nobody_listens() -> Iterator[str]:
    """An address that refuses every connection, and that nobody else gets meanwhile: bound, not listening."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def running(
    app: str, ports: Sequence[int], environ: Mapping[str, str], log: Path
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """One `aidial <app>` on each port until the block ends; RuntimeError when one does not come up."""
    health = {"api": "/v1/health/live", "portal": "/api/health/live"}[app]
    env = {"PATH": os.environ["PATH"], **environ}
    with log.open("wb") as output:
        processes = [
            spawn(
                [sys.executable, "-m", "aidial", app, "--port", str(port)],
                death_signal=signal.SIGKILL,
                env=env,
                output=output.fileno(),
            )
            for port in ports
        ]
        try:
            until = time.monotonic() + READY_S
            for port, process in zip(ports, processes, strict=True):
                while not answers(f"http://127.0.0.1:{port}{health}"):
                    if process.poll() is not None or time.monotonic() > until:
                        raise RuntimeError(f"{app} did not start:\n{log.read_text()[-2_000:]}")
                    time.sleep(0.05)
            yield processes
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(20)
