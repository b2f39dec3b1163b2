"""A mail server of the tests' own: a thread, a port, and everything it was handed.

The one thing a newcomer would get wrong: what it answers is said before, by command (`answers["RCPT"] =
"550 no"`); a server that says nothing (`is_silent`) takes the connection and never speaks, and one that
`hangs_at` a command takes it and speaks no more.
"""

from __future__ import annotations

import base64
import datetime as dt
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIMIT_S = 60
_CONTINUE = "334 VXNlcm5hbWU6"


@dataclass(slots=True)
class Mailbox:
    """What a server was told, and how it answers."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: dict[str, list[str]] = field(default_factory=dict)
    """Whom a letter was for, as the envelope said, by its Message-ID."""
    commands: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    is_silent: bool = False
    speaks_tls: bool = False
    connections: int = 0
    hangs_at: set[str] = field(default_factory=set)
    end: threading.Event = field(default_factory=threading.Event)


class _Conversation(socketserver.StreamRequestHandler):
    timeout = LIMIT_S
    mailbox: Mailbox
    told: list[str]
    trust: ssl.SSLContext | None = None

    def handle(self) -> None:
        self.mailbox.connections += 1
        if self.mailbox.is_silent:
            self.mailbox.end.wait(LIMIT_S)
            return
        if self.mailbox.speaks_tls and (self.trust is None or not self._secured(self.trust)):
            return
        self._say("220 mail.example ready")
        while line := self.rfile.readline():
            command = line.decode().strip()
            verb = command.split(" ")[0].upper()
            self.mailbox.commands.append(verb)
            if verb in self.mailbox.hangs_at:
                self.mailbox.end.wait(LIMIT_S)
                return
            if verb == "STARTTLS" and self.trust is not None:
                self._say("220 go ahead")
                if not self._secured(self.trust):
                    return
                continue
            self._say(self._answer(verb, command))
            if verb == "QUIT":
                return

    def _secured(self, trust: ssl.SSLContext) -> bool:
        """Go on over TLS; False when the other side does not trust us."""
        try:
            self.request = trust.wrap_socket(self.request, server_side=True)
        except OSError:
            self.request.close()
            return False
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", buffering=0)
        return True

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _answer(self, verb: str, command: str) -> str:
        told = self.mailbox.answers.get(verb)
        if told is not None:
            return told
        if verb == "EHLO":
            secured = isinstance(self.request, ssl.SSLSocket)
            extras = "250-AUTH PLAIN\r\n" if secured else "250-STARTTLS\r\n" if self.trust else ""
            return f"250-mail.example\r\n{extras}250 8BITMIME"
        if verb == "AUTH":
            given = base64.b64decode(command.split(" ")[2])
            return "235 welcome" if given == b"\0aidial\0open sesame" else "535 no"
        if verb == "MAIL":
            self.told = []
        if verb == "RCPT":
            self.told.append(command.partition("<")[2].partition(">")[0])
        if verb == "DATA":
            self._say("354 go on")
            lines = []
            while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            letter = message_from_bytes(b"".join(lines), policy=policy.SMTP)
            assert isinstance(letter, EmailMessage)
            self.mailbox.letters.append(letter)
            self.mailbox.recipients[str(letter["Message-ID"])] = self.told
            return self.mailbox.answers.get("MESSAGE", "250 taken")
        return "221 bye" if verb == "QUIT" else "250 fine"

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server(*, trust: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """A server on a port of this machine; with `trust` it offers STARTTLS, and a password behind it."""
    mailbox = Mailbox()
    handler = type("Conversation", (_Conversation,), {"mailbox": mailbox, "trust": trust})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        mailbox.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield mailbox
        finally:
            mailbox.end.set()
            server.shutdown()
            thread.join(LIMIT_S)


def certificate(folder: Path, host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server that calls itself `host`, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    held = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    held.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(held)
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client
