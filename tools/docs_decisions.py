"""`docs/decisions/README.md`: the list of decision records, by number.

The one thing a newcomer would get wrong: a record's first line is `# <number>. <title>`, and the number is
the one in its file's name; two of one number are refused.
"""

from __future__ import annotations

from pathlib import Path

from docs_text import page as whole_page

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "decisions"
ABOUT = """\
What was decided where the texts were silent, or where a measurement chose. A page at most each; a changed
decision gets a new record that names the old one."""


def page() -> str:
    """The whole page."""
    names = sorted(path.name for path in FOLDER.glob("[0-9]*.md"))
    if len({name.partition("-")[0] for name in names}) != len(names):
        raise ValueError("two decisions have one number: " + ", ".join(names))
    return whole_page("Decisions", ABOUT, "\n".join(map(_line, names)))


def _line(name: str) -> str:
    title = (FOLDER / name).read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    return f"- [{title}]({name})"
