"""Redaction of a text or a whole conversation, before anything is stored.

A newcomer's likely mistake: redacting turn by turn. A number spoken over several turns, or asked for in one
turn and said in the next, is only seen by `redact_turns`. Everything here is pure and deterministic.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import TYPE_CHECKING

from .address_turns import addresses_in_turns
from .addresses import addresses
from .atoms import runs
from .births import births
from .context import Context
from .emails import emails
from .fold import Doc
from .marks import Find, Kind, Redacted, RedactedTurns, RedactionFailed, apply, merge, spans_of
from .numbers import Numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DEFAULT_CAP_SECONDS = 2.0
_MOST_PASSES = 6


def redact(text: str) -> Redacted:
    """Redact one text; redacting the result changes nothing. What redaction breaks over becomes empty."""
    return _shown([text])


def redact_beside(name: str, text: str) -> Redacted:
    """Redact one text that has a name beside it, which says what it is: `{"cvv": "314"}`."""
    return _shown([name, text])


def redact_together(texts: Sequence[str]) -> list[Redacted]:
    """Redact texts of one document, each read behind those before it; what redaction breaks over is empty."""
    try:
        return list(map(_redacted, texts, find(texts)))
    except Exception:  # noqa: BLE001 - whatever broke, the raw text is not shown
        return [Redacted("", ())] * len(texts)


def redact_parts(name: str, parts: Sequence[str]) -> list[Redacted]:
    """Redact texts that may be one detail: a day, a month, a year. A part of one becomes its mark."""
    whole = " ".join(parts)
    try:
        finds = find([name, whole])[-1]
    except Exception:  # noqa: BLE001 - whatever broke, the raw text is not shown
        return [Redacted("", ())] * len(parts)
    shown = []
    at = 0
    for part in parts:
        kind = next((one.kind for one in finds if one.start < at + len(part) and one.end > at), None)
        text = part if kind is None else f"[{kind}]"
        shown.append(Redacted(text, spans_of(text)))
        at += len(part) + 1
    return shown


def _shown(texts: list[str]) -> Redacted:
    """The last of the texts, redacted."""
    try:
        return _redacted(texts[-1], find(texts)[-1])
    except Exception:  # noqa: BLE001 - whatever broke, the raw text is not shown
        return Redacted("", ())


def raw_for_vault(text: str) -> str:
    """Give the text that may be kept encrypted: unchanged but for card verification codes.

    What breaks over it is raised: then nothing may be kept.
    """
    return _without_codes(text, find([text])[0])


def redact_turns(texts: Sequence[str], *, cap_seconds: float = DEFAULT_CAP_SECONDS) -> RedactedTurns:
    """Redact a conversation, one answer a turn, in order.

    Raises `RedactionFailed` once it took `cap_seconds` of work, or when it breaks over a text; then neither
    the redacted nor the raw text may be stored, because the raw text may hold a card verification code.
    """
    try:
        finds = find(texts, _cap(cap_seconds))
    except RedactionFailed:
        raise
    except Exception as broken:  # noqa: BLE001 - a text nobody thought of must not be shown, nor lose the call
        # By name only: what broke may say in its message what was said.
        raise RedactionFailed(f"redaction broke: {type(broken).__name__}") from None
    return RedactedTurns(
        tuple(map(_redacted, texts, finds)),
        tuple(map(_without_codes, texts, finds)),
    )


def hidden(texts: Sequence[str], *, cap_seconds: float = DEFAULT_CAP_SECONDS) -> list[tuple[int, str, str]]:
    """What redaction hides of a conversation: turn, kind and the words themselves, in order.

    For the eyes of somebody who unlocked them. Raises `RedactionFailed` once it took `cap_seconds` of work.
    """
    finds = find(texts, _cap(cap_seconds))
    return [
        (turn, one.kind.value, texts[turn][one.start : one.end])
        for turn, found in enumerate(finds)
        for one in found
    ]


def _redacted(text: str, finds: list[Find]) -> Redacted:
    redacted = apply(text, finds)
    return Redacted(redacted, spans_of(redacted))


def _without_codes(text: str, finds: list[Find]) -> str:
    return apply(text, [find for find in finds if find.kind is Kind.CVV])


def _no_cap() -> None:
    return


def _cap(seconds: float) -> Callable[[], None]:
    # Of work, not of time: a machine that stands still for a while must not cost a call its words.
    ends = time.thread_time() + seconds

    def check() -> None:
        if time.thread_time() > ends:
            raise RedactionFailed(f"redaction took more than {seconds} s of work")

    return check


def find(texts: Sequence[str], check: Callable[[], None] = _no_cap) -> list[list[Find]]:
    """Find per turn, in offsets of the given texts; repeated until a pass over the result finds nothing."""
    finds: list[list[Find]] = [[] for _ in texts]
    current = list(texts)
    for _ in range(_MOST_PASSES):
        changed = _pass(current, check)
        if not changed:
            break
        for turn, new in changed.items():
            finds[turn] = merge(finds[turn] + _in_original(finds[turn], new))
            current[turn] = apply(texts[turn], finds[turn])
    return finds


def _pass(texts: Sequence[str], check: Callable[[], None]) -> dict[int, list[Find]]:
    doc = Doc(texts)
    changed: dict[int, list[Find]] = {}
    for find in merge(_recognise(doc, check)):
        for turn, piece in doc.turn_ranges(find):
            changed.setdefault(turn, []).append(piece)
    return changed


def _recognise(doc: Doc, check: Callable[[], None]) -> Iterator[Find]:
    check()
    context = Context(doc)
    numbers = Numbers(doc, context)
    found = list(runs(doc, check))
    for run in found:
        check()
        yield from numbers.finds(run)
    check()
    yield from addresses(doc, found)
    check()
    yield from addresses_in_turns(doc, found)
    check()
    yield from emails(doc.text)
    check()
    yield from births(doc, context, check)
    check()


def _in_original(earlier: list[Find], new: list[Find]) -> list[Find]:
    """Translate places of a text with marks back to the text before they were put in."""
    if not earlier:
        return new
    ends: list[int] = []
    shifts = [0]
    for find in earlier:
        mark_end = find.start - shifts[-1] + len(find.kind) + 2
        ends.append(mark_end)
        shifts.append(find.end - mark_end)

    def back(at: int) -> int:
        return at + shifts[bisect_right(ends, at)]

    return [Find(back(find.start), back(find.end - 1) + 1, find.kind) for find in new]
