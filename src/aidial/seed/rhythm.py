"""When the phone rings: by hour, weekday, public holiday and a slight growth over the period.

Weights are per hour of the project's own clock; a front desk peaks when an after-hours line sleeps.
"""

from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

FRONT_DESK_HOURS = (
    *(0.05, 0.03, 0.02, 0.02, 0.04, 0.1, 0.5, 2.0),
    *(7.0, 10.0, 9.6, 8.2, 4.4, 5.2, 8.0, 8.3),
    *(7.1, 4.0, 1.2, 0.6, 0.4, 0.25, 0.15, 0.08),
)
AFTER_HOURS_HOURS = (
    *(0.5, 0.3, 0.25, 0.25, 0.4, 0.9, 3.0, 5.0),
    *(1.2, 0.1, 0.08, 0.08, 0.25, 0.15, 0.08, 0.1),
    *(0.3, 3.2, 7.5, 8.6, 7.0, 4.6, 2.4, 1.1),
)
WEEKEND_DAY_HOURS = range(8, 20)
FRONT_DESK_DAYS = (1.34, 1.08, 1.0, 0.98, 0.92, 0.34, 0.07)
AFTER_HOURS_DAYS = (1.0, 0.92, 0.92, 0.95, 1.05, 1.45, 1.5)
SATURDAY = 5
MONDAY = 0
TUESDAY = 1
WEDNESDAY = 2
GROWTH = 0.22
DAY_NOISE = 0.14
HOLIDAY_FRONT_DESK = 0.05
HOLIDAY_AFTER_HOURS = 1.3
HOUR = timedelta(hours=1)


def start_times(
    rng: Random, *, count: int, until: datetime, days: int, timezone: str, state: str, after_hours: bool
) -> list[datetime]:
    """Draw `count` start times, oldest first, in the `days` before `until`, in the project's timezone."""
    zone = ZoneInfo(timezone)
    hours, totals = busy_hours(
        rng, until=until, days=days, timezone=timezone, state=state, after_hours=after_hours
    )
    starts = []
    for _ in range(count):
        hour = hours[bisect(totals, rng.random() * totals[-1], hi=len(hours) - 1)]
        length = min(HOUR, until - hour)
        starts.append((hour + timedelta(seconds=int(rng.random() * length.total_seconds()))).astimezone(zone))
    return sorted(starts)


def busy_hours(
    rng: Random, *, until: datetime, days: int, timezone: str, state: str, after_hours: bool
) -> tuple[list[datetime], list[float]]:
    """The hours (UTC) of the `days` before `until`, and the sum of the weights up to and with each."""
    zone = ZoneInfo(timezone)
    first = until - timedelta(days=days)
    hours = list(_hours(first, until))
    holidays = public_holidays({first.astimezone(zone).year, until.astimezone(zone).year}, state)
    moods: dict[date, float] = {}
    weights: list[float] = []
    for index, hour in enumerate(hours):
        local = hour.astimezone(zone)
        if local.date() not in moods:
            moods[local.date()] = rng.uniform(1 - DAY_NOISE, 1 + DAY_NOISE)
        growth = 1 + GROWTH * index / len(hours)
        weight = hour_weight(local, after_hours=after_hours, holiday=local.date() in holidays)
        weights.append(weight * moods[local.date()] * growth)
    return hours, list(accumulate(weights))


def hour_weight(local: datetime, *, after_hours: bool, holiday: bool) -> float:
    """Weigh one hour of the local clock; only ratios matter."""
    weekday, hour = local.weekday(), local.hour
    if not after_hours:
        shut = HOLIDAY_FRONT_DESK if holiday else 1.0
        return FRONT_DESK_HOURS[hour] * FRONT_DESK_DAYS[weekday] * shut
    closed_all_day = weekday >= SATURDAY or holiday
    base = 3.2 if closed_all_day and hour in WEEKEND_DAY_HOURS else AFTER_HOURS_HOURS[hour]
    return base * AFTER_HOURS_DAYS[weekday] * (HOLIDAY_AFTER_HOURS if holiday else 1.0)


def _hours(first: datetime, until: datetime) -> Iterator[datetime]:
    # On whole UTC hours: a start stays inside its hour of the local clock (Adelaide's half hour aside).
    hour = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + HOUR
    while hour < until:
        yield hour
        hour += HOUR


def public_holidays(years: set[int], state: str) -> frozenset[date]:
    """List the public holidays of NSW, VIC or QLD (Brisbane) in these years, days in lieu included."""
    return frozenset(day for year in years for day in (*_national(year), *_of_state(year, state)))


def _national(year: int) -> Iterator[date]:
    sunday = easter_sunday(year)
    yield from (sunday + timedelta(days=offset) for offset in (-2, -1, 0, 1))
    yield date(year, 4, 25)
    for day in (date(year, 1, 1), date(year, 1, 26)):
        yield day
        if day.weekday() >= SATURDAY:
            yield day + timedelta(days=7 - day.weekday())
    for day in (date(year, 12, 25), date(year, 12, 26)):
        yield day
        if day.weekday() >= SATURDAY:
            yield day + timedelta(days=2)


def _of_state(year: int, state: str) -> Iterator[date]:
    if state == "NSW":
        yield from (_nth(year, 6, MONDAY, 2), _nth(year, 10, MONDAY, 1))
    elif state == "VIC":
        yield from (_nth(year, 3, MONDAY, 2), _nth(year, 6, MONDAY, 2), _nth(year, 11, TUESDAY, 1))
    elif state == "QLD":
        yield from (_nth(year, 5, MONDAY, 1), _nth(year, 8, WEDNESDAY, 2), _nth(year, 10, MONDAY, 1))


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def easter_sunday(year: int) -> date:
    """Compute Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
