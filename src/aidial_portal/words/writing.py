"""How a language writes days, times of day and numbers.

The one thing a newcomer would get wrong: Australian English follows STYLE.md, which is not quite CLDR (`Sep`,
`3:05 pm`); every other language is written as CLDR says, compiled once to a template of Python's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from babel.numbers import format_currency, get_decimal_symbol, get_group_symbol

if TYPE_CHECKING:
    from datetime import date

    import babel

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHOLE_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NOON: Final = 12


class Writing(Protocol):
    """A language's ways of writing. `days` and `short_days` begin with Monday."""

    days: tuple[str, ...]
    short_days: tuple[str, ...]

    def clock(self, hour: int, minute: int) -> str:
        """A time of day."""

    def hour(self, hour: int) -> str:
        """An hour of the day, 0 to 24."""

    def day(self, local: date) -> str:
        """A day with its year, the month cut short."""

    def day_of_year(self, local: date) -> str:
        """A day without its year."""

    def month(self, year: int, month: int) -> str:
        """A month in full, with its year."""

    def digits(self, written: str) -> str:
        """A number that Python wrote with `,` and `.`, with the signs of this language."""

    def money(self, amount_minor: int, currency: str) -> str:
        """An amount of integer minor units."""


class Australian(Writing):
    """STYLE.md: `22 Nov 2026`, `3:05 pm`, `12,408`, `$1,204.50`."""

    days = _DAYS
    short_days = tuple(day[:3] for day in _DAYS)

    def clock(self, hour: int, minute: int) -> str:
        """`3:05 pm`."""
        return f"{hour % 12 or 12}:{minute:02d} {'am' if hour < _NOON else 'pm'}"

    def hour(self, hour: int) -> str:
        """`3 pm`."""
        return f"{hour % 12 or 12} {'am' if hour % 24 < _NOON else 'pm'}"

    def day(self, local: date) -> str:
        """`22 Nov 2026`."""
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"

    def day_of_year(self, local: date) -> str:
        """`22 Nov`."""
        return f"{local.day} {_MONTHS[local.month - 1]}"

    def month(self, year: int, month: int) -> str:
        """`November 2026`."""
        return f"{_WHOLE_MONTHS[month - 1]} {year}"

    def digits(self, written: str) -> str:
        """As Python writes them."""
        return written

    def money(self, amount_minor: int, currency: str) -> str:
        """`$1,204.50` for AUD, `USD 12.00` for others."""
        sign = "-" if amount_minor < 0 else ""
        units, cents = divmod(abs(amount_minor), 100)
        prefix = "$" if currency == "AUD" else f"{currency} "
        return f"{sign}{prefix}{units:,}.{cents:02d}"


_FIELD: Final = re.compile(r"'([^']*)'|([a-zA-Z])\2*|([{}])")
_KNOWN: Final = {
    "d": "{day}",
    "dd": "{day:02d}",
    "M": "{month}",
    "MM": "{month:02d}",
    "MMM": "{short}",
    "MMMM": "{whole}",
    "LLL": "{short}",
    "LLLL": "{whole}",
    "y": "{year}",
    "H": "{hour}",
    "HH": "{hour:02d}",
    "h": "{half}",
    "hh": "{half:02d}",
    "mm": "{minute:02d}",
    "a": "{noon}",
    "B": "{noon}",
}


def _template(pattern: str) -> str:
    """A CLDR pattern as a template of `str.format`. Raises KeyError for a field nobody needed so far."""

    def replaced(found: re.Match[str]) -> str:
        if found[3]:
            return found[0] * 2
        return found[1] if found[1] is not None else _KNOWN[found[0]]

    return _FIELD.sub(replaced, pattern)


class FromCldr(Writing):
    """The ways of any other language."""

    def __init__(self, locale: babel.Locale) -> None:
        self._locale = str(locale)
        skeletons = locale.datetime_skeletons
        self._day = _template(str(locale.date_formats["medium"].pattern))
        self._day_of_year = _template(str(skeletons["MMMd"].pattern))
        self._month = _template(str(skeletons["yMMMM"].pattern))
        self._clock = _template(str(locale.time_formats["short"].pattern))
        self._short = locale.months["format"]["abbreviated"]
        self._whole = locale.months["stand-alone"]["wide"]
        self._noon = (
            locale.day_periods["format"]["abbreviated"]["am"],
            locale.day_periods["format"]["abbreviated"]["pm"],
        )
        self._signs = str.maketrans({",": get_group_symbol(locale), ".": get_decimal_symbol(locale)})
        self.days = tuple(locale.days["format"]["wide"][day] for day in range(7))
        self.short_days = tuple(locale.days["format"]["abbreviated"][day] for day in range(7))

    def clock(self, hour: int, minute: int) -> str:
        """As `timeFormat` short says."""
        half = hour % 12 or 12
        return self._clock.format(hour=hour, half=half, minute=minute, noon=self._noon[hour % 24 >= _NOON])

    def hour(self, hour: int) -> str:
        """The hour as a time of day."""
        return self.clock(hour, 0)

    def day(self, local: date) -> str:
        """As `dateFormat` medium says."""
        return self._written(self._day, local.year, local.month, local.day)

    def day_of_year(self, local: date) -> str:
        """As the skeleton `MMMd` says."""
        return self._written(self._day_of_year, local.year, local.month, local.day)

    def month(self, year: int, month: int) -> str:
        """As the skeleton `yMMMM` says."""
        return self._written(self._month, year, month, 1)

    def _written(self, template: str, year: int, month: int, day: int) -> str:
        return template.format(
            year=year, month=month, day=day, short=self._short[month], whole=self._whole[month]
        )

    def digits(self, written: str) -> str:
        """With the language's own signs."""
        return written.translate(self._signs)

    def money(self, amount_minor: int, currency: str) -> str:
        """As CLDR writes amounts of that currency, with its two decimals."""
        return str(format_currency(amount_minor / 100, currency, locale=self._locale))
