"""Time zones that a tenant or a project may be in.

The one thing a newcomer would get wrong: Python knows names that PostgreSQL does not (`localtime`), and every
sum by day would fail for whoever chose one.
"""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"Factory", "localtime"})


def is_zone(text: str) -> bool:
    """Whether a text is the IANA name of a zone that exists."""
    return text in _zones()
