"""How dates, durations, numbers and labels read to people, in the language of the request.

Newcomers get this wrong: a time is always shown in the PROJECT's time zone, never the server's or the
browser's, so every time filter takes the zone's IANA name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import phonenumbers

from aidial_contract.shapes.workspace import is_code
from aidial_portal.design.labels import COUNTED, LABELS
from aidial_portal.words import _, ngettext
from aidial_portal.words import spoken as language

if TYPE_CHECKING:
    from .context import Kpi, Turn

NOTHING: Final = "\N{EN DASH}"
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_KILO: Final = 1000
_TENFOLD: Final = 1000  # per cent; from there on the number before says more


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _clock(local: datetime) -> str:
    return language().writing.clock(local.hour, local.minute)


def exact_time(moment: datetime | None, timezone: str) -> str:
    """Say a moment in full: `22 Nov 2026, 3:05 pm AEDT`."""
    if moment is None:
        return NOTHING
    local = moment.astimezone(_zone(timezone))
    return f"{language().writing.day(local)}, {_clock(local)} {zone_label(timezone, moment)}"


def exact_day(moment: datetime, timezone: str) -> str:
    """Say a moment's day: `22 Nov 2026`."""
    return language().writing.day(moment.astimezone(_zone(timezone)))


def zone_label(timezone: str, moment: datetime | None = None) -> str:
    """Give the zone's abbreviation at a moment (now when None): `AEDT`; `UTC+3` where it has no letters."""
    local = (moment or datetime.now(UTC)).astimezone(_zone(timezone))
    name = local.tzname() or "UTC"
    return name if name.isalpha() else f"UTC{name}"


def share(percent: float) -> str:
    """Say a share in whole per cent: `12%`, and `<1%` rather than nothing of something."""
    return "<1%" if 0 < percent < 1 else f"{round(percent)}%"


def place(timezone: str) -> str:
    """Name a zone by its city: `Sydney` for `Australia/Sydney`."""
    return timezone.rsplit("/", 1)[-1].replace("_", " ")


def relative_time(moment: datetime | None, now: datetime, timezone: str) -> str:
    """Say how long ago: `just now`, `4 min ago`, `3 h ago`, `yesterday, 3:05 pm`, `22 Nov`, `22 Nov 2025`."""
    if moment is None:
        return NOTHING
    local, here = moment.astimezone(_zone(timezone)), now.astimezone(_zone(timezone))
    elapsed = (now - moment).total_seconds()
    if 0 <= elapsed < _HOUR or (elapsed >= 0 and local.date() == here.date()):
        return _ago(elapsed)
    if local.date() == here.date():
        return _("today, {time}").format(time=_clock(local))
    if local.date() == here.date() - timedelta(days=1):
        return _("yesterday, {time}").format(time=_clock(local))
    written = language().writing
    return f"{written.day_of_year(local)}, {_clock(local)}" if local.year == here.year else written.day(local)


def _ago(elapsed: float) -> str:
    if elapsed < _MINUTE:
        return _("just now")
    if elapsed < _HOUR:
        return _("{minutes} min ago").format(minutes=int(elapsed // _MINUTE))
    return _("{hours} h ago").format(hours=int(elapsed // _HOUR))


def iso_time(moment: datetime) -> str:
    """Write a moment for `<time datetime>`: RFC 3339 in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(seconds: float | None) -> str:
    """Say a length: `8 s`, `4 min 12 s`, `1 h 5 min`; an en dash when unknown."""
    if seconds is None:
        return NOTHING
    whole = round(seconds)
    if whole < _MINUTE:
        return _("{seconds} s").format(seconds=whole)
    if whole < _HOUR:
        minutes, seconds = divmod(whole, _MINUTE)
        written = _("{minutes} min {seconds} s") if seconds else _("{minutes} min")
        return written.format(minutes=minutes, seconds=seconds)
    hours, minutes = whole // _HOUR, whole % _HOUR // _MINUTE
    written = _("{hours} h {minutes} min") if minutes else _("{hours} h")
    return written.format(hours=hours, minutes=minutes)


def clock_offset(milliseconds: int | None) -> str:
    """Say a place in a call: `0:07`, `12:40`, `1:02:03`."""
    if milliseconds is None:
        return ""
    whole = milliseconds // 1000
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def phone(number: str | None) -> str:
    """Write an E.164 number as people do: `0412 345 678`, `+61 2 8000 0001`; masked ones pass through."""
    if not number:
        return _("Withheld")
    if "..." in number or not re.fullmatch(r"\+\d{5,15}", number):
        return number
    if number.startswith("+61") and len(number) == len("+61412345678"):
        kind, rest = number[3], number[4:]
        if kind == "4":
            return f"04{rest[:2]} {rest[2:5]} {rest[5:]}"
        if kind in "2378":
            return f"+61 {kind} {rest[:4]} {rest[4:]}"
    return _as_the_library_writes(number)


def _as_the_library_writes(number: str) -> str:
    """Any E.164 number, in a tenth of a millisecond: too long for every row of a page."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, style)).replace("-", " ")


def month(period: str) -> str:
    """Name a billing month: `November 2026` for `2026-11`."""
    year, number = period.split("-")
    return language().writing.month(int(year), int(number))


WORDS_A_SECOND: Final = 2.5
"""At which agents read aloud: 150 words a minute. `counts.js` says the same."""


def spoken(text: str) -> str:
    """`, about 12 s to say`: how long it takes to read a text aloud; nothing for no text."""
    words = len(text.split())
    said = _(", about {seconds} s to say")
    return said.format(seconds=ceil(words / WORDS_A_SECOND)) if words else ""


def count(number: float | None) -> str:
    """Write a count with thousands: `12,408`; an en dash when unknown."""
    return NOTHING if number is None else language().writing.digits(f"{round(number):,}")


def matching(number: int, *, capped: bool, noun: str) -> str:
    """Say how many match: `1 call`, `412 calls`, `10,000+ calls`. `noun` is one of `COUNTED`."""
    one, many = COUNTED[noun]
    shown = f"{count(number)}{'+' if capped else ''}"
    return ngettext(one, many, number + 1 if capped else number).format(count=shown)


def money(amount_minor: int | None, currency: str = "AUD") -> str:
    """Write integer minor units: `$1,204.50` for AUD, `USD 12.00` for others, an en dash when unknown."""
    if amount_minor is None:
        return NOTHING
    return language().writing.money(amount_minor, currency)


def label(code: str | None, fallback: str = NOTHING) -> str:
    """Turn a code of the contract into words: `caller_hangup` reads `Caller hung up`."""
    if not code:
        return fallback
    return _(LABELS.get(code) or code.replace("_", " ").capitalize())


def worded(text: str | None) -> str | None:
    """A project's own word as it is, or a code such as `appointment_booked` in words."""
    return label(text) if text is not None and is_code(text) else text


def file_size(size_bytes: int | None) -> str:
    """Write a size as people read it: `812 bytes`, `34 KB`, `5.2 MB`."""
    if size_bytes is None:
        return NOTHING
    if size_bytes < _KILO:
        return _("{count} bytes").format(count=size_bytes)
    if size_bytes < _KILO * _KILO:
        return f"{round(size_bytes / _KILO)} KB"
    return language().writing.digits(f"{size_bytes / _KILO / _KILO:.1f} MB")


def amount(value: float | None, kind: str) -> str:
    """Write a KPI's value in the unit of its kind: count, minutes, seconds, percent."""
    if value is None:
        return NOTHING
    written: dict[str, Callable[[float], str]] = {
        "seconds": duration,
        "percent": lambda share: f"{round(share)}%",
    }
    return written.get(kind, count)(value)


@dataclass(frozen=True, slots=True)
class Trend:
    """A change in words. direction: up, down, same; tone: good, bad, neutral."""

    direction: str
    change: str
    tone: str


def trend(kpi: Kpi) -> Trend | None:
    """Compare a KPI with the period before. None without a baseline; shares change in points."""
    if kpi.value is None or kpi.previous is None:
        return None
    moved = kpi.value - kpi.previous
    if kpi.kind == "percent":
        change = _("{count} points").format(count=abs(round(moved)))
        unmoved = round(moved) == 0
    elif kpi.previous == 0:
        change = _("from none")
        unmoved = moved == 0
    else:
        percent = round(abs(moved) / kpi.previous * 100)
        change = f"{percent}%" if percent < _TENFOLD else _from(kpi)
        unmoved = percent == 0
    if unmoved:
        return Trend("same", _("No change"), "neutral")
    direction = "up" if moved > 0 else "down"
    tone = "neutral" if kpi.better == "neither" else "good" if kpi.better == direction else "bad"
    return Trend(direction, change, tone)


def _from(kpi: Kpi) -> str:
    return _("from {value}").format(value=amount(kpi.previous, kpi.kind))


def redacted_pieces(turn: Turn) -> list[tuple[str, str | None]]:
    """Split a turn into (text, None) and (marker, kind) pieces; spans that do not fit are ignored."""
    pieces: list[tuple[str, str | None]] = []
    at = 0
    for span in sorted(turn.redactions, key=lambda span: span.start):
        if not at <= span.start < span.end <= len(turn.text):
            continue
        if span.start > at:
            pieces.append((turn.text[at : span.start], None))
        pieces.append((turn.text[span.start : span.end], span.kind))
        at = span.end
    if at < len(turn.text):
        pieces.append((turn.text[at:], None))
    return pieces


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "spoken": spoken,
    "exact_time": exact_time,
    "exact_day": exact_day,
    "zone_label": zone_label,
    "place": place,
    "share": share,
    "relative_time": relative_time,
    "iso_time": iso_time,
    "duration": duration,
    "clock_offset": clock_offset,
    "phone": phone,
    "count": count,
    "matching": matching,
    "money": money,
    "month": month,
    "label": label,
    "amount": amount,
    "file_size": file_size,
}
