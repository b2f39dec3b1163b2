"""The time, asked for in one place so that a test can move it.

A newcomer would call `datetime.now()`: naive, and out of a test's reach. Times here always carry UTC.
"""

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """Return the present moment, aware, in UTC."""
    return dt.datetime.now(dt.UTC)
