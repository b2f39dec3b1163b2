"""A redacted transcript as plain text, and as the data a PDF is made of.

The one thing a newcomer would get wrong: what was said is hostile. It may hold lines that look like somebody
else's turn, and marks that turn the reading direction: lines are indented, and such marks are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from aidial_contract.shapes.calls import Turn

_DIRECTION_MARKS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPEAKERS: Final = {"caller": "Caller", "agent": "Agent", "system": "System"}
_NOTES: Final = {
    "truncated": "This transcript was cut: the call went on after its last line.",
    "incomplete": "A part of the call was not transcribed.",
}
REDACTED: Final = "Personal details were replaced by marks such as [PHONE] before this text was stored."


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the turns. `state` is the transcript's, `zone` the project's."""

    call_id: str
    started_at: datetime
    zone: str
    agent_name: str
    state: str


class Line(msgspec.Struct):
    """One turn as shown."""

    at: str
    speaker: str
    text: str


class Document(msgspec.Struct):
    """The whole transcript as shown: facts are name and value."""

    title: str
    facts: list[tuple[str, str]]
    notes: list[str]
    turns: list[Line]


def document(heading: Heading, turns: Sequence[Turn]) -> Document:
    """The texts of a file, nothing of them markup."""
    started = heading.started_at.astimezone(ZoneInfo(heading.zone))
    facts = [
        ("Call", heading.call_id),
        ("Started", f"{started:%Y-%m-%d %H:%M:%S %z} ({heading.zone})"),
        ("Agent", _readable(heading.agent_name)),
    ]
    notes = [REDACTED, *filter(None, [_NOTES.get(heading.state)])]
    lines = [Line(_offset(turn.start_ms), _SPEAKERS[turn.speaker], _readable(turn.text)) for turn in turns]
    return Document("Transcript", facts, notes, lines)


def text_bytes(turns: Sequence[Turn]) -> int:
    """What counts against the limits: the turns' text in UTF-8."""
    return sum(len(turn.text.encode()) for turn in turns)


def as_text(shown: Document) -> bytes:
    """A UTF-8 text file with LF; a turn's own lines are indented under who said them and when."""
    return "\n".join(_lines(shown)).encode() + b"\n"


def _lines(shown: Document) -> Iterator[str]:
    yield shown.title
    yield ""
    for name, value in shown.facts:
        yield f"{name + ':':<9}{value}"
    yield ""
    yield from shown.notes
    for turn in shown.turns:
        yield ""
        yield f"[{turn.at}] {turn.speaker}" if turn.at else turn.speaker
        for line in turn.text.splitlines() or [""]:
            yield f"    {line}"


def _readable(text: str) -> str:
    return _DIRECTION_MARKS.sub("", text)


def _offset(start_ms: int | None) -> str:
    if start_ms is None:
        return ""
    minutes, seconds = divmod(start_ms // 1_000, 60)
    return f"{minutes}:{seconds:02}"
