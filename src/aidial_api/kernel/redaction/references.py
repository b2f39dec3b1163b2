"""Numbers of orders, jobs and tickets that have the shape of a telephone number: those stay.

A newcomer's likely mistake: believing any word in sight. Only what stands right before a number names it, and
a telephone that is spoken of beside it wins: "mobile for the job 0412 345 678".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .vocabulary import THINGS

if TYPE_CHECKING:
    from .digits import Digits

_FAR = 80
_BARE = "order|job|booking|invoice|ticket|tracking|docket|consignment|parcel|receipt"
_HINT = re.compile("|".join((*THINGS, "ref")))
_NUMBERED = re.compile(
    rf"(?<![a-z])(?:(?:{'|'.join(THINGS)}) ?(?:numbers?|no\b|id\b|code|ref\b|reference|\#)(?: no\b)?"
    r"|(?:reference|ref\b|order \#)(?![^\n]*\n))"  # a field named "reference" may hold anything
    r"(?:[ .:#?,\n-]|(?:number|is|was|it's|that's|the|um+|uh+|yes|yeah|yep|sure|so|ok|okay)(?![a-z']))"
    r"{1,12}\Z"
)
_NAMED = re.compile(
    r"(?<![a-z])(?P<whose>(?:my|your|his|her|their|our|the|this|that|an?) (?:[a-z]{2,9} )?)?"
    rf"(?:{_BARE})[ :#]{{1,3}}\Z"
)
_TELEPHONE = (
    r"(?<![a-z])(?:(?:tele)?phone|mobile|mob|cell|landline|fax|tel|ph|whatsapp|contact|e-?mail|re"
    r"|(?:home|work|best|good|right|my|your|his|her|their|our|the|what|which|another) number)(?![a-z])"
)
_TELEPHONE_NEAR = re.compile(
    rf"{_TELEPHONE}(?! (?:me|us|you|him|her|them)(?![a-z]))|(?<![a-z])number for "
    r"|(?<![a-z])(?:ring|call|text|sms|reach) (?:me|us|him|her|them|back)(?![a-z])"
)
_OR_THAT = re.compile(rf"{_TELEPHONE}(?: number)? ?(?:or |/ ?)(?:the |your |my |an? )?\Z")
_IS_READY = re.compile(r" (?:is|has|was|will)(?![a-z])")
_LACKS = re.compile(r"(?:(?<![a-z])(?:no|not|lost|without|forgot(?:ten)?|find)|n't)(?![a-z])[^\n]*\Z")
_IT_IS = re.compile(
    rf"[ ,.-]{{0,3}}(?:(?:that's|that is|is|it's|which is|as) )?(?:also )?(?:[a-z]{{2,5}} )?{_TELEPHONE}"
)


def is_reference(digits: Digits, start: int, end: int) -> bool:
    """Whether `[start, end)`, which looks like a telephone number, is named something else."""
    named = digits.context.references
    said = digits.text[start:end]
    if said in named and digits.label(start, end) not in {"phone", "number"}:
        return True  # read back: "so that's 0412345678"
    if start or not _is_named(digits, end):
        return False
    named.add(said)
    return True


def _is_named(digits: Digits, end: int) -> bool:
    text = digits.doc.text
    first, last = digits.span(0, end)
    base = max(0, first - _FAR)
    if not _HINT.search(text, base, first) or _IT_IS.match(text, last):
        return False
    here = max(base, text.rfind("\n", base, first) + 1)
    numbered = _NUMBERED.search(text, base, first)
    if numbered:
        said = (text, min(here, numbered.start()), numbered.start())
        return not (
            _OR_THAT.search(text, base, numbered.start())
            or _LACKS.search(*said)
            or _TELEPHONE_NEAR.search(*said)
        )
    named = _NAMED.search(text, here, first)
    if not named or _TELEPHONE_NEAR.search(text, here, named.start()):
        return False
    # "Cancel my booking 0412 345 678" leaves a number to ring; an order number is seldom grouped like one.
    return len(digits.groups(0, end)) == 1 or digits.spoken or bool(_IS_READY.match(text, last))
