"""Start a child that ends when this process ends, whatever way this process ends.

The one thing a newcomer would get wrong: Linux sends the death signal when the THREAD that forked
ends, not the process. So one thread, which lives as long as the process, starts every child.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence

_EXEC_CHILD = str(Path(__file__).with_name("exec_child.py"))
_launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-launcher")


@dataclass(frozen=True, slots=True)
class RunAs:
    """The operating-system user a child runs as. `None` in its place: the caller's own."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    death_signal: signal.Signals,
    env: Mapping[str, str],
    output: IO[bytes] | int,
    run_as: RunAs | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` (an absolute path first) in a session of its own, working folder `/`.

    A session of its own keeps a terminal's Ctrl-C from reaching the child before its turn.
    Standard input is empty; output and errors go to `output`. The child gets `death_signal` when this
    process dies. Errors: `OSError` when Python cannot be started; a missing command ends the child
    with status 1 and a traceback in `output`.
    """
    who = (run_as.uid, run_as.gid) if run_as else (-1, -1)
    words = [int(death_signal), os.getpid(), *who]
    argv = [sys.executable, "-I", "-S", _EXEC_CHILD, *map(str, words), *command]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  (no shell; the command is ours)
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd="/",
            start_new_session=True,
        )

    return _launcher.submit(start).result()
