"""The generated pages: the same every time, found out when stale, and their examples are accepted."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aidial_api.kernel.route import Route
from aidial_api.routes import TABLE
from aidial_contract.checking import check
from aidial_contract.shapes.calls import NewCall, new_call_rules
from tests.docs.pages import ROOT

TOOL = ROOT / "tools" / "generate_docs.py"
WITH_BODY = [row for row in TABLE.rows if row.body is not None]


def run(*arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TOOL), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONHASHSEED": seed, "PATH": ""},
    )


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module


def test_pages_are_the_same_whatever_the_hash_seed(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        assert run("--folder", str(tmp_path / seed), seed=seed).returncode == 0
    written = (path for path in (tmp_path / "1").rglob("*.md"))
    names = sorted(str(path.relative_to(tmp_path / "1")) for path in written)
    assert names == [
        "api.md",
        "audit-events.md",
        "contract-coverage.md",
        "decisions/README.md",
        "errors.md",
        "limits.md",
        "roles.md",
        "when-things-fail.md",
    ]
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_stale_page_is_named_and_left_alone(tmp_path: Path) -> None:
    assert run("--folder", str(tmp_path)).returncode == 0
    assert run("--check", "--folder", str(tmp_path)).returncode == 0
    (tmp_path / "roles.md").write_text("edited by hand", encoding="utf-8")
    (tmp_path / "api.md").unlink()
    checked = run("--check", "--folder", str(tmp_path))
    assert checked.returncode == 1
    assert "roles.md is out of date" in checked.stderr
    assert "api.md is out of date" in checked.stderr
    assert "errors.md" not in checked.stderr
    assert (tmp_path / "roles.md").read_text(encoding="utf-8") == "edited by hand"
    assert not (tmp_path / "api.md").exists()


@pytest.mark.parametrize("row", WITH_BODY, ids=[row.name for row in WITH_BODY])
def test_every_body_the_reference_shows_is_accepted(tool: Any, row: Route) -> None:
    assert row.body is not None
    body = msgspec.json.encode(tool("docs_api").body_example(row))
    assert isinstance(check(body, row.body, row.rules), row.body)


def test_the_call_with_everything_in_it_is_accepted(tool: Any) -> None:
    body = tool("docs_examples").example(NewCall, everything=True)
    assert set(body) == set(NewCall.__struct_fields__)
    check(msgspec.json.encode(body), NewCall, (new_call_rules,))
