"""An operator starts a tree of processes, and ends it in every way there is."""

from __future__ import annotations

import os
import select
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
LIMIT_S = 30


class Tree:
    def __init__(self, folder: Path, second_kind: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.aidial.processes.tree", str(folder), second_kind],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )

    def wait_for(self, words: str) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if words in line:
                return
        raise AssertionError(f"it never said {words!r}: {self.process.communicate()[1]}")

    def pid_of(self, name: str) -> int:
        return int((self.folder / f"{name}.pid").read_text())

    def end(self) -> tuple[int, str, str]:
        out, errors = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, out, errors


def wait_gone(end: int) -> None:
    assert select.select([end], [], [], LIMIT_S)[0], "a child outlived its supervisor"
    os.close(end)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_operator_stops_the_tree_and_children_end_in_reverse_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    tree = Tree(tmp_path, "calm")
    tree.wait_for("up")
    tree.process.send_signal(number)
    status, out, errors = tree.end()
    assert (status, errors) == (0, "")
    assert out.endswith("stopped\n")
    assert (tmp_path / "order").read_text() == "second\nfirst\n"
    assert stat.S_IMODE((tmp_path / "log" / "first.log").stat().st_mode) == 0o600


def test_children_start_at_once_so_that_none_waits_for_another_to_read_itself_in(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "inseparable")
    tree.wait_for("up")
    tree.process.terminate()
    assert tree.end()[0] == 0


def test_a_child_that_ignores_the_request_is_killed_after_its_grace(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "stubborn")
    tree.wait_for("up")
    end = os.pidfd_open(tree.pid_of("second"))
    tree.process.terminate()
    status, out, _ = tree.end()
    assert status == 0
    assert "second did not stop within 0.5 s; killing it" in out
    wait_gone(end)


def test_no_child_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "calm")
    tree.wait_for("up")
    ends = [os.pidfd_open(tree.pid_of(name)) for name in ("first", "second")]
    tree.process.kill()
    tree.end()
    for end in ends:
        wait_gone(end)


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "calm")
    tree.wait_for("up")
    before = tree.pid_of("first")
    os.kill(before, signal.SIGKILL)
    tree.wait_for("first ended with signal 9; starting it again in 0.5 s")
    until = time.monotonic() + LIMIT_S
    while tree.pid_of("first") == before:
        assert time.monotonic() < until, "it was not started again"
        time.sleep(0.01)
    tree.process.terminate()
    assert tree.end()[0] == 0


def test_a_child_that_never_gets_ready_is_named_with_its_last_words(tmp_path: Path) -> None:
    status, _, errors = Tree(tmp_path, "broken").end()
    assert status == 1
    assert "second ended with status 1 before it was ready" in errors
    assert "the licence is missing" in errors
    assert (tmp_path / "order").read_text() == "first\n"


@pytest.mark.slow
def test_a_child_that_keeps_dying_ends_the_tree(tmp_path: Path) -> None:
    status, _, errors = Tree(tmp_path, "frail").end()
    assert status == 1
    assert "second ended with status 9 for the 5th time in a minute" in errors
    assert (tmp_path / "order").read_text() == "first\n"
