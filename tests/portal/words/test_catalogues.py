"""The catalogues are what the sources say. Reading every source takes seconds: this belongs to test-all."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run

ROOT = Path(__file__).parents[3]


def test_the_catalogues_are_up_to_date() -> None:
    done = run(
        [sys.executable, "tools/words.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"python tools/words.py\n{done.stdout}{done.stderr}"
