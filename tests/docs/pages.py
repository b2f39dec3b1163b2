"""The repository's Markdown: which files, their links, their blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
_RUN = re.compile(
    r"^<!-- run(?:: (?P<expected>.+?))? -->\n```(?P<language>sh|python)\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Every Markdown file that people read."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])


def links(path: Path) -> Iterator[str]:
    """The targets of a page's links, code left out."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    yield from _LINK.findall(re.sub(r"`[^`\n]*`", "", text))


def anchors(path: Path) -> set[str]:
    """Where a link may point to inside a page: headings as GitHub names them, and explicit ids."""
    text = path.read_text(encoding="utf-8")
    explicit = set(re.findall(r'<a id="([^"]+)">', text))
    return explicit | {_slug(heading) for heading in _HEADING.findall(_FENCE.sub("", text))}


def _slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Example:
    """A block that is run: `expected` must be in what it prints."""

    language: str
    code: str
    expected: str | None


def examples(path: Path) -> list[Example]:
    """The blocks of a page that are marked `<!-- run -->` or `<!-- run: expected output -->`."""
    found = _RUN.finditer(path.read_text(encoding="utf-8"))
    return [Example(match["language"], match["code"], match["expected"]) for match in found]
