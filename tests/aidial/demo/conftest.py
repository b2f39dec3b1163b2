"""A folder for demos, and the promise that none outlives its test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.aidial.demo.running import FREE, Demo, wait_all_gone

StartDemo = Callable[..., Demo]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every user may pass through (pytest's own is closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="aidial-demo-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def start(home: Path) -> Iterator[StartDemo]:
    """`start("--calls", "60")`: a demo on the test's folder, on free ports."""
    started: list[Demo] = []

    def run(*options: str, env: Mapping[str, str] | None = None) -> Demo:
        started.append(Demo(home / "data", *FREE, *options, env=env))
        return started[-1]

    yield run
    for demo in started:
        left = demo.tree()
        demo.kill()
        wait_all_gone(left)
