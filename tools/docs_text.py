"""Small pieces of Markdown that every generated page uses.

The one thing a newcomer would get wrong: a `|` inside a table cell ends the cell, so every cell goes through
`table`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

NOTICE = "<!-- Written by tools/generate_docs.py from the code. Do not edit: run `make docs`. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, a line a row."""
    lines = [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def code(text: object) -> str:
    """Inline code."""
    return f"`{text}`"


def fence(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text}\n```"


def json_block(value: Any) -> str:
    """A JSON body, indented; members keep their order."""
    return fence("json", msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def page(title: str, *parts: str) -> str:
    """A whole page with its notice."""
    return "\n\n".join((NOTICE, f"# {title}", *parts)) + "\n"
