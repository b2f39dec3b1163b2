# ruff: noqa: E501, SIM905 - word lists read better as lines of words
"""How people say times, dates and numbers on the phone.

Nobody says "14:15": they say "quarter past two". The written form belongs to the record, the spoken to the
turns.
"""

from datetime import date, datetime, timedelta
from random import Random

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second "
    "twenty-third twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth "
    "thirty-first"
).split()
NOON = 12
MORNING_ENDS = 12
AFTERNOON_ENDS = 17
TEN = 10
TWENTY = 20
HUNDRED = 100
WEEK_DAYS = 7
PAIR = 2


def say_number(number: int) -> str:
    """Spell a whole number of 0-9,999: 185 is "one hundred and eighty-five"."""
    if number < TWENTY:
        return ONES[number]
    if number < HUNDRED:
        tens, ones = divmod(number, TEN)
        return TENS[tens] + (f"-{ONES[ones]}" if ones else "")
    if number < HUNDRED * TEN:
        hundreds, rest = divmod(number, HUNDRED)
        return f"{ONES[hundreds]} hundred" + (f" and {say_number(rest)}" if rest else "")
    thousands, rest = divmod(number, HUNDRED * TEN)
    joiner = " and " if 0 < rest < HUNDRED else " "
    return f"{ONES[thousands]} thousand" + (f"{joiner}{say_number(rest)}" if rest else "")


def say_time(at: datetime, rng: Random) -> str:
    """Say a time of day the way a receptionist would: "ten past two", "half past nine", "quarter to four"."""
    hour, minute = at.hour % NOON or NOON, at.minute
    coming = hour % NOON + 1
    if minute == 0:
        return rng.choice((f"{ONES[hour]} o'clock", f"{ONES[hour]} {part_of_day(at)}"))
    fixed = {
        10: (f"ten past {ONES[hour]}", f"{ONES[hour]} ten"),
        15: (f"quarter past {ONES[hour]}", f"{ONES[hour]} fifteen"),
        20: (f"twenty past {ONES[hour]}", f"{ONES[hour]} twenty"),
        30: (f"half past {ONES[hour]}", f"{ONES[hour]} thirty"),
        40: (f"twenty to {ONES[coming]}", f"{ONES[hour]} forty"),
        45: (f"quarter to {ONES[coming]}", f"{ONES[hour]} forty-five"),
        50: (f"ten to {ONES[coming]}", f"{ONES[hour]} fifty"),
    }
    return rng.choice(fixed.get(minute, (f"{ONES[hour]} {say_number(minute)}",)))


def part_of_day(at: datetime) -> str:
    """Name the part of the day: "in the morning", "in the afternoon" or "in the evening"."""
    if at.hour < MORNING_ENDS:
        return "in the morning"
    return "in the afternoon" if at.hour < AFTERNOON_ENDS else "in the evening"


def say_day(day: date, today: date, rng: Random) -> str:
    """Say a coming day as seen from today: "tomorrow", "this Thursday", "Tuesday the third of March"."""
    ahead = (day - today).days
    name = f"{day:%A}"
    if ahead == 0:
        return "today"
    if ahead == 1:
        return "tomorrow"
    numbered = f"{name} the {ORDINALS[day.day]}"
    if ahead < WEEK_DAYS and day.weekday() > today.weekday():
        return rng.choice((f"this {name}", numbered))
    if day.month != today.month:
        return f"{numbered} of {day:%B}"
    return numbered


def say_digits(digits: str, rng: Random) -> str:
    """Read digits aloud in their groups: "oh four nine one, five seven oh, one five six"."""
    zero = rng.choice(("oh", "oh", "zero"))
    doubles = rng.random() < 1 / 2
    return ", ".join(_say_group(group, zero, doubles=doubles) for group in digits.split())


def _say_group(group: str, zero: str, *, doubles: bool) -> str:
    words: list[str] = []
    index = 0
    while index < len(group):
        word = zero if group[index] == "0" else ONES[int(group[index])]
        repeated = doubles and group[index : index + PAIR] == group[index] * PAIR
        words.append(f"double {word}" if repeated else word)
        index += PAIR if repeated else 1
    return " ".join(words)


def say_year(year: int) -> str:
    """Say a year of birth: 1984 is "nineteen eighty-four", 2009 "two thousand and nine"."""
    century, rest = divmod(year, HUNDRED)
    if century == TWENTY:
        return "two thousand" + (f" and {say_number(rest)}" if rest else "")
    return f"{ONES[century]} {say_number(rest) if rest >= TEN else 'oh ' + ONES[rest]}"


def say_birth_date(born: date, rng: Random) -> str:
    """Give a date of birth in one of the forms speech recognition writes down."""
    return rng.choice(
        (
            f"{born:%d/%m/%Y}",
            f"{born.day} {born:%B} {born.year}",
            f"the {ORDINALS[born.day]} of {born:%B} {say_year(born.year)}",
            f"{born.day}/{born.month}/{born.year}",
        )
    )


def next_open_day(day: date, open_days: frozenset[int]) -> date:
    """Move forward to the first day of the week (Monday is 0) the practice is open."""
    while day.weekday() not in open_days:
        day += timedelta(days=1)
    return day
