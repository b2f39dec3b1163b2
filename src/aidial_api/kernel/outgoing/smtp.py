"""E-mail by SMTP, with the standard library in a thread.

The one thing a newcomer would get wrong: a socket's time-out counts for one step, and a server may take many.
So the whole exchange has a time as well, after which its socket is cut under the thread.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.outgoing.port import Message, NotSent

Security = Literal["starttls", "tls", "none"]
AT_ONCE: Final = 4
STEPS: Final = 4
"""How many times a step's time-out a whole exchange may take."""
USUAL_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_PERMANENT: Final = range(500, 600)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where mail goes, and as whom. `sender` is an address; `sender_name` stands before it."""

    host: str
    port: int
    security: Security
    sender: str
    sender_name: str
    username: str | None
    password: str | None = field(repr=False)
    timeout_s: float


class _Line:
    """One connection, which somebody else may cut."""

    def __init__(self) -> None:
        self._connection: smtplib.SMTP | None = None
        self._is_cut = False

    def hold(self, connection: smtplib.SMTP) -> None:
        self._connection = connection
        if self._is_cut:
            self.cut()

    def cut(self) -> None:
        """End whatever the thread waits for."""
        self._is_cut = True
        held = self._connection.sock if self._connection is not None else None
        if held is not None:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


class SmtpCourier:
    """Sends each message on a connection of its own."""

    name = "smtp"
    keeps_text = False

    def __init__(self, settings: SmtpSettings, *, trust: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._trust = trust or ssl.create_default_context()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="smtp")

    async def send(self, message: Message) -> None:
        """Hand the message to the server, which says that it took it; `NotSent` otherwise."""
        written = self._written(message)
        line = _Line()
        sending = asyncio.get_running_loop().run_in_executor(
            self._threads, self._exchange, line, written, message.to
        )
        try:
            async with asyncio.timeout(self._settings.timeout_s * STEPS):
                await asyncio.shield(sending)
        except TimeoutError:
            raise NotSent("too_slow") from None
        finally:
            if not sending.done():
                line.cut()

    def _exchange(self, line: _Line, written: EmailMessage, to: str) -> None:
        try:
            with self._connected(line) as connection:
                connection.send_message(written, self._settings.sender, [to])
        except smtplib.SMTPRecipientsRefused as refused:
            code = next((code for code, _ in refused.recipients.values()), 0)
            raise NotSent(f"recipient_refused_{code}", for_good=code in _PERMANENT) from None
        except smtplib.SMTPNotSupportedError:
            raise NotSent("not_supported", for_good=True) from None
        except smtplib.SMTPResponseException as said:
            # A wrong password is ours to put right: it is worth another try.
            is_ours = isinstance(said, (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError))
            is_final = isinstance(said, smtplib.SMTPDataError) and said.smtp_code in _PERMANENT
            reason = "sign_in_refused" if is_ours else "refused"
            raise NotSent(f"{reason}_{said.smtp_code}", for_good=is_final) from None
        except ssl.SSLError:
            raise NotSent("no_trust") from None
        except (smtplib.SMTPException, OSError, ValueError) as problem:
            raise NotSent(f"unreachable_{type(problem).__name__}") from None

    def _connected(self, line: _Line) -> smtplib.SMTP:
        known = self._settings
        connection: smtplib.SMTP
        if known.security == "tls":
            connection = smtplib.SMTP_SSL(
                known.host, known.port, timeout=known.timeout_s, context=self._trust
            )
        else:
            connection = smtplib.SMTP(known.host, known.port, timeout=known.timeout_s)
        line.hold(connection)
        try:
            if known.security == "starttls":
                connection.starttls(context=self._trust)
                line.hold(connection)
            if known.username is not None:
                connection.login(known.username, known.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _written(self, message: Message) -> EmailMessage:
        """Headers of ours; a name with a line break in it is one line."""
        written = EmailMessage()
        written["From"] = _with_name(self._settings)
        written["To"] = message.to
        written["Subject"] = " ".join(message.subject.split())
        written["Date"] = format_datetime(utc_now())
        domain = self._settings.sender.rpartition("@")[2]
        written["Message-ID"] = f"<{message.message_id}@{domain}>"
        written["Auto-Submitted"] = "auto-generated"
        written.set_content(message.text)
        for file in message.attachments:
            main, _, sub = file.media_type.partition("/")
            written.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
        return written


def _with_name(settings: SmtpSettings) -> str:
    return f'"{settings.sender_name}" <{settings.sender}>' if settings.sender_name else settings.sender
