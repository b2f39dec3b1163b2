"""A tree of processes that starts, stays up, and stops in reverse order.

Decision: a child that dies after it was ready is started again (0.5 s, 1 s, 2 s, ... later); the fifth
death within a minute, or exit status 78 (configuration invalid), ends the whole tree with a message that
names the child and shows the end of its log. The one thing a newcomer would get wrong: SIGTERM and
SIGINT raise `StopRequested` wherever the main thread is, once; so everything to be stopped is added
BEFORE it is started.
"""

from __future__ import annotations

import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Self

from aidial.processes.child import Child, Program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType, TracebackType

_CHECK_EVERY_S = 0.2
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequested(BaseException):
    """SIGTERM or SIGINT came. A `BaseException`, so that no handler of ordinary errors swallows it."""


class Supervisor:
    """A context manager for the main thread; leaving it stops everything, and ends a `StopRequested`.

    `log_folder` gets one 0600 file a child. `grace_s` is what each child gets between SIGTERM and SIGKILL.
    """

    def __init__(
        self, log_folder: Path, *, on_progress: Callable[[str], None], grace_s: float = 10.0
    ) -> None:
        self._log_folder = log_folder
        self._say = on_progress
        self._grace_s = grace_s
        self._members: list[tuple[Callable[[], None], Callable[[], None]]] = []
        self._stopping = False
        self._earlier_handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._log_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in _SIGNALS:
            self._earlier_handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        self._stopping = True
        self._stop_all()
        for number, handler in self._earlier_handlers.items():
            signal.signal(number, handler)
        return isinstance(error, StopRequested)

    def add(self, *, check: Callable[[], None], stop: Callable[[], None]) -> None:
        """Add something that is not a child (the database): `check` is called often, `stop` once."""
        self._members.append((check, stop))

    def start(self, *programs: Program) -> None:
        """Start children at once and wait until all are ready, asked in this order. Errors: `ChildFailed`."""
        children = []
        for program in programs:
            self._say(f"Starting {program.name}")
            child = Child(program, self._log_folder, self._say)
            self.add(check=child.check, stop=partial(child.stop, self._grace_s))
            children.append(child)
        for child in children:
            child.wait_ready()

    def run(self) -> NoReturn:
        """Keep everything running until a signal comes. Errors: `StopRequested`, or a member's own."""
        while True:
            self.check()
            time.sleep(_CHECK_EVERY_S)

    def check(self) -> None:
        """Look after every member once; for those who wait for something else. Errors: a member's own."""
        for check, _ in self._members:
            check()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._stopping:  # a second signal changes nothing: stopping is under way and bounded
            self._stopping = True
            raise StopRequested

    def _stop_all(self) -> None:
        failures = []
        while self._members:
            _, stop = self._members.pop()
            try:
                stop()
            except Exception as error:  # noqa: BLE001  (the others must be stopped too)
                failures.append(error)
        if failures:
            raise ExceptionGroup("Not everything stopped cleanly", failures)
