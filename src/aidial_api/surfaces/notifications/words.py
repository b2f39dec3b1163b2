"""Times, lengths and numbers as people read them in a message."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DIRECTION_MARKS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def moment(at: datetime, zone: str) -> str:
    """`22 Nov 2026, 3:05 pm AEDT`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y}, {clock(at, zone)} {local:%Z}"


def clock(at: datetime, zone: str) -> str:
    """`3:05 pm`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"  # noqa: PLR2004 - noon


def length(seconds: int) -> str:
    """`4 min 12 s`."""
    if seconds < _MINUTE:
        return f"{seconds} s"
    hours, rest = divmod(seconds, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def offset(start_ms: int | None) -> str:
    """`1:05`, into a call; empty when unknown."""
    if start_ms is None:
        return ""
    minutes, seconds = divmod(start_ms // 1_000, _MINUTE)
    return f"{minutes}:{seconds:02}"


def readable(text: str) -> str:
    """A text without marks that turn its direction."""
    return _DIRECTION_MARKS.sub("", text)


def one_line(text: str) -> str:
    """A text whose line breaks are spaces."""
    return " ".join(readable(text).split())
