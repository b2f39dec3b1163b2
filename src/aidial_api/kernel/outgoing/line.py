"""A connection to a mail server that somebody else may cut, whatever its thread waits for.

The one thing a newcomer would get wrong: the library waits for a greeting while it is made, so a server
that takes a connection and says nothing holds the thread before there is an object to close. So it is held
from its first step.
"""

from __future__ import annotations

import smtplib
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl


class Line:
    """One connection, which somebody else may cut."""

    def __init__(self) -> None:
        self._connection: smtplib.SMTP | None = None
        self.is_cut = False
        self.is_taken = False
        """The server said that it has the message: whatever comes after, it is sent."""

    def hold(self, connection: smtplib.SMTP) -> None:
        """Be of this connection, whatever socket it has when it is cut."""
        self._connection = connection
        if self.is_cut:
            self.cut()

    def cut(self) -> None:
        """End whatever the thread waits for."""
        self.is_cut = True
        held = self._connection.sock if self._connection is not None else None
        if held is not None:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


class Cuttable(smtplib.SMTP):
    """Held by its line from the first."""

    def __init__(self, line: Line, host: str, port: int, timeout_s: float) -> None:
        self._line = line
        super().__init__(host, port, timeout=timeout_s)

    def connect(
        self, host: str = "localhost", port: int = 0, source_address: Any = None
    ) -> tuple[int, bytes]:
        """Connect, and hear the greeting."""
        self._line.hold(self)
        return super().connect(host, port, source_address)

    def getreply(self) -> tuple[int, bytes]:
        """Hear the server, unless the line was cut meanwhile."""
        if self._line.is_cut:
            self.close()
            raise smtplib.SMTPServerDisconnected("cut")
        return super().getreply()


class CuttableTls(Cuttable, smtplib.SMTP_SSL):
    """The same over TLS from the first."""

    def __init__(self, line: Line, host: str, port: int, timeout_s: float, trust: ssl.SSLContext) -> None:
        self._line = line
        smtplib.SMTP_SSL.__init__(self, host, port, timeout=timeout_s, context=trust)
