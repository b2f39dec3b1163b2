"""A supervisor with two children, run as a process of its own. Argument: a folder for logs and marks."""

from __future__ import annotations

import sys
from pathlib import Path

from aidial.processes import ChildFailed, Program, Supervisor

# Marks that it is up with its process id, then waits; `stubborn` does not listen to SIGTERM.
CHILD = """
import os, pathlib, signal, sys, time
name, folder, kind = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
def leave(*_):
    with open(folder / "order", "a") as order: order.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if kind == "stubborn" else leave)
if kind == "broken":
    sys.exit("the licence is missing")
part = folder / (name + ".part")
part.write_text(str(os.getpid()))
part.rename(folder / (name + ".pid"))
if kind == "frail":
    sys.exit(9)
# Not pause(): a signal that comes right before it would be waited for in vain.
while True: time.sleep(0.1)
"""


def main(folder: Path, second_kind: str) -> int:
    # The first of the inseparable is ready when the second is up.
    marks = {"first": "second" if second_kind == "inseparable" else "first", "second": "second"}

    def program(name: str, kind: str) -> Program:
        command = [sys.executable, "-c", CHILD, name, str(folder), kind]
        return Program(name, command, {}, ready=(folder / f"{marks[name]}.pid").exists, ready_limit_s=20)

    def say(words: str) -> None:
        sys.stdout.write(f"{words}\n")
        sys.stdout.flush()

    try:
        # Who listens is given the time a busy machine may take.
        grace_s = 0.5 if second_kind == "stubborn" else 20
        with Supervisor(folder / "log", on_progress=say, grace_s=grace_s) as tree:
            tree.start(program("first", "calm"), program("second", second_kind))
            say("up")
            tree.run()
    except ChildFailed as failure:
        sys.stderr.write(str(failure))
        return 1
    say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
