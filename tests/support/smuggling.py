"""Requests that two servers in a row might read differently, and what must become of each.

The one thing a newcomer would get wrong: what counts is the connection. Behind every attack stands one more
request: refused means it is never answered, framed means it is answered once, after the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What becomes of an attack and of the request behind it."""

    REFUSED = "400, and the connection is closed"
    FRAMED = "an answer to each, in order"
    ALONE = "an answer to the first, and the connection is closed"


@dataclass(frozen=True, slots=True)
class Place:
    """A server: where a POST without credentials is 401, and where a GET is 200."""

    port: int
    host: str
    post: str
    get: str

    @property
    def behind(self) -> bytes:
        """The request behind the attack, the connection's last."""
        return f"GET {self.get} HTTP/1.1\r\nhost: {self.host}\r\nconnection: close\r\n\r\n".encode()


Make = Callable[[Place], bytes]


def posted(*lines: str, body: str = "") -> Make:
    """A POST with header lines as given."""
    return lambda place: (
        _lined(f"POST {place.post} HTTP/1.1", f"host: {place.host}", *lines) + body.encode("latin-1")
    )


def chunked(body: str) -> Make:
    """A POST in chunks as given."""
    return posted("transfer-encoding: chunked", body=body)


def got(*lines: str) -> Make:
    """A GET with header lines as given."""
    return lambda place: _lined(f"GET {place.get} HTTP/1.1", f"host: {place.host}", *lines)


def started(text: str, *lines: str) -> Make:
    """A request whose first line is `text`; `PATH` is what answers 200, `HOST` the server's name."""
    return lambda place: _lined(
        text.replace("PATH", place.get).replace("HOST", place.host), f"host: {place.host}", *lines
    )


def raw(text: str) -> Make:
    """Bytes as given; `PATH` and `HOST` are the server's."""
    return lambda place: text.replace("PATH", place.get).replace("HOST", place.host).encode("latin-1")


def _lined(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


NOTHING = "0\r\n\r\n"
LENGTHS = (
    "3 ",
    "3, 3",
    "+3",
    "-3",
    "3 3",
    "0x3",
    "3.0",
    "",
    "18446744073709551616",
    "9" * 40,
    "abc",
    "\u00b3",
)
CODINGS = (
    *("xchunked", "x, chunked", "chunked, x", "chunked,", "chunked;q=1", '"chunked"', "chunked, chunked"),
    *("\x0bchunked", "", "chunked\x00", "identity", "gzip, chunked", "chunke", "chunkedchunked"),
)
SIZES = ("0x3", "+3", "-3", " 3", "3 ", "ffffffffffffffff1", "10000000000000003", "", "g", "3\x00", "\t3")

REFUSED: dict[str, Make] = {
    "length, then chunks": posted("content-length: 6", "transfer-encoding: chunked", body=NOTHING + "G"),
    "chunks, then length": posted("transfer-encoding: chunked", "content-length: 4", body="5c\r\n" + NOTHING),
    **{f"coding {one!r}": posted(f"transfer-encoding: {one}", body=NOTHING) for one in CODINGS},
    "coding before a space": posted("transfer-encoding : chunked", body=NOTHING),
    "coding after a space": posted(" transfer-encoding: chunked", body=NOTHING),
    "coding over two lines": posted("transfer-encoding", ": chunked", body=NOTHING),
    "coding folded": posted("transfer-encoding:", " chunked", body=NOTHING),
    "two codings": posted("transfer-encoding: chunked", "transfer-encoding: x", body=NOTHING),
    "two codings, the good one last": posted(
        "transfer-encoding: x", "transfer-encoding: chunked", body=NOTHING
    ),
    "the same coding twice": posted("transfer-encoding: chunked", "transfer-encoding: chunked", body=NOTHING),
    "chunks in HTTP/1.0": lambda place: posted("transfer-encoding: chunked", body=NOTHING)(place).replace(
        b"HTTP/1.1", b"HTTP/1.0", 1
    ),
    "two lengths": posted("content-length: 3", "content-length: 0", body="abc"),
    "one length twice": posted("content-length: 3", "content-length: 3", body="abc"),
    **{f"length {one!r}": posted(f"content-length: {one}", body="abc") for one in LENGTHS},
    **{f"chunk of {one!r}": chunked(f"{one}\r\nabc\r\n{NOTHING}") for one in SIZES},
    "a chunk's line ended by LF": chunked(f"3\nabc\r\n{NOTHING}"),
    "a chunk's line ended by CR": chunked(f"3\rabc\r\n{NOTHING}"),
    "a chunk's data ended by LF": chunked(f"3\r\nabc\n{NOTHING}"),
    "a chunk's data not ended": chunked(f"3\r\nabc{NOTHING}"),
    "a chunk longer than it says": chunked(f"3\r\nabcxx\r\n{NOTHING}"),
    "a chunk extension with LF": chunked(f"3;a=\nb\r\nabc\r\n{NOTHING}"),
    "a length in the trailer": chunked("0\r\ncontent-length: 9\r\n\r\n"),
    "lines ended by LF": raw("GET PATH HTTP/1.1\nhost: HOST\n\n"),
    "one line ended by LF": raw("GET PATH HTTP/1.1\r\nhost: HOST\nx: y\r\n\r\n"),
    "the head ended by LF": raw("GET PATH HTTP/1.1\r\nhost: HOST\r\n\n"),
    "a line ended by CR": raw("GET PATH HTTP/1.1\r\nhost: HOST\rx: y\r\n\r\n"),
    "a folded header": got("x-a: b", " c"),
    "a header folded by tab": got("x-a: b", "\tc"),
    "a folded first header": raw("GET PATH HTTP/1.1\r\n host: HOST\r\n\r\n"),
    "NUL in a value": got("x-a: b\x00c"),
    "NUL in a name": got("x\x00a: b"),
    "NUL in the path": started("GET PATH\x00 HTTP/1.1"),
    "a control character in a value": got("x-a: b\x01c"),
    "a space in a name": got("x a: b"),
    "no colon": got("nocolon"),
    "no name": got(": b"),
    "a space before the colon": got("x-a : b"),
    "HTTP/0.9": raw("GET PATH\r\n\r\n"),
    "HTTP/0.9 by name": started("GET PATH HTTP/0.9"),
    "HTTP/1.2": started("GET PATH HTTP/1.2"),
    "HTTP/1.10": started("GET PATH HTTP/1.10"),
    "HTTP/2.0 by name": started("GET PATH HTTP/2.0"),
    "HTTP/2's preface": raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    "http in small letters": started("GET PATH http/1.1"),
    "a method in small letters": started("get PATH HTTP/1.1"),
    "a method nobody knows": started("GETX PATH HTTP/1.1"),
    "CONNECT": started("CONNECT HOST:80 HTTP/1.1"),
    "a tab for a space": started("GET\tPATH HTTP/1.1"),
    "a space in the path": started("GET PATH x HTTP/1.1"),
    "a letter above ASCII in the path": started("GET PATH\u00e9 HTTP/1.1"),
    "a path without a slash": started("GET path HTTP/1.1"),
    "no path": started("GET HTTP/1.1"),
    "a body under an upgrade": posted("connection: upgrade", "upgrade: x", "content-length: 3", body="abc"),
    "chunks under an upgrade": posted(
        "connection: upgrade", "upgrade: h2c", "transfer-encoding: chunked", body=NOTHING
    ),
    "another host in the request line": started("GET http://evil.examplePATH HTTP/1.1"),
    "somebody at the host in the request line": started("GET http://user@HOSTPATH HTTP/1.1"),
    "another port in the request line": started("GET http://HOST:1PATH HTTP/1.1"),
    "TLS": raw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
}
FRAMED: dict[str, Make] = {
    "the plainest": got(),
    "a body": posted("content-length: 3", body="abc"),
    "a request in the body": posted("content-length: 24", body="GET / HTTP/1.1\r\nhost: x\r\n"),
    "chunks": chunked(f"3\r\nabc\r\n{NOTHING}"),
    "a request in a chunk": chunked(f"19\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n{NOTHING}"),
    "chunks with extensions": chunked(f'3;a=b;c="d"\r\nabc\r\n{NOTHING}'),
    "an empty chunk of two noughts": chunked("00\r\n\r\n"),
    "a trailer": chunked("0\r\nx-checksum: abc\r\n\r\n"),
    "a host in the trailer": chunked("0\r\nhost: evil.example\r\n\r\n"),
    "a credential in the trailer": chunked("0\r\nx-api-key: adk_x\r\nauthorization: Basic eDp5\r\n\r\n"),
    "the host in the request line too": started("GET http://HOSTPATH HTTP/1.1"),
    "a coding in capitals": posted("transfer-encoding: CHUNKED", body=NOTHING),
    "a coding after a tab": posted("transfer-encoding:\tchunked", body=NOTHING),
    "a length with a nought before": posted("content-length: 03", body="abc"),
    "a letter above ASCII in a value": got("x-a: b\u00e9c"),
    "empty lines before": raw("\r\n\r\nGET PATH HTTP/1.1\r\nhost: HOST\r\n\r\n"),
}
ALONE: dict[str, Make] = {
    "HTTP/1.0": started("GET PATH HTTP/1.0"),
    "a length with an underscore": posted("content_length: 3", body="abc"),
    "the last by its own word": got("connection: close"),
    "something broken behind it": raw("GET PATH HTTP/1.1\r\nhost: HOST\r\n\r\nBROKEN\r\n\r\n"),
    "a broken chunk behind it": lambda place: got()(place) + chunked("g\r\n")(place),
    "an upgrade to HTTP/2": got(
        "connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQAAP__"
    ),
    "an upgrade to a websocket": got("connection: Upgrade", "upgrade: websocket"),
}
CASES = {
    f"{name} ({outcome.name.lower()})": (make, outcome)
    for outcome, table in (
        (Outcome.REFUSED, REFUSED),
        (Outcome.FRAMED, FRAMED),
        (Outcome.ALONE, ALONE),
    )
    for name, make in table.items()
}


async def statuses(place: Place, sent: bytes) -> list[int]:
    """Send bytes and read answers until the server closes the connection; their statuses."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    try:
        writer.write(sent)
        async with asyncio.timeout(5):
            return await _read(reader)
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> list[int]:
    found: list[int] = []
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return found
        first, *lines = head.decode("latin-1").split("\r\n")
        found.append(int(first.split()[1]))
        lengths = [line.split(":")[1] for line in lines if line.lower().startswith("content-length:")]
        await reader.readexactly(int(lengths[0]) if lengths else 0)


def expected(outcome: Outcome, found: list[int]) -> bool:
    """Whether these statuses are what the outcome says."""
    if outcome is Outcome.REFUSED:
        return found == [400]
    if outcome is Outcome.ALONE:
        return found in ([200], [401])
    return len(found) == 2 and found[0] in {200, 401} and found[1] == 200
