"""One supervised child process: its command, its log file, its restarts.

The one thing a newcomer would get wrong: a child that dies is started again only after it was ready
once. One that never became ready has a reason that a restart does not cure, so its log is shown instead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from aidial.processes.spawn import spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

CONFIGURATION_INVALID = 78
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 8.0
_DEATHS_ALLOWED, _DEATHS_WINDOW_S = 5, 60.0
_LOG_LIMIT_BYTES = 10 * 1024 * 1024
_LOG_TAIL_BYTES = 2000
_directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ChildFailed(RuntimeError):  # noqa: N818  (the name callers catch)
    """A child cannot be kept running. The text names it, its status and its log file."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: an absolute command, its whole environment, and how to see that it is ready.

    `ready` is asked again and again until it answers True, at most `ready_limit_s` seconds.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    ready: Callable[[], bool]
    ready_limit_s: float = 60.0


class Child:
    """A running `Program`. `say` gets short sentences for people."""

    def __init__(self, program: Program, log_folder: Path, say: Callable[[str], None]) -> None:
        self.program = program
        self.log = log_folder / f"{program.name}.log"
        self._say = say
        self._deaths: deque[float] = deque(maxlen=_DEATHS_ALLOWED)
        self._start_at: float | None = None
        self._process = self._spawn()

    @property
    def pid(self) -> int:
        """The process id of the newest start."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Return once the program is ready. Errors: `ChildFailed` when it ends or takes too long."""
        limit_s = self.program.ready_limit_s
        until = time.monotonic() + limit_s
        while not self.program.ready():
            # Ended, and not ready in the moment between.
            if self._process.poll() is not None and not self.program.ready():
                raise ChildFailed(f"{self._ending()} before it was ready. {self._last_words()}")
            if time.monotonic() > until:
                raise ChildFailed(
                    f"{self.program.name} was not ready within {limit_s:.0f} s. {self._last_words()}"
                )
            time.sleep(0.05)

    def check(self) -> None:
        """Start the program again, after a growing delay, when it died.

        Errors: `ChildFailed` after five deaths within a minute, or at once for a refused configuration.
        """
        if self._start_at is not None:
            if time.monotonic() >= self._start_at:
                self._start_at = None
                self._process = self._spawn()
            return
        if self._process.poll() is None:
            return
        now = time.monotonic()
        self._deaths.append(now)
        if self._process.returncode == CONFIGURATION_INVALID:
            raise ChildFailed(f"{self._ending()}: its configuration is invalid. {self._last_words()}")
        recent = sum(1 for death in self._deaths if now - death < _DEATHS_WINDOW_S)
        if recent >= _DEATHS_ALLOWED:
            raise ChildFailed(f"{self._ending()} for the {recent}th time in a minute. {self._last_words()}")
        delay_s = min(_FIRST_DELAY_S * 2 ** (recent - 1), _LONGEST_DELAY_S)
        self._say(f"{self._ending()}; starting it again in {delay_s:g} s. Its log: {self.log}")
        self._start_at = now + delay_s

    def stop(self, grace_s: float) -> None:
        """Ask with SIGTERM, wait at most `grace_s` seconds, then kill; its own children are killed too."""
        self._start_at = None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(grace_s)
            except subprocess.TimeoutExpired:
                self._say(f"{self.program.name} did not stop within {grace_s:g} s; killing it")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._open_log() as log:
            return spawn(self.program.command, death_signal=signal.SIGTERM, env=self.program.env, output=log)

    def _open_log(self) -> IO[bytes]:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.rename(self.log.with_suffix(".log.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(self.log, flags, 0o600), "ab")

    def _ending(self) -> str:
        status = self._process.returncode
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return f"{self.program.name} ended with {how}"

    def _last_words(self) -> str:
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _LOG_TAIL_BYTES))
            tail = log.read().decode("utf-8", "replace").strip()
        return f"The end of {self.log}:\n{tail}"


def answers(url: str, timeout_s: float = 1.0) -> bool:
    """Return whether a GET of this http URL answers 200 within `timeout_s` seconds. Never raises.

    Asked directly: a proxy that the environment names is for other addresses.
    """
    try:
        with _directly.open(url, timeout=timeout_s) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except (OSError, urllib.error.URLError, ValueError):
        return False
