"""Calendars of public holidays, and dates of a calendar, as they read to people.

The one thing a newcomer would get wrong: a date of a calendar has no time zone; it is not a moment.
"""

from __future__ import annotations

from datetime import date
from typing import Final

CALENDARS: Final = {
    "AU": "National holidays only",
    "AU-ACT": "Australian Capital Territory",
    "AU-NSW": "New South Wales",
    "AU-NT": "Northern Territory",
    "AU-QLD": "Queensland",
    "AU-SA": "South Australia",
    "AU-TAS": "Tasmania",
    "AU-VIC": "Victoria",
    "AU-WA": "Western Australia",
}
"""What each is called where one is chosen."""
_WHOLE: Final = "AU"
_WITH_ARTICLE: Final = {"AU-ACT", "AU-NT"}


def calendar(code: str) -> str:
    """Name a calendar as it is chosen: `New South Wales`."""
    return CALENDARS.get(code, code)


def calendar_place(code: str) -> str:
    """Say where it counts: `all of Australia`, `Victoria`, `the Northern Territory`."""
    if code == _WHOLE:
        return "all of Australia"
    return f"{'the ' if code in _WITH_ARTICLE else ''}{calendar(code)}"


def calendar_day(text: str) -> str:
    """Write a date with its weekday: `Fri 25 Dec 2026`; what is no date stays."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day:%a} {day.day} {day:%b} {day.year}"
