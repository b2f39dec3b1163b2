"""What the names in a document say of the values they lead to.

The one thing a newcomer would get wrong: some names say nothing (`value`, `answer`), some say what their
siblings are (`name`, `question`), and some only tell about them (`confidence`, `attempts`).
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Any, Final

PATH_CHARACTERS: Final = 120


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NAMES: Final = _set(
    "name key field label type kind question questions prompt msg say instruction slot title parameter "
    "param variable var "
    "property prop attribute attr entity item column category topic heading header caption intent tag id "
    "code asked ask q k what document doc detail"
)
"""A member called so names its siblings."""
_SORTS: Final = _set("type kind category topic tag id code")
"""Of these only by itself: a `card_type` says which sort of card, nothing of what stands beside it."""
_SILENT: Final = _set(
    "value values val v answer answers a text texts content contents response reply data input entered said"
    " heard spoken raw utterance transcript message word w token punctuated body"
    " given captured collected original normalised"
    " normalized parsed display current default final string literal is"
)
"""Names that say nothing of what they lead to."""
_ABOUT: Final = _set(
    "count counts total amount price cost qty quantity at timestamp start end duration durations length ms"
    " seconds minutes confidence score scores index position turn turns attempts tries retries checks version"
    " status required optional max min limit guests people rate percent probability"
)
"""Names that tell about a detail and are none, whatever they stand beside."""
_PARTS: Final = {
    word: place
    for place, words in enumerate(
        (
            "unit apartment flat level prefix area day date dd d bin first",
            "number no house line month mm m second middle part group segment piece chunk digits",
            "street road year yyyy yy y third last",
            "type fourth",
            "suburb city town locality",
            "state region",
            "postcode zip",
        )
    )
    for word in words.split()
}
"""Parts that details are taken apart into, by the order in which they are said."""
_CODE: Final = (
    r"\b(?:(?:card ?)?(?:cvv|cvc|cvn|cvd|ccv|cv|csc)|card ?(?:code|security|verification)|security ?code"
    r"|verification ?(?:code|value|number)|signature (?:panel|strip) code)(?: ?(?:code|number|value|no))?"
)
_MORE: Final = "|".join(
    (*sorted(_SILENT), "code|number|no|digits?|d|first|second|third|fourth|one|two|three|four|last|part")
)
_CODES_NAME: Final = re.compile(rf"{_CODE}(?: (?:{_MORE}))*\Z")
_IS_CODES_NAME: Final = re.compile(rf"{_CODE}(?: (?:{_MORE}))*")
_CODES: Final = _set("code security secure pin verification verify secret digits back sec")
_BESIDE_CODES: Final = _set("card the on of my your number no three four digit value s")
_ADDRESS: Final = _set("address addresses home residence residential street")
_MOMENTS: Final = _set("at timestamp ts time epoch created updated start end")
_DIALLED: Final = _set("dtmf digits keypad keys pressed")
_OTHER_CODES: Final = _set(
    "http https result results response error errors status promo promotion discount coupon voucher referral"
    " exit country area post postal zip currency language locale"
)
_OWN_NUMBERS: Final = _set("number no num digits code dtmf keypad keys pressed")
_NUMBERED_BY_IDS: Final = re.compile(r"passport|licen[cs]e|medicare|tax file|tfn")
_BETWEEN_WORDS: Final = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LAST_DIGITS: Final = re.compile(r"\d+\W*\Z")


class Says(Enum):
    """What a name says of its value."""

    NOTHING = auto()
    ITSELF = auto()
    ABOUT = auto()


def words_of(name: str) -> str:
    """`card` and `verificationCode` as somebody would say them; letters only, no digits to join a value's."""
    return _BETWEEN_WORDS.sub(" ", name).strip()


def joined(*words: str) -> str:
    """Names one after the other, the last of them where they are many."""
    return " ".join(filter(None, words))[-PATH_CHARACTERS:]


def says(name: str) -> Says:
    """What a name says of the value it leads to."""
    words = words_of(name).lower().split()
    if _SILENT.issuperset(words):
        return Says.NOTHING
    return Says.ABOUT if words[-1] in _ABOUT else Says.ITSELF


def lends(name: str, value: Any) -> str:
    """The words that a member lends its siblings, "" for none: what `name`, `slot` or `question` holds.

    What is nothing but a name of a verification code lends it whatever it is called itself.
    """
    if not isinstance(value, str):
        return ""
    words = value[-PATH_CHARACTERS:]
    words = _LAST_DIGITS.sub("", words) if " " in words.strip() else words_of(words)
    own = set(words_of(name).lower().split())
    naming = own & _NAMES if own <= _NAMES | _SILENT else own & (_NAMES - _SORTS)
    return words if naming or _IS_CODES_NAME.fullmatch(words.lower()) else ""


def is_codes_name(called: str) -> bool:
    """Whether a name says that it leads to a card's verification code."""
    return bool(_CODES_NAME.search(called.lower()))


def is_code_beside_a_card(term: str) -> bool:
    """Whether a name says so where a card is about: `code`, `security`, `pin`, but not `post code`."""
    words = set(term.lower().split())
    return bool(words & _CODES) and words <= _CODES | _BESIDE_CODES


def place_among_parts(called: str) -> tuple[int, str] | None:
    """The place of what is called so among the parts of a detail, a day before its month, and whose part.

    `dob_day` and `dob_month` are parts of the same, `order_number` and `phone_number` are not.
    """
    words = called.lower().split()
    while words and (words[-1] in _SILENT or words[-1] == "name"):
        words.pop()
    if not words or words[-1] not in _PARTS or (words[-1] == "type" and "street" not in words):
        return None
    return _PARTS[words[-1]], " ".join(words[:-1])


def is_of_an_address(called: str) -> bool:
    """Whether names lead to an address or a part of one."""
    return not _ADDRESS.isdisjoint(called.lower().split())


def is_moment(own: str) -> bool:
    """Whether a name says that its number is a time."""
    return not _MOMENTS.isdisjoint(own.lower().split()[-1:])


def is_dialled(own: str) -> bool:
    """Whether a name says that its figures were pressed or said one by one."""
    return not _DIALLED.isdisjoint(own.lower().split())


def is_of_another_code(called: str) -> bool:
    """Whether a name says that a code is of something else than a card: of an answer, or a discount."""
    return not _OTHER_CODES.isdisjoint(called.lower().split())


def may_lend_to(own: str, words: str) -> bool:
    """Whether what a sibling says is also said of a member that has a name of its own, like a bare `id`."""
    if own.lower() == "id":
        return bool(_NUMBERED_BY_IDS.search(words.lower()))
    return own.lower() in _OWN_NUMBERS


def apart(names: list[str]) -> list[str]:
    """Names that redaction made alike, told apart: `[PHONE]`, `[PHONE] 2`. None of what they name is lost."""
    taken = set(names)
    seen: dict[str, int] = {}
    apart = []
    for name in names:
        free, nth = name, seen.get(name, 0) + 1
        while nth > 1 and (free := f"{name} {nth}") in taken:
            nth += 1
        seen[name] = nth
        apart.append(free)
    return apart
