"""CPU of redacting one call, and how time grows with length.

Run `python bench/redaction.py`. The target is well under 1.5 ms of CPU for a call of 20 turns and about
1,500 characters, because a whole ingest has 5 ms.
"""

from __future__ import annotations

import time

from aidial_api.kernel.redaction import redact, redact_turns

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
    "cards": "4111 1111 1111 1112 ",
}


def cpu_ms(turns: tuple[str, ...], rounds: int = 300) -> float:
    """Least CPU time of one call, in milliseconds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time_ns()
        redact_turns(turns)
        best = min(best, time.process_time_ns() - began)
    return best / 1e6


def main() -> None:
    """Print the measurements."""
    print(f"20 turns, {sum(map(len, CALL))} characters, 3 secrets: {cpu_ms(CALL):.3f} ms")
    print(f"20 turns, {sum(map(len, PLAIN))} characters, nothing in them: {cpu_ms(PLAIN):.3f} ms")
    for name, unit in HOSTILE.items():
        seconds = []
        for size in (250_000, 500_000, 1_000_000):
            text = (unit * (size // len(unit) + 1))[:size]
            began = time.process_time()
            redact(text)
            seconds.append(time.process_time() - began)
        print(f"{name:>14}: " + "  ".join(f"{one:6.2f} s" for one in seconds))


if __name__ == "__main__":
    main()
