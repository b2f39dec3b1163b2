"""Street addresses said a part a turn: "house number?" - "14" - "and the street?" - "Banksia Avenue".

A newcomer's likely mistake: taking every number before a street. "How many?" - "2" - "Smith Street, is it?"
counts people; an address is asked for, or its street is hardly more than a turn of its own.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from .addresses import is_street, number_start, suburb_end
from .marks import Find, Kind
from .streets import STREET, STREET_BODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .atoms import Atom, Run
    from .fold import Doc

_TALK = (
    r"(?:(?:and|um+|uh+|er|oh|yeah|yes|yep|sure|so|well|ok|okay|it's|it is|that's|the street is|on|in"
    r"|at|of)[ ,.]{1,2}){0,4}"
)
_LIVING = "(?:i'm|we're|i am|we are|i live|we live)"
_BEFORE_NUMBER = re.compile(
    rf"{_TALK}(?<!at )(?P<said>(?:my|the|our) address(?: is|'s) |{_LIVING} at )?"
    r"(?P<named>(?:the )?(?:(?:street |house |unit |flat |apartment |lot )?(?:number|no\.?)|unit|flat"
    r"|apartment|lot) )?\Z"
)
_BEHIND_NUMBER = re.compile(
    r"(?P<letter>(?: ?[a-h](?![a-z]))?)"
    r"(?:[ .,!?]{0,2}(?:yep|yes|yeah|ok|okay|right|got it|thanks|thank you|and)(?![a-z]))?"
    r"[ .,!?]{0,2}(?=\n|\Z)"
)
_HEARD = (
    r"(?:(?:m+-? ?hm+|uh-? ?huh|yep|yes|yeah|yup|ok|okay|right|got it|sure|great|lovely|thanks|thank you"
    r"|go on|and|sorry|pardon|i missed that|go ahead)[ .,?!]{0,2}){1,3}(?=\n)"
)
_BETWEEN = re.compile(
    r"[^\n]{0,24}(?:(?:the|your|which|what) (?:street|road|address)|street(?: name)?\?|street name)"
    r"[^\n]{0,20}(?=\n)|(?:and )?street[ .]{0,2}(?=\n)"
)
_HEARD_IT = re.compile(_HEARD)
_ASKED_NUMBER = re.compile(r"[^\n]{0,24}(?:house|street|what|which|the) number(?: please)?[ ?.]{0,2}(?=\n)")
_STREET = re.compile(
    rf"{_TALK}(?:{_LIVING} (?:on|in|at) )?"
    r"(?!(?:your|which|what|that|this|my|the (?:street|road|name))(?![a-z]))"
    rf"(?P<street>{STREET_BODY})"
)
_LITTLE_MORE = re.compile(r"(?:(?:,| in| at) [a-z]{3,15}(?: [a-z]{3,15})?)?[ .,]{0,2}")
_ASKED = re.compile(
    r"address|(?:house|street|unit|flat|apartment|lot) (?:number|name)|\blive\b|living|deliver|residen"
    r"|which street|what street|where (?:are you|is (?:it|the (?:job|house|property))|do we|should (?:we|i))"
)
_COUNTED = re.compile(
    r"how (?:many|much|old|long|far|often)|what (?:time|day|date)|when\b|which|table|party of|post ?code"
)
_UNIT = re.compile(
    rf"(?:\A|\n){_TALK}(?P<unit>(?:unit|flat|apartment|apt|villa|lot|level)(?: number)? \w{{1,9}})"
    rf"[ .,]{{0,2}}\n(?:{_HEARD}\n)?\Z"
)
_ONLY_TALK = re.compile(_TALK)
_ASKED_TURNS = 3
_UNIT_LONG = 60
_LITTLE = 18
_MOST_DIGITS = 6


def addresses_in_turns(doc: Doc, runs: list[Run]) -> Iterator[Find]:
    """Yield the parts of addresses whose unit, number and street were said in turns of their own."""
    for run in runs:
        within = run.end + _LITTLE
        if doc.text.find("\n", run.end, within) < 0 and within < len(doc.text) and not run.turns[-1]:
            continue  # far from its turn's end, and in one turn: nothing to find
        ends = _BEHIND_NUMBER.match(doc.text, run.end)
        street = _street(doc, run, ends) if ends else None
        if ends and street:
            yield Find(number_start(doc, run), ends.end("letter"), Kind.ADDRESS)
            yield from (Find(atoms[0].start, atoms[-1].end, Kind.ADDRESS) for atoms in _turns(run)[1:])
            yield Find(street.start("street"), suburb_end(doc, street.end()), Kind.ADDRESS)
        if street or (run.turns[-1] and STREET.match(doc.text, run.end)):
            yield from _unit(doc, number_start(doc, run))


def _street(doc: Doc, run: Run, ends: re.Match[str]) -> re.Match[str] | None:
    """The street of a house number that is all of its turn."""
    here = _turns(run)[0]
    turn = doc.turn_at(here[0].start)
    number = _BEFORE_NUMBER.match(doc.text, doc.turn_starts[turn], here[0].start)
    if not number or sum(len(atom.digits) for atom in here) >= _MOST_DIGITS:
        return None
    return _street_later(doc, run, number, ends.end() + 1) or _street_earlier(doc, run, turn)


def _turns(run: Run) -> list[list[Atom]]:
    """Atoms of the run's last turn, and of those before it that say the same: "14" - "14, okay"."""
    turns = [[run.atoms[-1]]]
    for index in range(len(run.atoms) - 2, -1, -1):
        if run.turns[index] == run.turns[index + 1]:
            turns[-1].insert(0, run.atoms[index])
        else:
            turns.append([run.atoms[index]])
    said = "".join(atom.digits for atom in turns[0])
    return [turns[0], *takewhile(lambda one: "".join(atom.digits for atom in one) == said, turns[1:])]


def _street_later(doc: Doc, run: Run, number: re.Match[str], at: int) -> re.Match[str] | None:
    text = doc.text
    asks = _BETWEEN.match(text, at)
    talk = asks or _HEARD_IT.match(text, at)
    street = _STREET.match(text, talk.end() + 1 if talk else at)
    if not street or not is_street(doc, run, street):
        return None
    turn = doc.turn_at(run.start)
    if _COUNTED.search(text, doc.turn_starts[max(0, turn - 1)], number.start()):
        return None
    asked = _ASKED.search(text, doc.turn_starts[max(0, turn - _ASKED_TURNS)], street.start())
    if number["said"] or asked:
        return street
    # "What size?" - "14" - "okay" - "Pitt Street store": what was asked for was no house.
    told = talk and "?" not in text[doc.turn_starts[max(0, turn - 1)] : doc.turn_starts[turn]]
    return street if (asks or told or number["named"]) and _is_all(doc, street) else None


def _street_earlier(doc: Doc, run: Run, turn: int) -> re.Match[str] | None:
    """The street it was asked for after: "Banksia Avenue" - "and the number?" - "14"."""
    asked = _ASKED_NUMBER.match(doc.text, doc.turn_starts[turn - 1]) if turn > 1 else None
    street = _STREET.match(doc.text, doc.turn_starts[turn - 2]) if asked else None
    return street if street and is_street(doc, run, street) and _is_all(doc, street) else None


def _is_all(doc: Doc, street: re.Match[str]) -> bool:
    """Whether hardly a word of its turn follows the street."""
    turn = doc.turn_at(street.end() - 1)
    return bool(_LITTLE_MORE.fullmatch(doc.text, suburb_end(doc, street.end()), doc.turn_end(turn)))


def _unit(doc: Doc, number: int) -> Iterator[Find]:
    """The unit that was said in the turn before: "unit 3" - "yep" - "12 Smith Street"."""
    begins = doc.turn_starts[doc.turn_at(number)]
    if _ONLY_TALK.fullmatch(doc.text, begins, number):
        unit = _UNIT.search(doc.text, max(0, begins - _UNIT_LONG), begins)
        if unit:
            yield Find(*unit.span("unit"), Kind.ADDRESS)
