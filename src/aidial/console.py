"""How the command speaks: lines that appear at once, a bar on a terminal and plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""What `progress_bar` is."""
_LINE_EVERY_S = 5.0


def say(words: str) -> None:
    """Print one line now, whatever standard output is."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


@contextmanager
def progress_bar(about: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that takes how many are done."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        yield _Lines(about, total)
        return
    columns = (TextColumn(about), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(about, total=total)
        yield lambda done: bar.update(task, completed=done)


class _Lines:
    """Says how far it is every few seconds, and at the end."""

    def __init__(self, about: str, total: int) -> None:
        self._about, self._total = about, total
        self._next_at = time.monotonic()
        self._said = -1

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if done != self._said and (now >= self._next_at or done == self._total):
            say(f"{self._about}: {done:,} of {self._total:,}")
            self._said, self._next_at = done, now + _LINE_EVERY_S
