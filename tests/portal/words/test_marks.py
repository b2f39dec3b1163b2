"""Every word a page says is marked for translators; every translation fits what it is put into."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from babel.messages.catalog import Message

from aidial_portal.design.engine import environment
from aidial_portal.words import ENGLISH, all_locales
from aidial_portal.words.catalogue import parsed
from aidial_portal.words.locales import CATALOGUE, LOCALES
from tests.portal.words.unmarked import unmarked

PORTAL: Final = LOCALES.parent
TEMPLATES: Final = sorted(
    path for folder in ("design", "surfaces") for path in (PORTAL / folder).rglob("*.html")
)
NOT_TRANSLATED: Final = ("ops", "components")
"""Marked, and for people at AiDial, who read English: a language need not have them."""
PLACES: Final = re.compile(r"%\(\w+\)s|%%|\{\w*\}|</?\w+[^>]*>")
OTHER_LANGUAGES: Final = [tag for tag in all_locales() if tag != ENGLISH.tag]


def said(one: Message) -> list[str]:
    """The translation, one a plural form; none that is empty."""
    forms = (one.string,) if isinstance(one.string, str) else one.string or ()
    return [text for text in forms if text]


def surface_of(path: str) -> str:
    parts = Path(path).parts
    return parts[parts.index("surfaces") + 1] if "surfaces" in parts else ""


def messages(tag: str) -> list[Message]:
    """What a language has to say: everything but what only operators read."""
    every = parsed(LOCALES / tag / CATALOGUE)
    return [
        one
        for one in every
        if one.id and not {surface_of(file) for file, _ in one.locations} <= set(NOT_TRANSLATED)
    ]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(PORTAL).as_posix())
def test_a_template_says_nothing_that_is_not_marked(path: Path) -> None:
    found = unmarked(path.read_text())
    assert found == []


def test_words_that_nobody_marked_are_found() -> None:
    assert unmarked('<p title="Two words">Some <b>more</b></p>') == ["Two words", "Some", "more"]
    assert unmarked('{{ notice("Ask somebody.", "warn") }}') == ["Ask somebody."]
    marked = '<p title="{{ _("Two words") }}">{% trans name %}For {{ name }}{% endtrans %}</p><kbd>Esc</kbd>'
    assert unmarked(marked) == []


@pytest.mark.parametrize("tag", OTHER_LANGUAGES)
def test_a_language_has_every_word(tag: str) -> None:
    assert [one.id for one in messages(tag) if not one.string or one.fuzzy] == []
    forms = parsed(LOCALES / tag / CATALOGUE).num_plurals
    assert [one.id for one in messages(tag) if one.pluralizable and len(said(one)) != forms] == []


@pytest.mark.parametrize("tag", OTHER_LANGUAGES)
def test_a_translation_keeps_the_places_and_the_markup_of_its_text(tag: str) -> None:
    def places(text: str) -> list[str]:
        return sorted(PLACES.findall(text))

    for one in parsed(LOCALES / tag / CATALOGUE):
        english = one.id if isinstance(one.id, str) else one.id[-1]
        for text in said(one) if one.id else ():
            assert places(text) == places(english), english
            assert text[:1].isspace() == english[:1].isspace(), english
            assert text[-1:] == english[-1:] or text[-1:] not in ".?", english


@pytest.mark.parametrize("tag", OTHER_LANGUAGES)
def test_every_template_compiles_in_every_language(tag: str) -> None:
    env = environment(all_locales()[tag])
    assert [env.get_template(name) for name in env.list_templates(["html"])]
