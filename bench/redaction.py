"""Redaction: megabytes a second on one core, how well it covers our corpus, and Presidio beside it.

Part of `make bench`; `python -m bench.redaction --hostile` also shows how time grows with texts made to be
slow. The targets are 1 MB/s, and well under 1.5 ms for a call of 20 turns, of the 5 ms an ingest has.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from tests.api.redaction.scoring import Line, Score, read, score, table

from aidial_api.kernel.redaction import Kind, redact, redact_turns
from aidial_api.kernel.redaction.engine import find
from bench.presidio import KINDS, Presidio, is_installed

TARGET_MB_A_SECOND = 1.0
PARTS = {"written": ("written", "held_out_written"), "spoken": ("spoken", "held_out_spoken")}
CALL = (
    "Thanks for calling Harbour Dental, this call may be recorded. How can I help you today?",
    "Hi there, I have had a bit of a toothache since Tuesday and I was hoping to see somebody this week.",
    "Sorry to hear that. We have Thursday the 14th of March at 11:30 am or Friday at 2:15 pm with Dr Nguyen.",
    "Thursday at 11:30 would be perfect. How much is it for one check up and clean, do you know?",
    "A check up and clean is $220, and most health funds cover two a year. Are you a new patient with us?",
    "Yes, I am new. I have just moved here from Geelong with my two kids, so they need to see someone too.",
    "Welcome to the area. Can I take your full name, please?",
    "It is Sarah Whitfield, that is W H I T F I E L D.",
    "Thank you, Sarah. And what is the best number to reach you on?",
    "It's oh four one two, three four five, six seven eight.",
    "So that is 0412 345 678, is that right?",
    "Yes, that is right.",
    "Lovely. May I have an e-mail address for the confirmation?",
    "Sure, it is sarah dot whitfield at gmail dot com.",
    "Thank you. And would you like a reminder by text message the day before, about 24 hours ahead?",
    "Yes please, that would be great. Is there parking close by? I will be coming from work.",
    "There is two hour parking behind the building, and the tram stops right at the door.",
    "Great. I think that is all I need, thank you so much for your help.",
    "You are welcome. You are booked for Thursday at 11:30 am, and your reference is HD4471. See you then.",
    "Thanks, bye.",
)
PLAIN = tuple(
    "Could I move it to the afternoon, please? Anything after two would be good for us." for _ in CALL
)
HOSTILE = {
    "digits": "1",
    "spaced digits": "1 ",
    "words": "one ",
    "grouped": "0412 34 ",
    "at signs": "a@",
    "spoken at": "a at b dot ",
    "dots": "a.b",
    "addresses": "12 smith ",
    "context": "phone 1234567 ",
    "births": "born 1 ",
    "codes": "cvv 123 ",
    "corrections": "1 sorry ",
    "cards": "4111 1111 1111 1112 ",
}


def cpu_seconds(calls: Sequence[Sequence[str]], rounds: int) -> float:
    """Least CPU time of redacting all of them, one after another, in seconds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time_ns()
        for call in calls:
            redact_turns(call)
        best = min(best, (time.process_time_ns() - began) / 1e9)
    return best


def speed() -> None:
    """CPU of ordinary calls, and of lines that hold hardly anything but secrets."""
    corpus = [line.turns for names in PARTS.values() for name in names for line in read(name)]
    print("\nRedaction, one core")
    for name, calls, rounds in (
        ("a call of 20 turns with 3 secrets", [CALL], 300),
        ("20 turns with nothing in them", [PLAIN], 300),
        ("the corpus, a line a call, a secret in two of three", corpus, 5),
    ):
        seconds = cpu_seconds(calls, rounds)
        size = sum(len(turn.encode()) for call in calls for turn in call)
        rate = size / seconds / 1e6
        ordinary = "" if calls is corpus else f"  target {TARGET_MB_A_SECOND}: {_met(rate)}"
        print(f"  {name:52} {size:6} bytes {seconds * 1e3:8.2f} ms {rate:6.2f} MB/s{ordinary}")


def _met(rate: float) -> str:
    return "met" if rate >= TARGET_MB_A_SECOND else "MISSED"


def quality() -> None:
    """What is covered of what is labelled, and the precision of the marks; Presidio's if installed."""
    lines = {manner: [line for name in names for line in read(name)] for manner, names in PARTS.items()}
    scores = {f"ours, {manner}": score(part, find) for manner, part in lines.items()}
    theirs = Presidio() if is_installed() else None
    if theirs is not None:
        scores |= {f"Presidio, {manner}": score(part, theirs.find) for manner, part in lines.items()}
    print("\nRedaction of the corpus: covered of labelled, and precision of the marks")
    print(table(scores))
    if theirs is not None:
        print(f"The {len(KINDS)} kinds Presidio has recognisers for:")
        for name, one in scores.items():
            print(f"  {name:20} recall {_recall(one):.3f}")
        print(f"Presidio reads {_their_rate(lines['written'], theirs):.3f} MB/s of the written lines.")
    else:
        print(
            "Presidio is not installed: pip install -e .[bench] puts its Australian recognisers beside ours."
        )


def _recall(one: Score) -> float:
    kinds: list[Kind] = list(KINDS.values())
    return sum(one.covered[kind] for kind in kinds) / sum(one.labelled[kind] for kind in kinds)


def _their_rate(lines: Sequence[Line], theirs: Presidio) -> float:
    began = time.process_time()
    for line in lines:
        theirs.find(line.turns)
    size = sum(len(turn.encode()) for line in lines for turn in line.turns)
    return size / (time.process_time() - began) / 1e6


def hostile() -> None:
    """CPU of texts made to be slow, at three lengths: it should grow as they do."""
    for name, unit in HOSTILE.items():
        seconds = []
        for size in (250_000, 500_000, 1_000_000):
            text = (unit * (size // len(unit) + 1))[:size]
            began = time.process_time()
            redact(text)
            seconds.append(time.process_time() - began)
        print(f"{name:>14}: " + "  ".join(f"{one:6.2f} s" for one in seconds))


if __name__ == "__main__":
    speed()
    quality()
    if "--hostile" in sys.argv:
        hostile()
