"""E-mail by SMTP, with the standard library in a thread.

The one thing a newcomer would get wrong: a socket's time-out counts for one step, and a server may take many.
So the whole exchange has a time as well, after which its socket is cut under the thread.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final, Literal

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.outgoing.line import Cuttable, CuttableTls, Line
from aidial_api.kernel.outgoing.port import Message, NotSent
from aidial_contract.addresses import is_address

if TYPE_CHECKING:
    from collections.abc import Iterator

Security = Literal["starttls", "tls", "none"]
AT_ONCE: Final = 4
STEPS: Final = 4
"""How many times a step's time-out a whole exchange may take."""
USUAL_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
LONGEST_TIMEOUT_MS: Final = 60_000
"""Of a step: a whole exchange of that length ends within a delivery's lease."""
GOODBYE_S: Final = 0.5
"""How long a server that has the message is given to say goodbye."""
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
        line = Line()
        sending = asyncio.get_running_loop().run_in_executor(
            self._threads, self._exchange, line, written, message.to
        )
        try:
            async with asyncio.timeout(self._settings.timeout_s * STEPS):
                await asyncio.shield(sending)
        except TimeoutError:
            if not line.is_taken:
                raise NotSent("too_slow", is_away=True) from None
        finally:
            if not sending.done():
                line.cut()

    def _exchange(self, line: Line, written: EmailMessage, to: str) -> None:
        connection = self._connected(line)
        try:
            with _troubles(), _refusals():
                connection.send_message(written, self._settings.sender, [to])
            line.is_taken = True
            # It has left: a server that says goodbye badly, or not at all, must not have it sent again.
            with suppress(smtplib.SMTPException, OSError, ValueError):
                if connection.sock is not None:
                    connection.sock.settimeout(min(GOODBYE_S, self._settings.timeout_s))
                connection.quit()
        finally:
            with suppress(OSError):
                connection.close()

    def _connected(self, line: Line) -> smtplib.SMTP:
        """A connection that may send. What fails here an operator can put right, so nothing is final."""
        known = self._settings
        with _troubles():
            connection = self._opened(line)
            try:
                if known.security == "starttls":
                    _start_tls(connection, self._trust)
                    line.hold(connection)
                if known.username is not None:
                    _sign_in(connection, known.username, known.password or "")
            except BaseException:
                connection.close()
                raise
        return connection

    def _opened(self, line: Line) -> smtplib.SMTP:
        known = self._settings
        if known.security == "tls":
            return CuttableTls(line, known.host, known.port, known.timeout_s, self._trust)
        return Cuttable(line, known.host, known.port, known.timeout_s)

    def _written(self, message: Message) -> EmailMessage:
        """The letter, its head flattened once and read again: it holds the headers of ours and no other."""
        if not is_address(message.to):
            raise NotSent("bad_address", for_good=True)
        try:
            written = self._composed(message)
            policy = SMTP if message.to.isascii() else SMTPUTF8
            head = BytesHeaderParser(policy=policy).parsebytes(written.as_bytes(policy=policy))
            texts = [str(value) for value in (*written.values(), *head.values())]
            is_ours = head.keys() == written.keys() and not any("\r" in one or "\n" in one for one in texts)
        except Exception:  # noqa: BLE001 - the library raises anything; it would raise it each time
            raise NotSent("not_writable", for_good=True) from None
        if not is_ours:
            raise NotSent("not_writable", for_good=True)
        return written

    def _composed(self, message: Message) -> EmailMessage:
        written = EmailMessage()
        written["From"] = _with_name(self._settings)
        written["To"] = message.to
        written["Subject"] = _unencoded(" ".join(message.subject.split()))
        written["Date"] = format_datetime(utc_now())
        domain = self._settings.sender.rpartition("@")[2]
        written["Message-ID"] = f"<{message.message_id}@{domain}>"
        written["Auto-Submitted"] = "auto-generated"
        written.set_content(message.text)
        for file in message.attachments:
            main, _, sub = file.media_type.partition("/")
            written.add_attachment(file.content, maintype=main, subtype=sub, filename=_unencoded(file.name))
        return written


def _unencoded(text: str) -> str:
    """Nothing that the library, or who reads the mail, would decode: a decoded word may hold line breaks."""
    return re.sub(r"=(?=\?)", "= ", text)


def _start_tls(connection: smtplib.SMTP, trust: ssl.SSLContext) -> None:
    try:
        connection.starttls(context=trust)
    except smtplib.SMTPNotSupportedError:
        raise NotSent("starttls_not_offered") from None


def _sign_in(connection: smtplib.SMTP, username: str, password: str) -> None:
    try:
        connection.login(username, password)
    except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected):
        raise
    except smtplib.SMTPException:
        # It takes no sign-in, or none of a sort we know.
        raise NotSent("sign_in_not_offered") from None


@contextmanager
def _troubles() -> Iterator[None]:
    """Say in a word why a server could not be used now."""
    try:
        yield
    except smtplib.SMTPResponseException as said:
        # A wrong password is ours to put right: it is worth another try.
        is_ours = isinstance(said, (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError))
        reason = "sign_in_refused" if is_ours else "refused"
        raise NotSent(f"{reason}_{said.smtp_code}") from None
    except ssl.SSLError:
        raise NotSent("no_trust") from None
    except (smtplib.SMTPException, OSError, ValueError) as problem:
        raise NotSent(f"unreachable_{type(problem).__name__}", is_away=True) from None


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in a word why a server did not take a message, and whether that is its last word."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as refused:
        code = next((code for code, _ in refused.recipients.values()), 0)
        raise NotSent(f"recipient_refused_{code}", for_good=code in _PERMANENT) from None
    except smtplib.SMTPNotSupportedError:
        raise NotSent("not_supported", for_good=True) from None
    except smtplib.SMTPDataError as said:
        raise NotSent(f"refused_{said.smtp_code}", for_good=said.smtp_code in _PERMANENT) from None


def _with_name(settings: SmtpSettings) -> str:
    return f'"{settings.sender_name}" <{settings.sender}>' if settings.sender_name else settings.sender
