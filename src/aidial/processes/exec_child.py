"""Become another program that cannot outlive its parent: drop privileges, ask for a death signal, exec.

This file is run as a script, not imported. It uses no `preexec_fn`, because Python code between fork
and exec may deadlock in a threaded parent. The one thing a newcomer would get wrong: the kernel
forgets the death signal when the user changes, so the order below (user first, signal second) matters.
Arguments: signal number, parent's pid, uid, gid (both -1: stay who we are), then the command.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replace this process with the command; exit 70 when the parent is gone already."""
    death_signal, parent_pid, uid, gid = (int(word) for word in arguments[:4])
    command = arguments[4:]
    if uid != -1:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:  # it died before the request above took effect
        sys.exit(70)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and an exec would keep that
    os.execv(command[0], command)  # noqa: S606  (no shell is the point)


if __name__ == "__main__":
    main(sys.argv[1:])
