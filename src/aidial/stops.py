"""Ends of a command that are nobody's bug: a sentence for the person, and an exit code for the script.

The one thing a newcomer would get wrong: `CommandStopped` is for what can be expected (a port that is taken,
a database that does not answer). Anything else keeps its traceback, because it is a bug.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, after sysexits.h where it has one."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    TAMPERED = 3
    UNSEALED = 4
    UNAVAILABLE = 69
    CONFIGURATION = 78


class CommandStopped(Exception):  # noqa: N818  (it is an end, not an error of ours)
    """Carries the sentence that is shown and the code the process exits with."""

    def __init__(self, words: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(words)
        self.code = code
