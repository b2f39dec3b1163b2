"""Calendars of public holidays, and dates of a calendar, as they read to people.

The one thing a newcomer would get wrong: a date of a calendar has no time zone; it is not a moment.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from aidial_portal.words import N_, _, spoken

CALENDARS: Final = {
    "AU": N_("National holidays only"),
    "AU-ACT": N_("Australian Capital Territory"),
    "AU-NSW": N_("New South Wales"),
    "AU-NT": N_("Northern Territory"),
    "AU-QLD": N_("Queensland"),
    "AU-SA": N_("South Australia"),
    "AU-TAS": N_("Tasmania"),
    "AU-VIC": N_("Victoria"),
    "AU-WA": N_("Western Australia"),
}
"""What each is called where one is chosen."""
_PLACES: Final = {
    "AU": N_("all of Australia"),
    "AU-ACT": N_("the Australian Capital Territory"),
    "AU-NT": N_("the Northern Territory"),
}


def calendar(code: str) -> str:
    """Name a calendar as it is chosen: `New South Wales`."""
    return _(CALENDARS.get(code, code))


def calendar_place(code: str) -> str:
    """Say where it counts: `all of Australia`, `Victoria`, `the Northern Territory`."""
    return _(_PLACES[code]) if code in _PLACES else calendar(code)


def calendar_day(text: str) -> str:
    """Write a date with its weekday: `Fri 25 Dec 2026`; what is no date stays."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    written = spoken().writing
    return f"{written.short_days[day.weekday()]} {written.day(day)}"
