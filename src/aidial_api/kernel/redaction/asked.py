"""What the words before a short number ask for: a card's code, or something else, like a postcode or a room.

A newcomer's likely mistake: taking every thing that is spoken of for one that is asked for. "Great, that
holds the room" - "314" says nothing of the number; "room number?" - "304" does, and "room 304", "304 guests".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .vocabulary import MEASURED, NAMED, REFERENCES, SITES

if TYPE_CHECKING:
    from .context import Context
    from .fold import Doc

CODE = "cvv"  # a card's code by name, or "the three digit code"
SHORT = "code"  # "the code", "the four digits": a card's code where a card is spoken of
ELSE = "else"

_BACK_TURNS = 3  # "room number?" - "let me look" - "sure" - "304"
_NEAR = 48
_SENTENCE = 120
_CUT = re.compile(r"[.,;:?!]+|\b(?:and|then|but|so)\b")
_ASKS = re.compile(
    r"\b(?:what|which|how|whose|can (?:i|we|you)|could|may i|tell me|give me|do you|did you|is it|need"
    r"|confirm|please)\b"
)
_NUMBER = re.compile(r"\x01|\d(?![ -]?(?:digits?|numbers?|figures)\b)")
_THING = re.compile(rf"\b(?:{'|'.join(NAMED)})(?![a-z])")
_LOCK = re.compile(rf"\b(?:{SITES})\b")
_ANY = "|".join((*NAMED, *REFERENCES))
_BESIDE = re.compile(
    rf"\b(?:{_ANY})(?![a-z])"
    r"(?:'s|[ :=,#-]|is|was|were|are|of|at|for|to|be|comes|came|number|no\b\.?|will|would|the){1,7} ?\Z"
)
_BARE = re.compile(
    r"(?:(?:and|or|ok|okay|now|also|just|finally|lastly|last|next|great|thanks|thank you|your|the|his|her"
    r"|their|my|a|billing|current|home|first|full|same|that|this|new|total) )*"
    rf"(?:{_ANY})(?: (?:numbers?|no|is|please|thanks|again|too|sir|madam|love|mate))*"
)
_SINCE = re.compile(r"\b(?:in|since|until|till|before|after|from|year|of) \Z")
_AROUND = re.compile(r"\b(?:at|by|around|about|before|after|until|till|from|to) \Z")
_YEAR = re.compile(r"(?:19|20)\d\d")
_TIME = re.compile(r"(?:0?[1-9]|1\d|2[0-3])[0-5][05]")
_YES = re.compile(
    r"(?:yes|yeah|yep|yup|no|nope|correct|that's right)[,.! ]*(?:please|thanks|thank you)?[.! ]*"
)
_IT = re.compile(r"\b(?:it|that|them|they|those)(?: please)?\Z")
_GIVEN = re.compile(r"(?:thanks|thank you|got|great|perfect|i have|i've|that's)\b")
_FEW = re.compile(r"\b(?:(?:three|four|[34])[ -](?:digits?|numbers)|codes?|digits)\b")
_OF = re.compile(
    r"(?: codes?)?(?: (?:of|in|on|from)(?: (?:the|your|my|his|her|our|that|this|an?|billing|home))*)? "
)
_HAS = re.compile(r"(?:'s)? (?:(?:has|have|is|are|was|with|got|a|the|just|only|in) )*")
_UNIT = re.compile(rf"(?:[ -](?:{'|'.join(MEASURED)})(?![a-z])|[ ]?%)")


def is_measured(doc: Doc, at: int) -> bool:
    """Whether what follows a number counts with it: "250 dollars", "120 guests"."""
    return bool(_UNIT.match(doc.text, at))


def is_called_else(doc: Doc, context: Context, at: int, answered: int, digits: str) -> bool:
    """Whether the word right before a number says that it is no code: "room 304", "in 2014", "at 1130"."""
    start = max(doc.turn_starts[doc.turn_at(at)], at - _NEAR)
    if CODE in context.within(max(start, answered), at):
        return False  # "the CVV for this order is 314"
    before = doc.text[start:at]
    return bool(
        _BESIDE.search(before)
        or (_YEAR.fullmatch(digits) and _SINCE.search(before))
        or (_TIME.fullmatch(digits) and _AROUND.search(before))
    )


def asked_for(doc: Doc, context: Context, at: int, answered: int) -> str:
    """What is asked for right before a place: `CODE`, `SHORT`, `ELSE`, or "" when nothing says.

    `answered` is where the last number before it ended: what was asked for before that has its answer.
    """
    here = doc.turn_at(at)
    for turn in range(here, max(-1, here - _BACK_TURNS - 1), -1):
        start = doc.turn_starts[turn]
        end = at if turn == here else doc.turn_end(turn)
        begin = max(start, answered, end - _SENTENCE)
        for number in _NUMBER.finditer(doc.text, begin, end):
            begin = number.end()
        said, asks = _said(doc, context, begin, end)
        if said or begin > max(start, end - _SENTENCE):
            return said
        if turn < here and (asks or _YES.fullmatch(doc.text, start, end)):
            return ""  # what was asked for before it was answered, or is left
    return ""


def _said(doc: Doc, context: Context, begin: int, end: int) -> tuple[str, bool]:
    """What the last part of a turn that names anything names, and whether a part asks and names nothing."""
    text = doc.text
    named, joined, question, last = "", True, False, end
    for cut in (*reversed([*_CUT.finditer(text, begin, end)]), None):
        first = cut.end() if cut else begin
        part = text[first:last].strip()
        asks = question or bool(_ASKS.search(part))
        here = _part(context, first, last, part, asks=asks)
        if not named:
            if here in {CODE, SHORT}:
                return here, asks
            if not here and asks and " " in part and not _IT.search(part):
                return "", True
            named = here
        elif here in {CODE, SHORT} and (asks or joined) and not _GIVEN.match(part):
            return here, asks  # "the code, and your postcode?"
        stop = cut is not None and cut[0][0] in ".?!"
        joined = bool(not part or joined) and not stop
        question = (cut is not None and "?" in cut[0]) or (question and " " not in part)
        last = cut.start() if cut else begin
    return named, False


def _part(context: Context, first: int, last: int, part: str, *, asks: bool) -> str:
    """What a part of a sentence names."""
    if len(part) < len(CODE):
        return ""
    labels = context.within(first, last)
    if CODE in labels:
        return CODE
    things = [*_THING.finditer(part)]
    # "The last four digits" are the card's own.
    if "ending" in labels or any(SHORT in thing[0] for thing in things) or _BARE.fullmatch(part):
        return ELSE
    few = _FEW.search(part) if labels & {"few", SHORT} else None
    if few:
        if _LOCK.search(part) or any(_is_of(part, few, thing) for thing in things):
            return ELSE
        return CODE if "few" in labels and (SHORT in labels or "last" in part) else SHORT
    return ELSE if things and asks else ""


def _is_of(part: str, few: re.Match[str], thing: re.Match[str]) -> bool:
    """Whether digits are a thing's: "three digits of your phone number", "the extension has three digits"."""
    if thing.start() <= few.start():
        return thing.end() > few.start() or bool(_HAS.fullmatch(part, thing.end(), few.start()))
    return thing.start() < few.end() or bool(_OF.fullmatch(part, few.end(), thing.start()))
