"""A demo as a person starts it: the command in a process group of its own, watched from outside."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

READY = "AiDial is ready"
LIMIT_S = 150
FREE = ("--portal-port", "0", "--api-port", "0", "--idp-port", "0")


class Demo:
    """One start of `aidial demo` on `folder`. `said` is every line it printed so far."""

    def __init__(self, folder: Path, *options: str, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "aidial", "demo", "--data-dir", str(folder), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def manifest(self) -> dict[str, Any]:
        """`demo.json`."""
        document: dict[str, Any] = json.loads((self.folder / "demo.json").read_bytes())
        return document

    def wait_said(self, start: str) -> str:
        """Wait for a line that starts so."""
        assert self._process.stdout
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            line = self._process.stdout.readline()
            if not line:
                break
            self.said.append(line.rstrip())
            if line.startswith(start):
                return line.rstrip()
        raise AssertionError("it never said " + start + ":\n" + "\n".join(self.said))

    def wait_ready(self) -> None:
        self.wait_said(READY)

    def wait_end(self) -> int:
        """Wait until it has ended by itself; its exit code."""
        self.said += self._process.communicate(timeout=LIMIT_S)[0].splitlines()
        return self._process.returncode

    def stop(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.wait_end()

    def kill(self) -> None:
        """End its whole process group without a word; harmless when it has ended."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def tree(self) -> set[int]:
        """The process and everything below it."""
        found, todo = set(), [self._process.pid]
        while todo:
            pid = todo.pop()
            found.add(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    todo += [int(word) for word in task.read_text().split()]
        return found


def wait_all_gone(pids: set[int], limit_s: float = 30) -> None:
    """Wait for the end of processes that are not ours."""
    until = time.monotonic() + limit_s
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            end = os.pidfd_open(pid)
            left_s = max(0.0, until - time.monotonic())
            assert select.select([end], [], [], left_s)[0], f"process {pid} is still there"
            os.close(end)


def wait_until(what: Callable[[], object], limit_s: float = 60) -> None:
    until = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


_directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url: str, *, key: str = "", body: Any = None) -> tuple[int, Any]:
    """Status and JSON of a request to the API; (0, None) when nobody answers."""
    headers = {"X-API-Key": key, "Content-Type": "application/json"} if key else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - our own
    try:
        with _directly.open(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")
    except (OSError, ValueError):
        return 0, None
