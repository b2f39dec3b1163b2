"""The languages the portal speaks, and which one somebody gets.

The one thing a newcomer would get wrong: a language is a folder of `locales/` with a `portal.po`, and nothing
else; its dates, numbers and direction come from CLDR. How to add one is in `docs/languages.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import babel

from aidial_portal.words.catalogue import ENGLISH_WORDS, Words, read
from aidial_portal.words.writing import Australian, FromCldr, Writing

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCALES: Final = Path(__file__).resolve().parent.parent / "locales"
CATALOGUE: Final = "LC_MESSAGES/portal.po"
_LONGEST_HEADER: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Locale:
    """A language: its BCP 47 tag, what it calls itself, its words, and how it writes dates and numbers.

    direction: `ltr` or `rtl`.
    """

    tag: str
    name: str
    direction: str
    words: Words
    writing: Writing


ENGLISH: Final = Locale("en-AU", "English (Australia)", "ltr", ENGLISH_WORDS, Australian())


@cache
def all_locales() -> Mapping[str, Locale]:
    """Every language by its tag, en-AU first; the catalogues are read once."""
    folders = sorted(path.parent.parent for path in LOCALES.glob(f"*/{CATALOGUE}"))
    return {ENGLISH.tag: ENGLISH} | {one.tag: one for one in map(_locale, folders)}


def _locale(folder: Path) -> Locale:
    known = babel.Locale.parse(folder.name)
    own = known.get_display_name(known) or folder.name
    return Locale(
        folder.name.replace("_", "-"),
        own[:1].upper() + own[1:],
        known.text_direction,
        read(folder / CATALOGUE),
        FromCldr(known),
    )


@lru_cache(maxsize=256)
def by_tag(tag: str | None) -> Locale:
    """The language for a BCP 47 tag: the same one, else one of the same language, else en-AU."""
    found = _known(tag or "")
    return ENGLISH if found is None else found


def _known(tag: str) -> Locale | None:
    wanted = tag.strip().lower()
    offered = all_locales()
    for one in offered.values():
        if one.tag.lower() == wanted:
            return one
    language = wanted.split("-", 1)[0]
    return next((one for one in offered.values() if one.tag.lower().split("-", 1)[0] == language), None)


@lru_cache(maxsize=256)
def by_header(accepted: str | None) -> Locale:
    """The language an `Accept-Language` asks for first that the portal speaks; en-AU without one."""
    if not accepted:
        return ENGLISH
    weighed = [_weighed(part) for part in accepted[:_LONGEST_HEADER].split(",")]
    for weight, tag in sorted(weighed, key=lambda one: -one[0]):
        found = _known(tag) if weight > 0 else None
        if found is not None:
            return found
    return ENGLISH


def _weighed(part: str) -> tuple[float, str]:
    tag, _, parameter = part.partition(";")
    if not parameter:
        return 1.0, tag
    try:
        return float(parameter.strip().removeprefix("q=")), tag
    except ValueError:
        return 0.0, tag
