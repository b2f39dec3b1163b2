"""Ports: chosen or checked before anything starts, and held until everything has stopped.

A reservation is a socket that is bound but never listens: Linux then gives the port to nobody who asks for
any free one, while a server of ours that asks for it by number (with SO_REUSEADDR, as all do) gets it. The
one thing a newcomer would get wrong: the portal is reached as `localhost`, which may mean ::1 first, so that
address is held too.
"""

from __future__ import annotations

import errno
import socket
import time

from aidial.stops import CommandStopped, Exit

V4, V6 = "127.0.0.1", "::1"
_TRIES = 50
_PAUSE_S = 0.1
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Reservation:
    """One port of this machine, held until `free`."""

    def __init__(self, port: int, held: list[socket.socket]) -> None:
        self.port = port
        self._held = held

    def free(self) -> None:
        """Let the port go."""
        for one in self._held:
            one.close()


def reserve(option: str, port: int, *, both_families: bool = False, patience_s: float = 0.0) -> Reservation:
    """Hold `port` (0: any free one). `CommandStopped` names a port that is taken.

    `patience_s` waits for a taken one: servers of a demo that was killed may need a moment to end.
    """
    until = time.monotonic() + patience_s
    tries = 0
    while True:
        try:
            return _hold(port, both_families=both_families)
        except OSError as problem:
            tries += 1
            if port == 0 and tries < _TRIES and problem.errno == errno.EADDRINUSE:
                continue
            if port != 0 and problem.errno == errno.EADDRINUSE and time.monotonic() < until:
                time.sleep(_PAUSE_S)
                continue
            raise CommandStopped(_words(option, port, problem), Exit.UNAVAILABLE) from None


def _words(option: str, port: int, problem: OSError) -> str:
    another = f"choose another: {option} 0 takes any free one."
    if problem.errno == errno.EADDRINUSE:
        return f"port {port} is taken. Stop what listens there, or {another}"
    return f"port {port} cannot be used ({problem.strerror}); {another}"


def _hold(port: int, *, both_families: bool) -> Reservation:
    first = _bound(socket.AF_INET, V4, port)
    chosen: int = first.getsockname()[1]
    held = [first]
    if both_families:
        try:
            held.append(_bound(socket.AF_INET6, V6, chosen))
        except OSError as problem:
            if problem.errno not in _NO_SUCH_ADDRESS:
                first.close()
                raise
    return Reservation(chosen, held)


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    one = socket.socket(family)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, port))
    except OSError:
        one.close()
        raise
    return one
