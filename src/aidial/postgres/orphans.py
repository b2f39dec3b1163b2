"""End what is left of a server whose supervisor or postmaster was killed, then let a start go on.

This file is run as a script, not imported, and uses only the standard library: it becomes the server's
user first, because in a container root may look at `/proc/<pid>/cwd` of its own processes only. The one
thing a newcomer would get wrong: a pid in `postmaster.pid` proves nothing (pids are used again), so a
process counts only when it is a `postgres` whose working folder is this cluster.
Arguments: uid, gid (both -1: stay), the cluster folder, the words that mark a command line as ours.
Prints progress. Exit 0: nothing is left. Exit 3: somebody else's live server is on the folder.
"""

import os
import signal
import sys
import time
from pathlib import Path

FOREIGN_SERVER = 3
_FAST_SHUTDOWN_S = 20.0
_IMMEDIATE_SHUTDOWN_S = 5.0
_ORPHANS_S = 1.0


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    uid, gid = int(arguments[0]), int(arguments[1])
    cluster, mark = Path(arguments[2]), arguments[3]
    if uid != -1:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    recorded = _recorded_pid(cluster)
    left = _processes_of(cluster)
    words = _command_line(recorded) if recorded in left else b""
    if words:  # none: it ended since we counted
        if mark.encode() not in words:
            return FOREIGN_SERVER
        _say("Waiting for the earlier server to finish")
        _end(cluster, recorded, (signal.SIGINT, signal.SIGQUIT))
    elif set(left) - {recorded}:
        _say("Ending what a killed server left behind")
    if not _gone(cluster, _ORPHANS_S):
        for pid in _processes_of(cluster):
            _signal(pid, signal.SIGKILL)
        if not _gone(cluster, _IMMEDIATE_SHUTDOWN_S):
            return 1
    if recorded and _is_stranger(recorded):  # PostgreSQL would take it for an earlier server and give up
        (cluster / "postmaster.pid").unlink(missing_ok=True)
    return 0


def _recorded_pid(cluster: Path) -> int:
    try:
        return abs(int((cluster / "postmaster.pid").read_text().split("\n", 1)[0]))
    except (OSError, ValueError):
        return 0


def _processes_of(cluster: Path) -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _belongs(entry, cluster)]


def _belongs(process: Path, cluster: Path) -> bool:
    """Whether this process is a `postgres` at work in the cluster."""
    try:
        here, wanted = (process / "cwd").stat(), cluster.stat()
        program = (process / "exe").readlink().name.removesuffix(" (deleted)")
    except PermissionError:  # another group, say: a postmaster's command line still tells
        words = _command_line(int(process.name)).split(b"\0")
        return Path(os.fsdecode(words[0])).name == "postgres" and os.fsencode(cluster) in words
    except OSError:
        return False
    return program == "postgres" and (here.st_dev, here.st_ino) == (wanted.st_dev, wanted.st_ino)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _end(cluster: Path, postmaster: int, signals: tuple[signal.Signals, ...]) -> None:
    for number, limit_s in zip(signals, (_FAST_SHUTDOWN_S, _IMMEDIATE_SHUTDOWN_S), strict=True):
        _signal(postmaster, number)
        if _gone(cluster, limit_s, only=postmaster):
            return
    _signal(postmaster, signal.SIGKILL)


def _gone(cluster: Path, limit_s: float, only: int = 0) -> bool:
    until = time.monotonic() + limit_s
    while left := _processes_of(cluster):
        if only and only not in left:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _is_stranger(pid: int) -> bool:
    """Whether the number now belongs to something that is certainly no server of this cluster."""
    process = Path(f"/proc/{pid}")
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        if state in "ZX":  # dead, but nobody collected it (a container without an init keeps such for ever)
            return True
        return (process / "comm").read_text() != "postgres\n" or bool((process / "cwd").readlink())
    except OSError:  # gone, or hidden from us: PostgreSQL decides
        return False


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
