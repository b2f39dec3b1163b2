"""The dates of public holidays, by calendar: Australia's own, or one state's.

The one thing a newcomer would get wrong: the library costs a quarter of a second and 19 MB when it is first
imported. `ready` does that beside the event loop, for those processes only that are asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

LANGUAGE: Final = "en_AU"
_is_loaded: Final[list[bool]] = []


@lru_cache(maxsize=512)
def days_of(calendar: str, year: int) -> Mapping[date, str]:
    """Names by date, in their order; `calendar` as `AU-NSW`, or `AU` for what the whole country keeps."""
    from holidays.countries.australia import Australia  # noqa: PLC0415 - see above

    state = calendar.partition("-")[2] or None
    dates: Callable[..., Mapping[date, str]] = Australia
    found = dates(subdiv=state, years=year, language=LANGUAGE, expand=False)
    return MappingProxyType({day: str(name) for day, name in sorted(found.items())})


async def ready(calendar: str, year: int) -> None:
    """Have the dates of a year at hand, without anybody waiting for the library."""
    if not _is_loaded:
        await asyncio.to_thread(days_of, calendar, year)
        _is_loaded.append(True)


def name_of(calendar: str, day: date) -> str | None:
    """What a day is called where it is a public holiday."""
    return days_of(calendar, day.year).get(day)


def coming(calendar: str, after: date, *, within: timedelta) -> list[tuple[date, str]]:
    """The holidays from a day on, the day included."""
    last = after + within
    return [
        (day, name)
        for year in range(after.year, last.year + 1)
        for day, name in days_of(calendar, year).items()
        if after <= day <= last
    ]
