"""Finds words of a template that no translator will see.

Jinja's own tree says what is text; the text is read as HTML, with whatever is drawn in between left out.
The one thing a newcomer would get wrong: `_("...")` and `{% trans %}` are calls in that tree, so what is
still text, or a string handed on as it is, was marked by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from jinja2 import Environment, nodes

ENV: Final = Environment(
    trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"], autoescape=True
)
ENV.newstyle_gettext = True  # type: ignore[attr-defined] # the extension's
MARKS: Final = frozenset({"_", "N_", "gettext", "ngettext", "pgettext", "npgettext"})
SAID: Final = frozenset(
    {
        "alt",
        "aria-label",
        "aria-roledescription",
        "data-label",
        "data-said",
        "data-sort",
        "placeholder",
        "title",
    }
)
"""Attributes that people hear or see."""
NOT_SAID: Final = frozenset({"code", "kbd", "script", "style", "svg"})
A_NAME: Final = re.compile(r"AiDial|ABN|CSV|GST|PDF|SMS|\S+@\S+|&\w+;")
A_WORD: Final = re.compile(r"[A-Za-z]{2,}")
A_SENTENCE: Final = re.compile(r"[A-Z“][a-z\u2019']+( \S+)*[.?…]?|\S+ \S+ .*[a-z][.?]")
"""A string that is drawn, where codes and names of classes are small letters."""
IN_A_TAG: Final = frozenset({"html_attributes", "width"})
"""Blocks that stand inside of a tag of the template they are put into."""
DRAWN: Final = "\N{OBJECT REPLACEMENT CHARACTER}"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in SAID and value and _has_words(value)]
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not NOT_SAID & set(self._open) and _has_words(data):
            self.found.append(data.strip())


def _has_words(text: str) -> bool:
    return A_WORD.search(A_NAME.sub("", text)) is not None


def unmarked(source: str) -> list[str]:
    """The words of a template that are not marked, in its order."""
    tree = ENV.parse(source)
    reader = _Reader()
    reader.feed("".join(_text(tree)))
    reader.close()
    strings = (one.value for one in _strings(tree) if isinstance(one.value, str))
    return reader.found + [one for one in strings if A_SENTENCE.fullmatch(one) and _has_words(one)]


def _text(node: nodes.Node) -> Iterator[str]:
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Output):
            for piece in child.nodes:
                yield piece.data if isinstance(piece, nodes.TemplateData) else DRAWN
        elif not isinstance(child, nodes.Block) or child.name not in IN_A_TAG:
            yield from _text(child)


def _strings(node: nodes.Node) -> Iterator[nodes.Const]:
    """Strings that may be drawn: no keys, nothing compared, and no mark's own."""
    for child in node.iter_child_nodes():
        is_mark = (
            isinstance(child, nodes.Call) and isinstance(child.node, nodes.Name) and child.node.name in MARKS
        )
        if isinstance(child, nodes.Compare) or is_mark:
            continue
        if isinstance(child, nodes.Const):
            yield child
        elif isinstance(child, nodes.Pair):
            yield from _strings(nodes.List([child.value]))
        else:
            yield from _strings(child)
