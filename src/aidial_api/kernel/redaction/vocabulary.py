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
_BACK = rf" the back\b(?! (?:{_BACK_OF})\b)(?! of (?!(?:(?:the|my|your) )?(?:card|it)\b))"
_WHOSE = ("my", "your", "best", "her", "his", "their", "our", "the", "which", "what", "good", "another", "a")


CORRECTED = re.compile(
    r"(?<![a-z])(?:sorry|oops|whoops|my bad|nah|start again|actually|i mean|scratch that|make that|correction"
    r"|wait|no)(?![a-z])"
)
"""What somebody says who puts right what they just said."""
_NO_CARDS = "gate|door|front|building|alarm|lift|garage|shed|unit|complex|office|site"


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
        r"c\.? ?v\.? ?(?:v|c|n)(?![a-z])",
        r"c\.? ?c\.? ?v(?![a-z])",
        r"see (?:see|cee|vee) (?:vee|see|cee)\b",
        r"cee (?:see|cee|vee) (?:vee|see|cee)\b",
        r"csc\b",
        r"cv ?2\b",
        r"back three\b",
        r"cid\b",
        *_each(
            "security", r"sec\.?", "verification",
            then=r" (?:code|number|no\b|digits|value)"
            rf"(?! (?:for|to|of|on|at) (?:the|our|my|your) (?:{_NO_CARDS}))",
        ),
        *_each("three", "four", "3", "4", then="[ -](?:digits?|numbers)"),
        r"last (?:three|3)\b(?! (?:visits|days|weeks|months|years|times|calls)\b)",
        *_each("on", "at", "from", "off", then=_BACK),
        "back of (?:the|my|your) card",
        "code on (?:the|your|my) card",
        "signature strip",
    ),
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
    "near": _each(*THINGS, "ending", "ends", "number plate", then=r"\b"),
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
