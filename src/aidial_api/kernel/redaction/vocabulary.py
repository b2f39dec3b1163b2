r"""The words that say what a number is, by what they say; data, and the pattern made of it.

To teach the redaction a word, add it here and a line to the corpus that needs it. Each phrase begins with a
letter or digit of its own; where two would match at one place, the label that stands first wins. A newcomer's
likely mistake: a phrase that begins with an option or a bracket; phrases are sorted by their first character,
which is what makes the search quick.
"""

from __future__ import annotations

import re

THINGS = (
    "order", "booking", "reservation", "invoice", "confirmation", "ticket", "tracking", "account",
    "membership", "job", "case", "claim", "policy", "quote", "receipt", "serial", "model", "flight",
    "purchase", "product", "reference", "docket", "consignment", "parcel", "part", "batch", "version",
)  # fmt: skip
# "Patient gave 5231 89291 9" is no reference, "patient number 5231" is.
_PEOPLE = ("customer", "member", "client", "patient", "provider")
_PARTY = "party|dinner|lunch|breakfast|cake|bash|celebrations?|present|drinks|booking|event|week|weekend"
_BACK_OF = "order|deck|seat|fence|door|gate|wall|table|page|porch|street|step|row|lawn|foot|burner"
_BACK = rf" (?:back|reverse)\b(?! (?:{_BACK_OF})\b)(?! of (?!(?:(?:the|my|your) )?(?:card|it)\b))"
_WHOSE = ("my", "your", "best", "her", "his", "their", "our", "the", "which", "what", "good", "another", "a")


CORRECTED = re.compile(
    r"(?<![a-z])(?:sorry|oops|whoops|my bad|nah|start again|actually|i mean|scratch that|make that|correction"
    r"|wait|no)(?![a-z])"
)
"""What somebody says who puts right what they just said."""
SITES = "gate|door|building|alarm|lift|garage|shed|unit|complex|office|site|key ?pad|pad ?lock|lock ?box|safe"
"""What opens with a code that is no card's."""
_OWN_CODE = (
    "access|entry|key|lock|parking|area|dial(?:l?ing)?|country|currency|state|post|postal|zip|promo"
    "|promotion(?:al)?|discount|coupon|voucher|offer|referral|colou?r|product|stock|item|store|branch|bank"
    "|sort|swift|error|status|response|approval|auth|authori[sz]ation|bar|qr|dress|wi-?fi|pass|source|voicemail"
)
REFERENCES = (
    "order", "booking", "reservation", "invoice", "confirmation", "ticket", "tracking", "membership",
    "docket", "flight", "receipt", "reference", "parcel",
)  # fmt: skip
"""What a number is asked for by the name alone, "your booking?"; all of it is also spoken of in passing."""
_ROOMS = (
    "room", "unit", "apartment", "apt", "flat", "suite", "cabin", "villa", "level", "floor", "locker",
    "table", "seat", "extension", "ext",
)  # fmt: skip
_NUMBERED = (
    "house|street|building|block|lot|shop|desk|gate|platform|bed|ward|bay|bus|train|tram|page|staff|employee"
    "|student"
)
_NO_PAYMENT = "(?<!key card)(?<!swipe card)(?<!access card)(?<!sim card)"
_VISITS = "visits|days|weeks|months|years|times|calls"


def _any(*words: str) -> str:
    return f"(?:{'|'.join(words)})"


_WHICH = r"(?:what|which|what's|what is|what was)(?: (?:is|was))?(?: (?:the|your|my|that))?"
_DIGITS_OF = _any(
    "digit",
    r"(?:digits?|numbers?|three|four|[34]) (?:of|in|on|from)(?: (?:the|your|my|his|her|our|this|an?))?",
)  # fmt: skip
NAMED = (
    *_ROOMS,
    rf"{_any(_OWN_CODE, SITES, *THINGS, *_PEOPLE)}[ -]?codes?",
    r"(?:codes?|pins?) (?:for|to|of|on|at|from) (?:the|our|my|your|this|that) "
    + _any(SITES, *REFERENCES, *_ROOMS, _OWN_CODE),
    "zip", "years?", "what time",
    "how (?:many(?! (?:digits|numbers))|much|long|far|old|big|tall|heavy|often)",
    "guests?", "people", "persons?", "pax", "adults?", "children", "kids", "nights", "copies", "tickets",
    "total", "subtotal", "amount", "price", "cost", "fee", "charge", "balance", "deposit", "bond", "rent",
    "budget", "quantity", "reading", "odometer", "mileage", "kilomet(?:re|er)s", "weight", "height", "age",
    "distance", "size", "phone", "telephone", "mobile", "landline", "fax", "number plate", "rego",
    "licen[cs]e", "passport", "medicare",
    rf"{_any(_NUMBERED, *THINGS, *_PEOPLE)}(?:'s)? (?:number|no|id|ref|reference)",
    rf"{_WHICH} {_any(_NUMBERED, *REFERENCES)}",
    rf"{_DIGITS_OF} {_any(_NUMBERED, *THINGS)}",
)  # fmt: skip
"""What people ask for, or say a number of three or four digits is of, that is no card's code."""
MEASURED = (
    "dollars?", "bucks", "cents?", "per ?cent", "guests?", "people", "persons?", "pax", "adults?", "children",
    "kids", "nights?", "days?", "weeks?", "months?", "years?", "hours?", "hrs?", "minutes?", "mins?",
    "seconds?", "o'clock", "[ap][. ]?m", "kilomet(?:re|er)s?", "kms?", "met(?:re|er)s?", "square", "grams?",
    "kilos?", "kg", "lit(?:re|er)s?", "degrees?", "thousand", "million", "times", "visits?", "points?",
    "tickets?", "seats?", "rooms?", "units?", "copies", "boxes", "each", "per", "in total", "all up",
    "altogether", "a (?:night|week|fortnight|month|year|day|head|person|piece|pop)", "plus gst",
    "inc(?:luding)? gst", "of (?:them|those|us)",
)  # fmt: skip
"""What counts with the number before it."""

_SEP = "(?: (?:dot|dash) |[-./_, ]{0,2})"
_SEE, _VEE = "(?:c|see|sea|cee)", "(?:v|vee)"


def _letters(first: str) -> tuple[str, ...]:
    """C V V, C V C, C V N and C C V as they are written, spelled and heard; `first` is the first letter."""
    return (
        f"{first}{_SEP}{_VEE}{_SEP}(?:{_VEE}|{_SEE}|n|en)(?![a-z])",
        f"{first}{_SEP}{_SEE}{_SEP}{_VEE}(?![a-z])",
    )


def _each(*heads: str, then: str) -> tuple[str, ...]:
    return tuple(head + then for head in heads)


PHRASES: dict[str, tuple[str, ...]] = {
    "medicare": ("medicare(?: card)?(?: number)?(?: and (?:the )?reference(?: number)?)?",),
    "tfn": (r"t\.? ?f\.? ?n\b", "tax file"),
    "abn": (r"a\.? ?b\.? ?n\b", "business number"),
    "acn": (r"a\.? ?c\.? ?n\b", "company number"),
    # The last four of a card are no verification code.
    "ending": (r"last (?:four|4)\b(?! (?:digits? |numbers? )?(?:on|at|from) the back)",),
    "cvv": (
        *(phrase for first in ("c", "see", "sea", "cee") for phrase in _letters(first)),
        rf"c{_SEP}s{_SEP}c(?![a-z])",
        r"cv ?2\b",
        r"back three\b",
        rf"c{_SEP}i{_SEP}d\b",
        *_each(
            "security", r"sec\.?", "verification", "validation", "secret",
            then=r" (?:code|number|no\b|digits|value)"
            rf"(?! (?:for|to|of|on|at) (?:the|our|my|your) (?:front|{SITES}))",
        ),
        # "The last three digits of your order" are no card's; neither are the last three visits.
        rf"last (?:three|3)\b(?!(?: digits?| numbers?)? (?:of|in|for|{_VISITS})\b)",
        *_each("on the", "at the", "from the", "off the", "on", then=_BACK),
        *_each("back", "reverse", "rear", "other side", then=" of (?:the|my|your|his|her|that|this) card"),
        rf"card{_NO_PAYMENT}(?:'s)? (?:security |verification |validation |secret )?code",
        r"card (?:verification|security)\b",
        "code (?:on|from|off|of|for) (?:the|your|my|that|this) card",
        "signature (?:strip|panel|box)",
    ),
    # Those of a card where one is spoken of, or with the word code.
    "few": _each("three", "four", "3", "4", then="[ -](?:digits?|numbers)"),
    "passport": ("passport",),
    "licence": (
        "licen[cs]e(?! plate)(?: card)?", r"lic\b", r"dl\b", "driver'?s? (?:number|permit)",
        "learner'?s? permit",
    ),
    "born": (
        r"born\b",
        "date of birth",
        "birth ?date",
        rf"birthday(?! (?:{_PARTY})\b)",
        r"birth\b",
        r"d\.? ?o\.? ?b\b",
    ),
    # References: numbers that are nobody's.
    "neg": (
        *_each(*THINGS, *_PEOPLE, then=r" ?(?:number|no\b|id\b|code|ref\b|reference|\#)"),
        "reference",
        r"ref\b",
        r"order \#",
        "expir",
        r"exp\b",
        r"bsb\b",
        "postcode",
        "post code",
        "zip",
    ),
    "card": (
        "credit card", "debit card", r"card\b", r"visa\b", "master ?card", r"amex\b", "american express",
    ),
    # "The booking is under 9374 4000", "booking for Sam 9374 4000": the number is not the booking's.
    "near": _each(
        *THINGS, "ending", "ends", "number plate",
        then=r"\b(?!(?:'s| is| was)? under\b| for [a-z]| (?:notes?|comments?|details)\b)",
    ),
    "phone": (
        "phone", "telephone", "mobile", r"mob\b", "cell", "landline", "fax", r"text\b", r"sms\b", r"ring\b",
        "reach", "dial", r"call(?:ing|ed|back)?\b", "contact", "whatsapp", r"tel\b", "switchboard",
        *_each("home", "work", "office", "shop", "direct", "daytime", "best", then=" number"),
    ),
    "number": _each(*_WHOSE, then=r" number\b(?! (?:in|on|of|for)\b)"),
    "place": (
        *_each("home", "work", "office", "mine", "hers", "shop", then=r"(?:'s| is| was)?(?!\w)"),
        r"on(?= 1[38]\d)",
    ),
    "code": ("code", "digits"),
}  # fmt: skip


def _pattern() -> re.Pattern[str]:
    by_letter: dict[str, list[str]] = {}
    for label, phrases in PHRASES.items():
        tails: dict[str, list[str]] = {}
        for phrase in phrases:
            tails.setdefault(phrase[0], []).append(phrase[1:])
        for letter, group in tails.items():
            by_letter.setdefault(letter, []).append(f"(?P<{label}_{letter}>{'|'.join(group)})")
    words = (f"{letter}(?:{'|'.join(group)})" for letter, group in by_letter.items())
    return re.compile(rf"\b(?:{'|'.join(words)})")


WORDS = _pattern()


def label_of(found: re.Match[str]) -> str:
    """The label of a phrase that `WORDS` found."""
    return (found.lastgroup or "")[:-2]


_DETAILS = frozenset(
    ("medicare", "tfn", "abn", "acn", "cvv", "few", "passport", "licence", "born", "card", "phone")
)


def names_a_detail(text: str) -> bool:
    """Whether any word of a text names something that is redacted."""
    return any(label_of(found) in _DETAILS for found in WORDS.finditer(text.lower()))
