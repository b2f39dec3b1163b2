"""Card verification codes: three or four digits that are called so, or come where one is due.

A newcomer's likely mistake: asking for the word. "4242 4242 4242 4242" - "expiry?" - "04 28" - "and?" -
"314" never says it. Everything else may be kept encrypted; these may be kept nowhere, so when in doubt cover.
But what is covered is gone for good: what the words right before a number call something else is that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .asked import CODE, ELSE, SHORT, asked_for, is_called_else, is_measured
from .atoms import NUMBER_WORDS, ONES, TEENS, TENS, TIMES
from .vocabulary import CORRECTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .atoms import Run
    from .context import Context
    from .digits import Digits
    from .fold import Doc

LENGTHS = (3, 4)
_EXPIRY = re.compile(r"(?:0?[1-9]|1[0-2])(?:20)?[2-4]\d")
_EXPIRY_AND_CODE = re.compile(r"(?:0[1-9]|1[0-2])(?:20)?[2-4]\d\d{3,4}")
_YEAR = re.compile(r"(?:20)?[2-4]\d")
_MONTH = re.compile(r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*,?(?: of| in)? \Z")
_NAMES_IT = re.compile(
    r"[ .,!?]{0,3}\n?(?:(?:yep|yes|ok|okay|so|sorry|and)[, ]{1,2}){0,2}"
    r"(?:that's|that is|is that|that was|that'd be|is) (?:the|your|my|his|her) "
)
_NUMBER_NEXT = re.compile(
    r"[ :=,.()-]{0,3}(?:(?:is|was|of) )?"
    rf"(?P<number>\d++|\x01|(?:{'|'.join(sorted(NUMBER_WORDS))})(?![a-z]))"
)
_CARD = re.compile(
    r"(?<![a-z])(?:(?<!key )(?<!swipe )(?<!access )(?<!sim )cards?|visa|master ?card|amex|american express"
    r"|expir|exp)(?![a-hj-z])"
)
_CARD_TALK = re.compile(rf"{_CARD.pattern}|(?<![a-z])(?:billing|post ?code|code|digits|cv[vcn])(?![a-z])")
_NAMED_WITHIN = 12
_MONTH_LONG = 15
_FEW_WORDS = 3
_LONGEST_ANSWER = 120
_CARD_TURNS = 5  # so many turns after a card, or after talk of it, what nothing names may be its code;
_CODE_TURNS = 30  # so many turns after a card, "the code" is the card's;
_TALK_TURNS = 3  # and so many after talk of one
_TALK_BEFORE = 400
_TALK_BEHIND = 80
_ASKED_TURNS = 6
_AGAIN_TURNS = 10
_ONE_BREATH = (7, 8)  # a code, and a postcode or an expiry date
_ASIDE = ("place", "code", "few")
_ASKED_AS = frozenset(("cvv", "few", "code"))
_OTHER_WORDS = ("card", "number")

_FIGURES = re.compile(r"\D*(?:\d\D*){1,4}")
_SPOKEN = re.compile(
    rf"[^\w]*(?:(?:{'|'.join((*ONES, *TEENS, *TENS, *TIMES, 'hundred', 'and'))})(?:[\W_]+|\Z)){{1,6}}"
)
_LETTER = re.compile(r"[^\W\d_]")
_OWN_NAME = re.compile(
    r"(?<![a-z\[])(?:c|see|sea)[ ./-]{0,2}(?:v|vee|c|see)[ ./-]{0,2}(?:v|vee|c|n|2)(?![a-z])|\[card\]"
)


def is_short_number(text: str, *, at_least: int = 1) -> bool:
    """Whether a text is a number of up to four digits and nothing else, in figures or in words."""
    if _LETTER.search(text):
        return bool(_SPOKEN.fullmatch(text.lower()))
    return bool(_FIGURES.fullmatch(text)) and sum(map(str.isdigit, text)) >= at_least


def speaks_of_a_card(texts: Iterable[str]) -> bool:
    """Whether a card, or a card's code by its own name, is spoken of: "verification code" alone is none."""
    return any(_CARD.search(text.lower()) or _OWN_NAME.search(text.lower()) for text in texts)


class Codes:
    """Remembers, going through a document in order, the last card and the short numbers said so far."""

    def __init__(self, doc: Doc, context: Context) -> None:
        self._doc = doc
        self._context = context
        self._card_turn = self._talk_turn = -_CODE_TURNS - 1
        self._said_turn = -1
        self._card_end: tuple[Digits | None, int] = (None, 0)
        self._said: set[str] = set()
        self._others: set[str] = set()
        self._talks: dict[int, bool] = {}
        self._run: Run | None = None
        self._answered = 0

    def reads(self, run: Run) -> None:
        """Note the run that is gone through next; what was asked for before the last one has its answer."""
        if self._run is not None:
            self._answered = self._run.end
        self._run = run

    def card_said(self, turn: int, digits: Digits | None = None, end: int = 0) -> None:
        """Note that a payment card was said in a turn, and ends inside these digits."""
        self._card_turn = self._talk_turn = turn
        self._card_end = (digits, end)

    def code_said(self, code: str, turn: int) -> None:
        """Note a code; the same digits soon after are the code again."""
        self._said.add(code)
        self._said_turn = turn

    def end(self, digits: Digits, start: int, taken: int, *, behind_card: bool) -> int:
        """Where a code that begins at `start` ends, or 0. `behind_card`: a card stands right before."""
        after_card = self._is_card_talk(self._turn(digits, start))
        behind_card = (behind_card and start == 0) or self._card_end == (digits, start)
        if after_card and self._is_glued(digits, start):
            return len(digits.text)
        for length in LENGTHS:
            end = start + length
            if end not in digits.at or _is_dated(digits, start, end):
                continue
            if after_card and start == taken > 0 and _is_put_right(digits, start):
                return end
            if after_card and _ends_with_it(digits, taken, start, end):
                return end
            by_itself = digits.is_alone(start, end, taken) or digits.groups(start, end) == (length,)
            if behind_card and self._is_behind_card(digits, start, end, taken):
                return end
            if by_itself and self._is_code(digits, start, end, after_card=after_card):
                return end
        return self._in_one_breath(digits, start)

    def _turn(self, digits: Digits, start: int) -> int:
        return self._doc.turn_at(digits.atoms[digits.at[start]].start)

    def _is_card_talk(self, turn: int) -> bool:
        """Whether a card was said some turns ago, and is spoken of since: its expiry, the name on it."""
        for later in range(max(0, self._talk_turn + 1), turn):
            if later - self._talk_turn > _CARD_TURNS:
                break
            if later not in self._talks:
                start, end = self._doc.turn_starts[later], self._doc.turn_end(later)
                self._talks[later] = bool(_CARD_TALK.search(self._doc.text, start, end))
            if self._talks[later]:
                self._talk_turn = later
        return turn - self._talk_turn <= _CARD_TURNS

    def _is_spoken_of(self, at: int) -> bool:
        """Whether there is a card that "the code" at a place may be of."""
        turn = self._doc.turn_at(at)
        if turn - self._card_turn <= _CODE_TURNS:
            return True
        first = max(self._doc.turn_starts[max(0, turn - _TALK_TURNS)], at - _TALK_BEFORE)
        return bool(_CARD.search(self._doc.text, first, min(self._doc.turn_end(turn), at + _TALK_BEHIND)))

    def _is_behind_card(self, digits: Digits, start: int, end: int, taken: int) -> bool:
        dated = len(digits.groups(start, end)) == 1 and _EXPIRY.fullmatch(digits.text, end)
        return bool(
            (digits.is_alone(start, end, taken) or dated)
            and not _is_expiry(digits, start, end)
            and not is_measured(self._doc, digits.span(start, end)[1])
        )

    def _is_glued(self, digits: Digits, start: int) -> bool:
        """Whether all that is left is a date of expiry and a code in one: "0927482"."""
        end = len(digits.text)
        return (
            len(digits.groups(start, end)) == 1
            and bool(_EXPIRY_AND_CODE.fullmatch(digits.text, start))
            and digits.label(start, end) != "neg"
        )

    def _in_one_breath(self, digits: Digits, start: int) -> int:
        """Where digits end that are a code and what was asked for with it, said as one; or 0."""
        end = len(digits.text)
        if (
            start
            or end not in _ONE_BREATH
            or not digits.spoken
            or len(digits.groups(0, end)) <= _ONE_BREATH[0] // 2
        ):
            return 0
        return end if self._asked(digits.span(0, end)[0]) == CODE else 0

    def _is_code(self, digits: Digits, start: int, end: int, *, after_card: bool) -> bool:
        """Whether digits that stand by themselves are a code: called one, asked for as one, or due."""
        if _is_expiry(digits, start, end) and len(digits.text) - end in LENGTHS:
            return False
        first, last = digits.span(start, end)
        said = digits.text[start:end]
        turn = self._turn(digits, start)
        awaited = after_card or self._is_awaited(turn)
        again = said in self._said and turn - self._said_turn <= _AGAIN_TURNS
        if not (awaited or again or self._is_asked_near(turn) or _NAMES_IT.match(self._doc.text, last)):
            return False
        behind = self._is_named_behind(last, said)
        named = behind or self._is_named_before(first)
        asked = self._asked(first)
        if not self._context.is_near(first, "cvv") and (
            is_called_else(self._doc, self._context, first, self._before(first), said)
            or is_measured(self._doc, last)
            or (not behind and (asked == ELSE or self._is_expiry_asked(first, said)))
        ):
            self._others.add(said)
            return False
        if named or again or asked == CODE or (asked == SHORT and self._is_spoken_of(first)):
            return True
        return awaited and said not in self._others and self._is_whole_turn(digits, start, end)

    def _asked(self, at: int) -> str:
        """What is asked for right before a place and has no answer yet."""
        return asked_for(self._doc, self._context, at, self._before(at))

    def _before(self, at: int) -> int:
        """Where the last number before a place ended."""
        within = () if self._run is None else self._run.atoms
        return max((atom.end for atom in within if atom.end <= at), default=self._answered)

    def _is_named_before(self, at: int) -> bool:
        """Whether the nearest word before that says what a number is says so."""
        words = (self._context.before(at, skip=(*_ASIDE, *skip)) for skip in ((), _OTHER_WORDS))
        return any(word is not None and word.label == "cvv" for word in words)

    def _is_named_behind(self, at: int, said: str) -> bool:
        """Whether what follows says so: "482 is the CVV", "482. That's my CVV"."""
        word = self._context.after(at)
        if word is not None and word.label == "cvv":
            number = _NUMBER_NEXT.match(self._doc.text, word.end)
            return number is None or number["number"] == said  # "0927 CVV 482" names the second
        found = _NAMES_IT.match(self._doc.text, at)
        if not found:
            return False
        turn = self._doc.turn_at(found.end() - 1)
        labels = {"cvv", "code"} if self._is_spoken_of(at) else {"cvv"}
        return any(
            word.label in labels and found.end() <= word.start <= found.end() + _NAMED_WITHIN
            for word in self._context.words(turn)
        )

    def _is_expiry_asked(self, at: int, said: str) -> bool:
        """Whether it is the expiry date that is asked for: "expiry?" - "nine twenty seven"."""
        word = self._context.before(at, skip=_ASIDE)
        return bool(word and self._doc.text.startswith("exp", word.start) and _EXPIRY.fullmatch(said))

    def _is_asked_near(self, turn: int) -> bool:
        """Whether a code, "the code" or "the three digits" are spoken of in this turn or before it."""
        turns = range(max(0, turn - _TALK_TURNS), turn + 1)
        return any(not _ASKED_AS.isdisjoint(self._context.labels(one)) for one in turns)

    def _is_awaited(self, turn: int) -> bool:
        """Whether somebody asked for it some turns ago and got no answer yet."""
        asked = range(max(self._said_turn, turn - _ASKED_TURNS, 0), turn)
        return any("cvv" in self._context.labels(one) for one in asked)

    def _is_whole_turn(self, digits: Digits, start: int, end: int) -> bool:
        first, last = digits.span(start, end)
        turn = self._doc.turn_at(first)
        starts, ends = self._doc.turn_starts[turn], self._doc.turn_end(turn)
        if ends - starts > _LONGEST_ANSWER or _is_expiry(digits, start, end):
            return False
        before, behind = self._doc.text[starts:first], self._doc.text[last:ends]
        return len(before.split()) + len(behind.split()) <= _FEW_WORDS and not re.search(
            r"\d", before + behind
        )


def _is_put_right(digits: Digits, start: int) -> bool:
    """Whether somebody corrects the code: "482, no sorry, 483"."""
    index = digits.at[start]
    return bool(CORRECTED.search(digits.doc.text, digits.atoms[index - 1].end, digits.atoms[index].start))


def _is_dated(digits: Digits, start: int, end: int) -> bool:
    """Whether it is written as an expiry date is: "12/27"."""
    first, last = digits.span(start, end)
    said = digits.doc.text[first:last]
    return ("/" in said or "slash" in said) and bool(_EXPIRY.fullmatch(digits.text, start, end))


def _is_expiry(digits: Digits, start: int, end: int) -> bool:
    return end - start == LENGTHS[1] and (
        bool(_EXPIRY.fullmatch(digits.text, start, end)) or _is_year_of_month(digits, start, end)
    )


def _is_year_of_month(digits: Digits, start: int, end: int) -> bool:
    before = digits.span(start, end)[0]
    return bool(
        _YEAR.fullmatch(digits.text, start, end)
        and _MONTH.search(digits.doc.text, max(0, before - _MONTH_LONG), before)
    )


def _ends_with_it(digits: Digits, taken: int, start: int, end: int) -> bool:
    """Whether `[start, end)` ends the run behind an expiry date: "04 28 314", "November 28, 314"."""
    if start <= taken or not (end == len(digits.text) or digits.is_alone(taken, end, taken)):
        return False
    return bool(_EXPIRY.fullmatch(digits.text, taken, start)) or _is_year_of_month(digits, taken, start)
