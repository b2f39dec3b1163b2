"""E-mail addresses, written ("john@x.com") and spoken ("john dot smith at gmail dot com").

A newcomer's likely mistake: one pattern for the whole address, which is quadratic. Each `@` or ` at ` is an
anchor: the domain is matched to its right, the rest is collected word by word to its left.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .marks import Find, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

_TLDS = (
    "com|net|org|edu|gov|au|nz|uk|co|io|me|info|biz|app|dev|ai|us|ca|id|asn|email|cloud|online|clinic|dental|health|tech"
    "|melbourne|sydney|de|fr|in|jp|cn|fm|example|test|invalid|local|a u"
)
_PROVIDERS = "g ?mail|hot ?mail|outlook|i ?cloud|yahoo|big ?pond|optus ?net|proton ?mail|live(?= dot)"
_YES = "(?:yep|yes|yeah|ok|okay|right|mm|m+-? ?hm+|uh-? ?huh|got it|sure|and|go on|lovely|great|thanks)[.,?]?"
_ON = rf"[.,]?(?:[ ]|\n(?:{_YES}\n)?)"  # a space, or the next turn of whoever spells it out
_DOT = (
    rf"(?:[ ]?[(\[]dot[)\]][ ]?|\.|{_ON}dot{_ON}|\.[ ](?=(?:com|net|org|au)(?!\w))|[ \n]point[ \n]"
    r"|[ ]full[ ]stop[ ]|[ ]\.[ ])"
)
_WRITTEN = re.compile(
    rf" ?(?:[^\W_][\w-]{{0,62}}{_DOT}){{1,6}}[^\W\d_][\w-]{{0,24}}|\w[\w-]{{0,62}}(?=[\s,]|$)"
)
_SPOKEN = re.compile(
    rf"(?:{_ON})?(?:the[ ])?(?:[^\W_][\w'-]{{0,62}}"
    rf"(?:[ ](?:dash|hyphen)[ ]\w{{1,62}}|(?:[ ]\w{{1,20}}){{1,3}})?{_DOT}){{1,4}}(?:{_TLDS})(?!\w)"
    rf"|{_ON}(?:{_PROVIDERS})(?:[ ](?:com|net|dot))?(?:[ ]au)?(?![\w.])"
)
_SAID_AT = (
    ", at, ",
    " at, ",
    ", at ",
    " at sign ",
    " at ",
    " at\n",
    "(at) ",
    "(at)",
    "[at] ",
    "[at]",
)
_TURN_OF_AT = re.compile(r"\nat(?: |[.,]?\n)")
_WORD_BEFORE = re.compile(r"[\w.%+'-]+\Z")
_JOINER = {"dot", "underscore", "dash", "hyphen", "plus", "point", "period", "minus", "full", "stop"}
_NUMBER_WORDS = """
zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety double
triple
"""
_NUMBER = frozenset(_NUMBER_WORDS.split())
_NOT_A_NAME_WORDS = """
us me look is it website site online them available open out visit page up here there booked order
buy him her you we on find shop live looking be are was see go book that this and or so they one app
blog also cheaper prices price sale specials work works emails mail email e-mail menu
"""
_TALK_WORDS = """
my your our his their the a an to at for address name full first last just from with use try send write please
yeah yes yep um uh okay ok sure no called contact as by
"""
_NOT_A_NAME = frozenset(_NOT_A_NAME_WORDS.split())
_TALK = _NOT_A_NAME.union(_TALK_WORDS.split())
_NAMES = re.compile(r"(?:it's|it is|that's|that is) ((?:[a-z]{2,20} ){1,2})\Z")
_MAIL = re.compile(r"mail|send|write")
_OF_SOMETHING = re.compile(r"(?:^|[ \n])(?:the|our|your|their|a|an|its) \Z")
_TWO_WORDS = re.compile(r"(?:[a-z']{2,20} ){1,2}\Z")
_NEAR = 44
_ASIDE = re.compile(
    r"(?:,? (?:all |it's |that's )?(?:one word|lower ?case|small letters|capitals|joined up|together"
    r"|no (?:spaces?|gaps?|dots?)))+,?\Z"
)
_ASIDE_BEHIND = re.compile(r",? (?:that's |it's )?(?:all )?(?:as )?one word")
_AT_MOST_THREE = re.compile(
    r"(?:(?<![\w'])(?!(?:is|it's|that's|yeah|yes|yep|so|um|uh"
    r"|e?mails?|address|to|at|my|use|try)(?![\w']))[\w'.-]{1,30}(?: |\Z)){1,3}\Z"
)
_SPELLED = re.compile(
    rf"(?:[, ]*\n{_YES}(?:\n(?:yep|yes|yeah)?,?)?"
    r"|,? (?:that's |spelled |spelt )(?:[a-z][ ,.-]{1,2}){2,14}[a-z]|, (?:[a-z][ -]){2,14}[a-z])+,?\Z"
)
_LINE = re.compile(r"[^\n]+")
_YES_TURN = re.compile(_YES)
_ASIDE_LONG = 60
_PERSONAL = re.compile(rf"{_ON}?(?:{_PROVIDERS})")
_CONTRACTED = re.compile(r"(?:we|they|you|i|it|he|she|that|who|what|there)'(?:re|s|m|ve|ll|d)")
_LETTER_FOR = re.compile(r"(?<![a-z])[a-z],? (?:for|as in|like) \Z")
_LETTER_LONG = 10
_LEFT = 90
_LOCAL = 64
_WORDS = 24


def emails(text: str) -> Iterator[Find]:
    """Yield every e-mail address of a folded text."""
    for at in _places(text, "@"):
        found = _written(text, at)
        if found:
            yield Find(*found, Kind.EMAIL)
    for at, said in _said_at(text):
        found = _spoken(text, at, said)
        if found:
            yield from _turns(text, *found)


def _said_at(text: str) -> Iterator[tuple[int, str]]:
    for said in _SAID_AT:
        for at in _places(text, said):
            yield at, said
    for at in _places(text, "\nat"):
        begun = _TURN_OF_AT.match(text, at)
        if begun:
            yield at, begun[0]


def _turns(text: str, start: int, end: int) -> Iterator[Find]:
    """What was said of it in each turn; a "yep" between is no part of it."""
    for said in _LINE.finditer(text, start, end):
        if not _YES_TURN.fullmatch(said[0]):
            yield Find(*said.span(), Kind.EMAIL)


def _places(text: str, what: str) -> Iterator[int]:
    at = text.find(what)
    while at >= 0:
        yield at
        at = text.find(what, at + 1)


def _written(text: str, at: int) -> tuple[int, int] | None:
    domain = _WRITTEN.match(text, at + 1)
    left = at - 1 if text[at - 1 : at] == " " else at
    local = _WORD_BEFORE.search(text[max(0, left - _LOCAL) : left])
    if not domain or not local or (left != at and "." not in domain[0] and " dot " not in domain[0]):
        return None
    start = (
        _local_start(text, left)
        if left != at or "dot " in text[max(0, left - _LEFT) : left]
        else left - len(local[0])
    )
    start = min(start if start is not None else left, left - len(local[0]))
    return start, domain.end()


def _spoken(text: str, at: int, said: str) -> tuple[int, int] | None:
    domain = _SPOKEN.match(text, at + len(said) - (said[-1] in " \n"))
    if not domain:
        return None
    at -= said[0] in "([" and text[at - 1 : at] == " "
    spelled = _SPELLED.search(text, max(0, at - _ASIDE_LONG), at)
    if spelled:
        at = spelled.start()
    aside = _ASIDE.search(text, max(0, at - _ASIDE_LONG), at)
    end = aside.start() if aside else at
    behind = _ASIDE_BEHIND.match(text, domain.end())
    if aside or behind:
        words = _AT_MOST_THREE.search(text, max(0, end - _NEAR), end)
        return (words.start(), domain.end()) if words else None
    personal = bool(_PERSONAL.match(domain[0]))
    start = _local_start(text, end, personal=personal)
    if start is None:
        return None
    near = text[max(0, start - _LEFT) : start]
    if personal or _MAIL.search(near) or _NAMES.search(near):
        start = _with_names(text, start)
    return start, domain.end()


def _with_names(text: str, start: int) -> int:
    """Take in up to two words before it that are no talk: "my email is sarah jones at ..."."""
    names = _TWO_WORDS.search(text[max(0, start - _NEAR) : start])
    for word in reversed(names[0].split()) if names else ():
        if _is_talk(word) or word in _JOINER:
            break
        start -= len(word) + 1
    return start


def _local_start(text: str, end: int, *, personal: bool = False) -> int | None:
    """Collect the part before the "at": one word, and what is joined to it or spelled out before it.

    A name may stand before numbers ("dave ninety nine") and before one letter ("sarah w").
    """
    start, taken, pending = end, 0, True
    numbered = True  # numbers only so far
    while taken < _WORDS and end - start < _LEFT:
        edge = start - 1 if taken and text[start - 1 : start] in {" ", "\n", ","} else start
        edge -= taken > 0 and edge > 0 and text[edge - 1] == ","
        word = _WORD_BEFORE.search(text[max(0, edge - _LOCAL) : edge])
        if not word or (taken and edge == start):
            break
        said = word[0]
        if _CONTRACTED.fullmatch(said) and not taken:
            return None
        number = said in _NUMBER or said.isdigit()
        joins = said in _JOINER
        before = edge - len(said)
        letter = _LETTER_FOR.search(text[max(0, before - _LETTER_LONG) : before])  # "s for sierra"
        spelled = number or len(said) == 1 or letter is not None
        if not (pending or spelled or joins) or (
            taken and numbered and not (spelled or joins) and _is_talk(said)
        ):
            break
        if not taken and (
            said in _NOT_A_NAME or (not (spelled or personal) and _is_of_something(text, before))
        ):
            return None
        numbered = numbered and number
        pending = joins or numbered or (taken == 0 and spelled)
        start, taken = before, taken + 1
        if letter:
            start -= len(letter[0])
            pending = True
    return start if taken else None


def _is_talk(word: str) -> bool:
    return word in _TALK or "'" in word


def _is_of_something(text: str, start: int) -> bool:
    """Whether "the menu at harbour dot com" is a page and no address."""
    before = text[max(0, start - _LEFT) : start]
    return bool(_OF_SOMETHING.search(before)) and not _MAIL.search(before)
