"""Every promise has its test, and every code of the registry a route that answers it.

The one thing a newcomer would get wrong: a code no route raises is no harmless extra. Clients write code for
it, so it is listed with the surface that will raise it, or it fails here.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

from aidial_contract import errors
from aidial_contract.errors import AWAITED, ERRORS
from tests.docs.pages import ROOT

OWNERS_DOCUMENT = ROOT.parent / "shared" / "spec" / "error-responses.md"
NAMES = {row.code: name for name, row in vars(errors).items() if isinstance(row, errors.ErrorRow)}


@pytest.fixture
def coverage(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("docs_coverage")


def test_every_sentence_of_the_owners_document_is_shown(coverage: Any) -> None:
    assert coverage.problems() == []


def test_every_sentence_stands_in_the_owners_document(coverage: Any) -> None:
    if not OWNERS_DOCUMENT.exists():
        pytest.skip("the owner's document is not beside this checkout")
    text = _plain(OWNERS_DOCUMENT.read_text())
    assert [one["says"] for one in coverage.sentences() if _plain(one["says"]) not in text] == []


def test_every_cause_of_the_owners_document_is_a_sentence(coverage: Any) -> None:
    if not OWNERS_DOCUMENT.exists():
        pytest.skip("the owner's document is not beside this checkout")
    known = [_plain(one["says"]) for one in coverage.sentences()]
    causes = re.findall(r"Common causes:\n+((?:- .*\n(?:[a-z]+_[a-z]+.*\n)?)+)", OWNERS_DOCUMENT.read_text())
    assert len(causes) == 8
    listed = [_plain(cause) for block in causes for cause in re.split(r"^- ", block, flags=re.MULTILINE)[1:]]
    assert [cause for cause in listed if not any(says in cause for says in known)] == []


def _plain(text: str) -> str:
    # The document lost the spaces around words that were code, so none count.
    return "".join(text.replace("`", "").split())


def test_every_code_is_answered_by_a_route_or_awaited_and_never_both(coverage: Any) -> None:
    answered = {name for name, where in coverage.places().items() if where["/v1"] or where["portal"]}
    assert set(ERRORS) - answered - set(AWAITED) == set(), "add the code to its row, or to AWAITED"
    assert answered & set(AWAITED) == set(), "raised now: take it out of AWAITED"


@pytest.mark.parametrize("code", [code for code in ERRORS if code not in AWAITED])
def test_every_code_a_route_promises_is_raised_somewhere(code: str) -> None:
    raised = re.compile(rf"\b(errors\.)?{NAMES[code]}\b")
    assert any(raised.search(text) for text in _sources()), f"{code} is promised and nothing raises it"


@pytest.mark.parametrize("code", [code for code in ERRORS if code not in AWAITED])
def test_every_code_a_route_promises_is_named_by_a_test(coverage: Any, code: str) -> None:
    naming = [
        test for test, codes in coverage.tests().items() if code in codes and "tests/contract/" not in test
    ]
    assert naming, f"no test of a running application names {code}"


def _sources() -> list[str]:
    if not _texts:
        registry = ROOT / "src" / "aidial_contract" / "errors.py"
        _texts.extend(path.read_text() for path in (ROOT / "src").rglob("*.py") if path != registry)
    return _texts


_texts: list[str] = []
