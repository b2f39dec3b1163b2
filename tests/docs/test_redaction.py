"""What the page about redaction claims, against the code and the corpus."""

from __future__ import annotations

from pathlib import Path

from aidial_api.kernel.redaction import Kind
from tests.api.redaction import test_corpus
from tests.api.redaction.scoring import read

PAGE = (Path(__file__).parents[2] / "docs" / "redaction.md").read_text(encoding="utf-8")


def test_every_kind_is_explained() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `[")]
    assert {kind for kind in Kind if any(f"`[{kind}]`" in row for row in rows)} == set(Kind)


def test_the_corpus_is_as_large_and_the_tests_as_strict_as_claimed() -> None:
    lines = [line for name in test_corpus.PARTS for line in read(name)]
    assert f"{len(lines):,} lines" in PAGE
    assert sum(not any(line.labels) for line in lines) >= len(lines) * 0.29  # "three in ten"
    written, spoken = test_corpus.LEAST_RECALL["written"], test_corpus.LEAST_RECALL["spoken"]
    assert f"recall of {written} written and {spoken} spoken" in PAGE
    assert f"precision of {test_corpus.LEAST_PRECISION} for each kind" in PAGE
