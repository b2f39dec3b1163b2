"""The time, asked for in one place so that a test can move it.

A newcomer would call `datetime.now()`: naive, and out of a test's reach. Times here always carry UTC.
"""

import datetime
from collections.abc import Callable

Clock = Callable[[], datetime.datetime]


def utc_now() -> datetime.datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.datetime.now(datetime.UTC)
