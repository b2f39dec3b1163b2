"""Reads a gettext catalogue: the text file itself, when the portal starts. Nothing has to be compiled.

The one thing a newcomer would get wrong: an entry marked `fuzzy` is a guess that nobody confirmed, so it
counts as missing.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from pathlib import Path

    from babel.messages.catalog import Catalog

_OF_SCRIPTS: Final = re.compile(r"\.(js|ftl)$")


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Translations by their English text. `scripts` are those of the browser's modules: one a plural form."""

    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]
    pgettext: Callable[[str, str], str]
    npgettext: Callable[[str, str, str, int], str]
    scripts: Mapping[str, list[str]]


def _as_it_stands(text: str) -> str:
    return text


def _words(known: gettext.NullTranslations, scripts: Mapping[str, list[str]]) -> Words:
    return Words(known.gettext, known.ngettext, known.pgettext, known.npgettext, scripts)


# Nearly everybody's: a call less for each word.
ENGLISH_WORDS: Final = replace(_words(gettext.NullTranslations(), {}), gettext=_as_it_stands)


def parsed(path: Path) -> Catalog:
    """The catalogue as Babel knows it."""
    with path.open("rb") as file:
        return read_po(file)


def read(path: Path) -> Words:
    """The words of a `portal.po`."""
    found, compiled = parsed(path), BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    scripts = {
        (one.id if isinstance(one.id, str) else one.id[0]): (
            [one.string] if isinstance(one.string, str) else list(one.string)
        )
        for one in found
        if one.id
        and one.string
        and not one.fuzzy
        and any(_OF_SCRIPTS.search(file) for file, _ in one.locations)
    }
    known = gettext.GNUTranslations(compiled)

    def said(text: str) -> str:
        # The entry of no text is the file's head: dates, and who translated it.
        return known.gettext(text) if text else text

    return replace(_words(known, scripts), gettext=said)
