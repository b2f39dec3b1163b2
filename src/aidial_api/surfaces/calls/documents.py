"""Documents that come with a call (metadata, a booking) redacted: each value beside what it is called.

The one thing a newcomer would get wrong: the key that leads to a value is not the only name it may have. It
may be called by a sibling (`{"name": "cvv", "value": "314"}`), by its place in a pair, or asked for in a text
before it; it may be half of a detail whose other half stands beside it. So a document is read as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aidial_api.kernel.redaction import (
    Kind,
    is_short_number,
    names_a_detail,
    redact,
    redact_beside,
    redact_parts,
    redact_together,
)
from aidial_api.surfaces.calls.member_names import (
    PATH_CHARACTERS,
    Says,
    apart,
    is_code_beside_a_card,
    is_codes_name,
    is_dialled,
    is_moment,
    is_of_an_address,
    is_of_another_code,
    joined,
    lends,
    may_lend_to,
    place_among_parts,
    says,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_encoder = msgspec.json.Encoder()
_CARDS_NAME: Final = re.compile(r"\b(?:credit|debit|payment|bank)?card(?:number|no)?\b", re.IGNORECASE)
_CARD_MARK: Final = f"[{Kind.CARD}]"
_BIRTHS_NAME: Final = re.compile(r"\b(?:dob|d o b|date of birth|birth ?date|birthday|born)\Z", re.IGNORECASE)
_SINCE_1970: Final = re.compile(r"-?\d{6,13}")
_IDENTIFIER: Final = re.compile(r"[^\W\d_]+(?:[_-][^\W\d_]+)*", re.ASCII)
_LETTER: Final = re.compile(r"[^\W\d_]")
_NUMBER_OF_CARD: Final = re.compile(r"(?:[\d*xX#•][ -]?){11}[\d*xX#•]")
_LONG_DIGITS: Final = re.compile(r"\d{3}")
_EXACT_FLOATS: Final = 1e18
_MOMENTS_S: Final = range(1_000_000_000, 2_500_000_000)
"""Seconds since 1970, of 2001 to 2049."""
_A_SECOND: Final = (1, 1_000, 1_000_000)
"""In what times are written: seconds, milliseconds, microseconds."""
_PAIR: Final = 2
_MOST_PARTS: Final = 8
_MOST_LENDERS: Final = 12
_MOST_CALLS: Final = 16


@dataclass(frozen=True, slots=True)
class _Named:
    """What leads to a value: `path` are the names above it, `own` its key, `lent` what siblings call it.

    `terms` are the names nearest to it, each by itself; `calls` are they behind the names above: what follows
    a name may say that it is something else.
    """

    path: str = ""
    own: str = ""
    lent: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    says: Says = Says.NOTHING

    @property
    def whole(self) -> str:
        """All names, the most telling last."""
        if self.says is Says.NOTHING:
            return joined(self.path, self.own, *self.lent)
        return joined(self.path, *self.lent, self.own)

    def member(self, name: str, lent: tuple[str, ...]) -> _Named:
        """What leads to a member of this."""
        told, own = says(name), words_of(name)
        if told is not Says.NOTHING:
            lent = tuple(words for words in lent if told is Says.ITSELF and may_lend_to(own, words))
        if told is Says.NOTHING:
            told = _told(lent)
        terms = lent or self.terms if told is Says.NOTHING else (own, *lent)
        return _Named(self.whole, own, lent, terms, self._calls(told, own, *lent), told)

    def item(self, lent: tuple[str, ...]) -> _Named:
        """What leads to an item of this list."""
        is_own = self.says is Says.ABOUT or (
            self.says is Says.ITSELF and not names_a_detail(self.whole) and not is_dialled(self.own)
        )
        told = self.says if is_own and not lent else _told(lent)
        return _Named(self.whole, "", lent, lent or self.terms, self._calls(told, *lent), told)

    def _calls(self, told: Says, *names: str) -> tuple[str, ...]:
        above = self.calls if told is Says.NOTHING else ()
        return (*above, *(joined(self.whole, name) for name in names))[-_MOST_CALLS:]


@dataclass(slots=True)
class _Leaf:
    """A value as it came, as text, and what is shown of it."""

    value: Any
    text: str
    named: _Named
    shown: str


@dataclass(slots=True)
class _Parts:
    """Members of an object that only together may be a detail, each with its place among them."""

    path: str
    leaves: dict[str, list[tuple[int, str, _Leaf]]] = field(default_factory=dict)
    """By whose parts they are."""


@dataclass(slots=True)
class _Read:
    """A document taken apart.

    `said` are its texts in order, each with its leaf; None is read for what it says of others only.
    """

    leaves: list[_Leaf] = field(default_factory=list)
    said: list[tuple[str, _Leaf | None]] = field(default_factory=list)
    groups: list[_Parts] = field(default_factory=list)
    names: dict[int, list[str]] = field(default_factory=dict)

    def value(self, value: Any, named: _Named, group: _Parts) -> None:
        """Take one value apart."""
        if isinstance(value, dict):
            self._object(value, named, group)
        elif isinstance(value, list):
            self._list(value, named, group)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            text = _text_of(value)
            leaf = _Leaf(value, text, named, text)
            self.leaves.append(leaf)
            is_word = _IDENTIFIER.fullmatch(text) and not is_short_number(text)
            self.said.append((words_of(text), None) if is_word else (text, leaf))
            is_lent = named.says is Says.NOTHING and named.lent
            called = named.lent[-1] if is_lent else joined(named.path, named.own)
            part = place_among_parts(called)
            if part is not None:
                place, whose = part
                group.leaves.setdefault(whose, []).append((place, called, leaf))

    def _list(self, value: list[Any], named: _Named, group: _Parts) -> None:
        called = lends("name", value[0]) if len(value) == _PAIR else ""
        first = len(self.leaves)
        for index, one in enumerate(value):
            self.value(one, named.item((called,) if index and called else ()), group)
        leaves = self.leaves[first:]
        if len(leaves) == len(value) <= _MOST_PARTS and any(_LETTER.search(leaf.text) for leaf in leaves):
            self.groups.append(_Parts(named.whole, {"": [(at, "", leaf) for at, leaf in enumerate(leaves)]}))

    def _object(self, value: dict[str, Any], named: _Named, group: _Parts) -> None:
        lent = {name: words for name, one in value.items() if (words := lends(name, one))}
        lenders = list(lent.items())[:_MOST_LENDERS]
        members = {
            name: named.member(name, tuple(words for by, words in lenders if by != name)) for name in value
        }
        is_named = lent and any(member.says is Says.NOTHING for member in members.values())
        if not is_named and place_among_parts(named.whole) is None:
            group = _Parts(joined(named.whole, *lent.values()))
            self.groups.append(group)
        self.names[id(value)] = apart([_shown_name(name, one) for name, one in value.items()])
        for (name, one), shown in zip(value.items(), self.names[id(value)], strict=True):
            member = members[name]
            if shown != name:
                self.said.append((name, None))
            elif isinstance(one, dict | list) and member.says is Says.ITSELF:
                self.said.append((member.own, None))
            self.value(one, member, group)

    def rebuilt(self, value: Any, shown: Iterator[_Leaf]) -> Any:
        """The document again, of what is shown."""
        if isinstance(value, dict):
            inner = [self.rebuilt(one, shown) for one in value.values()]
            return dict(zip(self.names[id(value)], inner, strict=True))
        if isinstance(value, list):
            return [self.rebuilt(one, shown) for one in value]
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            leaf = next(shown)
            # A number sent as a number is told by its digits; what is none stays a number.
            return value if leaf.shown == leaf.text else leaf.shown
        return value


def redacted_document(value: object) -> str | None:
    """A document as JSON text, redacted, its names too; None for none."""
    if value is None:
        return None
    plain = msgspec.to_builtins(value)
    read = _Read()
    read.value(plain, _Named(), _Parts(""))
    for leaf in read.leaves:
        leaf.shown = _mark(Kind.CVV) if _is_code(leaf) else _redacted_alone(leaf, leaf.text)
    if len(read.leaves) > 1 and _may_ask_and_answer(read):
        _redact_as_told(read)
    for group in read.groups:
        _redact_parts(group)
    _cover_codes_beside_cards(read)
    return _encoder.encode(read.rebuilt(plain, iter(read.leaves))).decode()


def _may_ask_and_answer(read: _Read) -> bool:
    """Whether texts may say what others are: most documents hold nothing of the kind, and that costs."""
    sentences = sum(" " in leaf.text for leaf in read.leaves)
    return sentences > 1 or _has_card(read) or names_a_detail(" ".join(text for text, _ in read.said))


def _redact_as_told(read: _Read) -> None:
    """What only shows when the texts are read one after the other: a question, and then its answer."""
    shown = redact_together([text for text, _ in read.said])
    for (text, leaf), after in zip(read.said, shown, strict=True):
        if leaf is None or after.text == text:
            continue
        if not after.text:
            leaf.shown = ""  # redaction broke over it
            continue
        kinds = {span.kind for span in after.spans}
        if not _LETTER.search(text):
            # A key of its own tells what figures are; in a list of figures only a code is told by its place.
            if leaf.named.says is not Says.NOTHING or not (
                kinds == {Kind.CVV} or names_a_detail(leaf.named.whole)
            ):
                continue
        elif leaf.named.says is Says.ABOUT:
            continue
        if leaf.shown != _mark(Kind.CVV):
            leaf.shown = _redacted_alone(leaf, after.text)


def _redacted_alone(leaf: _Leaf, text: str) -> str:
    if any(_BIRTHS_NAME.search(call) for call in leaf.named.calls) and _SINCE_1970.fullmatch(text):
        return _mark(Kind.DATE_OF_BIRTH)
    if isinstance(leaf.value, int | float) and _is_measured(leaf):
        return text
    return redact_beside(leaf.named.whole, text).text


def _redact_parts(group: _Parts) -> None:
    """Cover what only together is a detail, where its names say that it is one: shape alone is chance."""
    wholes = group.leaves
    if _is_detail(group.path):
        wholes = {"": [part for found in group.leaves.values() for part in found]}
    for whose, found in wholes.items():
        stem = joined(group.path, whose)
        if len(found) < _PAIR or not _is_detail(stem):
            continue
        parts = sorted(found, key=lambda part: part[0])
        name = joined(stem, *(called for _, called, _ in parts))
        shown = redact_parts(name, [leaf.text for _, _, leaf in parts])
        for (_, _, leaf), after in zip(parts, shown, strict=True):
            if leaf.shown == leaf.text:
                leaf.shown = after.text


def _is_detail(called: str) -> bool:
    return names_a_detail(called) or is_of_an_address(called)


def _cover_codes_beside_cards(read: _Read) -> None:
    if not _has_card(read):
        return
    for leaf in read.leaves:
        if (
            is_short_number(leaf.text, at_least=3)
            and any(map(is_code_beside_a_card, leaf.named.terms))
            and not is_of_another_code(leaf.named.whole)
        ):
            leaf.shown = _mark(Kind.CVV)


def _has_card(read: _Read) -> bool:
    shown = (name for names in read.names.values() for name in names)
    return any(map(_shows_a_card, read.leaves)) or any(_CARD_MARK in name for name in shown)


def _shows_a_card(leaf: _Leaf) -> bool:
    """Whether a card's number stands there, also half masked: its last four alone are none."""
    if _CARD_MARK in leaf.shown:
        return True
    return bool(
        leaf.named.says is not Says.ABOUT
        and _CARDS_NAME.search(leaf.named.whole)
        and _NUMBER_OF_CARD.search(leaf.text)
    )


def _is_measured(leaf: _Leaf) -> bool:
    """Whether a number is a time, or a fraction that tells about something: its digits look like anything."""
    is_fraction = isinstance(leaf.value, float) and not leaf.value.is_integer()
    if is_fraction and leaf.named.says is Says.ABOUT:
        return True
    return is_moment(leaf.named.own) and any(leaf.value // unit in _MOMENTS_S for unit in _A_SECOND)


def _is_code(leaf: _Leaf) -> bool:
    """Whether a name of it says that it is a verification code, and it is digits: all of it, or some."""
    return any(map(is_codes_name, leaf.named.calls)) and is_short_number(leaf.text)


def _told(lent: tuple[str, ...]) -> Says:
    """What siblings say of a value whose own key says nothing."""
    return Says.ABOUT if lent and all(says(one) is Says.ABOUT for one in lent) else Says.NOTHING


def _mark(kind: Kind) -> str:
    return f"[{kind}]"


def _text_of(value: str | float) -> str:
    """A value as somebody would write it: `314.0` is 314."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_FLOATS:
        return str(int(value))
    return str(value)


def _shown_name(name: str, value: Any) -> str:
    """A name redacted; one that holds a number may be called something by its value."""
    if isinstance(value, str) and _LONG_DIGITS.search(name):
        return redact_beside(value[:PATH_CHARACTERS], name).text
    return redact(name).text
