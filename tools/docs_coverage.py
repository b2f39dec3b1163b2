"""`docs/contract-coverage.md`: every promise of the owner's document, and every code, with what shows them.

The one thing a newcomer would get wrong: sentences stand in `tests/contract/sentences.toml`; the routes of a
code follow from the rows, and nobody writes them down.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docs_text import code, table
from docs_text import page as whole_page

from aidial_api.kernel.openapi import codes_of as api_codes
from aidial_api.routes import TABLE
from aidial_contract.errors import AWAITED, ERRORS
from aidial_portal.kernel.promises import codes_of as portal_codes
from aidial_portal.routes import all_rows

ROOT = Path(__file__).resolve().parent.parent
SENTENCES = ROOT / "tests" / "contract" / "sentences.toml"
MOST_TESTS = 3
_TOP = re.compile(r"^(?=@|def |async def |class )", re.MULTILINE)
_TEST = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
_TEXT = re.compile(r"""["']([a-z_]+)["']""")
_CONSTANT = re.compile(r"\berrors\.([A-Z_]+)\b")
NONE = "-"

INTRODUCTION = """\
What the owner's document promises, sentence by sentence. A row is **shown** when its codes are in the
registry and its tests exist; the tests run in `make test` and `make test-all`, so a row that stops being true
stops the build. A row that is **open** fails it too."""

CODES = """\
Where each code can come from, as the rows' own policies say, and the tests that name it. A code that no row
can answer is listed with the surface that will; any other one fails the build."""


@cache
def sentences() -> list[dict[str, Any]]:
    """Every sentence as written: `{part, says, codes, shown: [[surface, route, test]], awaits?}`."""
    found: list[dict[str, Any]] = tomllib.loads(SENTENCES.read_text(encoding="utf-8"))["sentence"]
    return found


def _functions(path: Path) -> Iterator[tuple[str, str]]:
    """Every test function of a file with its text, decorators included."""
    chunk = ""
    for part in _TOP.split(path.read_text(encoding="utf-8")):
        chunk = chunk + part if chunk.startswith("@") and not _TEST.search(chunk) else part
        found = _TEST.search(chunk)
        if found is not None:
            yield found[1], chunk


@cache
def tests() -> dict[str, frozenset[str]]:
    """Every test function by `path::name`, with the registry's codes its text names."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, chunk in _functions(path):
            said = {*_TEXT.findall(chunk), *(one.lower() for one in _CONSTANT.findall(chunk))}
            found[f"{path.relative_to(ROOT)}::{name}"] = frozenset(said & set(ERRORS))
    return found


@cache
def places() -> dict[str, dict[str, list[str]]]:
    """By code: `{"/v1": [...], "portal": [...]}`, each a list of `METHOD path`."""
    found: dict[str, dict[str, list[str]]] = {name: {"/v1": [], "portal": []} for name in ERRORS}
    for row in TABLE.rows:
        for name in api_codes(row):
            found[name]["/v1"].append(f"{row.method} {row.path}")
    for page_or_api in all_rows():
        for name in portal_codes(page_or_api):
            found[name]["portal"].append(f"{page_or_api.method} {page_or_api.path}")
    return found


def seen_on(name: str, surface: str) -> str:
    """An example of a route that can answer a code on a surface."""
    return _awaited(name) if name in AWAITED else _routes(places()[name][surface])


def _awaited(name: str) -> str:
    return f"awaits: {AWAITED[name]}"


def problems() -> list[str]:
    """What keeps a sentence open, in words."""
    found = []
    for one in sentences():
        found += [f"{one['says']}: {name} is no code" for name in one["codes"] if name not in ERRORS]
        found += [
            f"{one['says']}: there is no test {test}" for _, _, test in one["shown"] if test not in tests()
        ]
        if not one["shown"] and "awaits" not in one:
            found.append(f"{one['says']}: nothing shows it")
    return found


def page() -> str:
    """The whole page."""
    return whole_page(
        "Contract coverage",
        INTRODUCTION,
        "## The owner's document",
        table(
            ("Part", "Sentence", "Codes", "Surface and route", "Shown by", "State"),
            map(_sentence, sentences()),
        ),
        "## Every code",
        CODES,
        table(("Code", "Status", "On `/v1`", "On the portal", "Tests that name it"), map(_code, ERRORS)),
    )


def _sentence(one: dict[str, Any]) -> tuple[str, ...]:
    shown = one["shown"]
    is_shown = bool(shown) and all(test in tests() for _, _, test in shown)
    return (
        one["part"],
        one["says"],
        ", ".join(map(code, one["codes"])) or NONE,
        "<br>".join(f"{surface}: {route}" for surface, route, _ in shown),
        "<br>".join(code(test.removeprefix("tests/")) for _, _, test in shown),
        "shown" if is_shown else f"awaits: {one['awaits']}" if "awaits" in one else "**open**",
    )


def _code(name: str) -> tuple[str, ...]:
    if name in AWAITED:
        return code(name), str(ERRORS[name].status), _awaited(name), NONE, NONE
    naming = [test for test, named in tests().items() if name in named]
    more = f"<br>and {len(naming) - MOST_TESTS} more" if len(naming) > MOST_TESTS else ""
    listed = "<br>".join(code(test.removeprefix("tests/")) for test in naming[:MOST_TESTS])
    where = places()[name]
    return (
        code(name),
        str(ERRORS[name].status),
        _routes(where["/v1"]),
        _routes(where["portal"]),
        listed + more,
    )


def _routes(routes: Iterable[str]) -> str:
    listed = list(routes)
    if not listed:
        return NONE
    return code(listed[0]) + (f" and {len(listed) - 1} more" if len(listed) > 1 else "")
