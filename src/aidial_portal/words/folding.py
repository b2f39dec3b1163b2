"""Puts a language's words into a template when it is compiled: drawing a page looks nothing up.

The one thing a newcomer would get wrong: `{{ _("It's") }}` stands for text of the template and is not
escaped, as the text would not be; anywhere else `_("...")` is a string like any other, and is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

if TYPE_CHECKING:
    from types import CodeType

    from aidial_portal.words.catalogue import Words

_PLACE: Final = re.compile(r"%\((\w+)\)s|(%%)")


class WordsEnvironment(Environment):
    """A Jinja environment of one language: every template in it is compiled with its words."""

    words: Words

    def compile(self, source: str | nodes.Template, *args: Any, **options: Any) -> CodeType:  # type: ignore[override]
        """As Jinja's own, with the words put in."""
        if isinstance(source, str):
            name, filename = (*args, None, None)[:2]
            source = self.parse(source, options.get("name", name), options.get("filename", filename))
        return super().compile(_Folding(self.words).visit(source), *args, **options)  # type: ignore[no-any-return]


class _Folding(NodeTransformer):
    """Calls of `_`, and what `{% trans %}` makes, of constants; plurals are asked for while drawing."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802 - Jinja names its visitors so
        """Text that is written out."""
        folded: list[nodes.Expr] = []
        for child in node.nodes:
            text = self._said(child)
            if text is not None:
                folded.append(nodes.TemplateData(text, lineno=node.lineno))
            elif _constant(child, "gettext") is not None and isinstance(child, nodes.Call):
                folded += self._sentence(child)
            else:
                folded.append(self.visit(child))
        node.nodes = folded
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja names its visitors so
        """Words in an expression."""
        text = self._said(node)
        if text is not None:
            return nodes.Const(text, lineno=node.lineno)
        marked = _constant(node, "N_")
        if marked is not None:
            return nodes.Const(marked, lineno=node.lineno)
        return self.generic_visit(node)

    def _said(self, node: nodes.Node) -> str | None:
        """`_("text")`, or `pgettext("where", "text")`, in this language."""
        text = _constant(node, "_")
        if text is not None:
            return self._words.gettext(text)
        if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name) or node.kwargs:
            return None
        pair = [one.value for one in node.args if isinstance(one, nodes.Const)]
        return self._words.pgettext(*pair) if node.node.name == "pgettext" and len(pair) == 2 else None  # noqa: PLR2004

    def _sentence(self, call: nodes.Call) -> list[nodes.Expr]:
        """`{% trans %}`: its text, with the values where this language has them."""
        values = {one.key: self.visit(one.value) for one in call.kwargs}
        text = self._words.gettext(call.args[0].value)  # type: ignore[attr-defined] # `_constant` looked
        pieces: list[nodes.Expr] = []
        at = 0
        for found in _PLACE.finditer(text):
            pieces.append(nodes.TemplateData(text[at : found.start()], lineno=call.lineno))
            literal = nodes.TemplateData("%", lineno=call.lineno)
            pieces.append(literal if found[2] else values[found[1]])
            at = found.end()
        return [*pieces, nodes.TemplateData(text[at:], lineno=call.lineno)]


def _constant(node: nodes.Node, name: str) -> str | None:
    """The text of `name("text")`; None for anything else."""
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name) or node.node.name != name:
        return None
    first = node.args[0] if len(node.args) == 1 else None
    return first.value if isinstance(first, nodes.Const) and isinstance(first.value, str) else None
