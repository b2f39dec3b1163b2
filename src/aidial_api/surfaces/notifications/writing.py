"""The two messages after a call, in words.

The one thing a newcomer would get wrong: what was said is hostile. It may hold lines that look like somebody
else's turn, so a turn's lines are indented under who said them, as in a transcript file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_api.kernel.masking import mask_number
from aidial_api.kernel.outgoing.sending import Content, Occasion
from aidial_api.surfaces.notifications import store
from aidial_api.surfaces.notifications.names import names_in, without_names
from aidial_api.surfaces.notifications.words import clock, length, moment, offset, one_line, readable

if TYPE_CHECKING:
    import asyncpg

LONGEST_TEXT: Final = 400_000
LONGEST_SMS: Final = 306
"""Two parts."""
_SPEAKERS: Final = {"caller": "Caller", "agent": "Agent", "system": "System"}
_REDACTED: Final = "Personal details were replaced by marks such as [PHONE] before this text was stored."
_CUT: Final = "The rest is too long for an e-mail. Read it in AiDial."
_NO_TRANSCRIPT: Final = {
    "hidden": "The transcript of this call is hidden.",
    "retention_expired": "The transcript of this call was deleted.",
    "redaction_failed": "The transcript cannot be shown: its personal details could not be replaced.",
}
_DELETED_FOR: Final = {
    "retention": "The transcript of this call was deleted: its time, by your policy, is over.",
    "request": "The transcript of this call was deleted: your organisation asked for it.",
}
_WHY: Final = (
    "You get this because your organisation has transcripts of this phone line sent to you. An administrator"
    " changes that in AiDial under Settings, Notifications."
)
_INCOMPLETE: Final = {
    "truncated": "This transcript was cut: the call went on after its last line.",
    "incomplete": "A part of the call was not transcribed.",
}
_SHOWN: Final = frozenset({"available", "truncated", "incomplete"})
_STATUSES: Final = {"completed": "Call", "missed": "Missed call", "failed": "Failed call", "unknown": "Call"}


class _Turn(msgspec.Struct):
    speaker: str
    text: str
    start_ms: int | None = None


_turns = msgspec.json.Decoder(list[_Turn])


async def write_transcript(occasion: Occasion) -> Content | None:
    """The e-mail with a call's redacted transcript; None when the call is no more, or goes on again."""
    call = await store.ended_call(occasion.tx, occasion.key.client_id, occasion.about_id)
    if call is None:
        return None
    turns, names = _said(occasion, call)
    summary = call["summary"] or ""
    lines = [
        one_line(call["display_name"]),
        _what(call),
        f"{_party(call)}: {_number(occasion, call)}",
        *(f"{name}: {value}" for name, value in _findings(call, names)),
        *(("", "Summary", one_line(without_names(summary, names))) if summary else ()),
        "",
        "Transcript",
        *_transcript(call["transcript_state"], call["deleted_for"], turns, names),
        "",
        _WHY,
    ]
    subject = f"{_STATUSES[call['status']]} on {one_line(call['display_name'])}"
    return Content(f"{subject}, {moment(call['started_at'], call['timezone'])}", "\n".join(lines) + "\n")


async def write_summary(occasion: Occasion) -> Content | None:
    """The SMS: line, caller, what they wanted, what came of it."""
    call = await store.ended_call(occasion.tx, occasion.key.client_id, occasion.about_id)
    if call is None:
        return None
    _, names = _said(occasion, call)
    said = [f"{one_line(call['display_name'])}: {_STATUSES[call['status']].lower()}"]
    said[0] += f" {'from' if call['direction'] == 'inbound' else 'to'} {_number(occasion, call)}"
    said[0] += f", {clock(call['started_at'], call['timezone'])}"
    said += [f"{name}: {value}" for name, value in _findings(call, names) if name != "Agent"]
    text = ". ".join(said) + "."
    return Content("", text if len(text) <= LONGEST_SMS else f"{text[: LONGEST_SMS - 3]}...")


def _what(call: asyncpg.Record) -> str:
    at = moment(call["started_at"], call["timezone"])
    took = "" if call["duration_seconds"] is None else f", {length(call['duration_seconds'])}"
    return f"{_STATUSES[call['status']]}, {call['direction']}, {at}{took}"


def _party(call: asyncpg.Record) -> str:
    return "Caller" if call["direction"] == "inbound" else "Called"


def _number(occasion: Occasion, call: asyncpg.Record) -> str:
    column = "from_number" if call["direction"] == "inbound" else "to_number"
    if call[column] is None:
        return "a withheld number"
    number = occasion.key.decrypt(call[column], purpose=column, record=call["call_id"]).decode()
    return mask_number(number) if occasion.mask else number


def _said(occasion: Occasion, call: asyncpg.Record) -> tuple[Sequence[_Turn], Sequence[str]]:
    """What may be shown of a transcript, and the names to hide in all that is written of the call."""
    turns = _turns.decode(call["turns"]) if call["turns"] else []
    texts = (*(turn.text for turn in turns), call["summary"] or "")
    # A name is told in the words even when they may not be shown.
    names = names_in(texts) if occasion.mask else []
    return turns if call["transcript_state"] in _SHOWN else [], names


def _findings(call: asyncpg.Record, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    found = {
        "About": call["call_type"] or "not classified",
        "Outcome": call["outcome"] or "unclassified",
        "Agent": call["agent_name"],
    }
    for what, value in found.items():
        if value:
            yield what, one_line(without_names(value, names))


def _transcript(
    state: str, deleted_for: str | None, turns: Sequence[_Turn], names: Sequence[str]
) -> Iterator[str]:
    if not turns:
        if state == "retention_expired" and deleted_for is not None:
            yield _DELETED_FOR[deleted_for]
            return
        yield _NO_TRANSCRIPT.get(state, "There is no transcript of this call.")
        return
    yield _REDACTED
    if state in _INCOMPLETE:
        yield _INCOMPLETE[state]
    written = 0
    for turn in turns:
        written += len(turn.text)
        if written > LONGEST_TEXT:
            yield ""
            yield _CUT
            return
        at = offset(turn.start_ms)
        yield ""
        yield f"[{at}] {_SPEAKERS[turn.speaker]}" if at else _SPEAKERS[turn.speaker]
        for line in without_names(readable(turn.text), names).splitlines() or [""]:
            yield f"    {line}"
