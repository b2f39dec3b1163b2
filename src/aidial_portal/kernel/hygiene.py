"""Step 1: what the server lets through and we do not. Host, URI, headers, body.

The one thing a newcomer would get wrong: uvicorn accepts two Host headers, none at all, and Content-Length
beside Transfer-Encoding. A refusal here closes the connection, because what follows on it is not known.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from aidial_contract import errors
from aidial_contract.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive

    from aidial_contract.errors import ErrorRow
    from aidial_contract.settings import Network

BODY_TIME_S: Final = 30.0
_LINE_EXTRA: Final = 4  # the colon, the space and the line end of each header
_MAX_DIGITS: Final = 15
_WITH_PORT: Final = re.compile(r"\[([0-9A-Fa-f:.%a-z]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")
_JOINED_BY_SEMICOLON: Final = "cookie"

RawHeaders = list[tuple[bytes, bytes]]


class Refused(Fault):
    """A request refused by hygiene: the connection is closed after the answer."""


def _refused(row: ErrorRow, reason: str) -> Refused:
    return Refused(row, reason=reason)


def plain_headers(raw: RawHeaders) -> dict[str, str]:
    """Headers by lower-case name; a repeated one is joined as HTTP says, cookies by semicolon."""
    found: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name in found:
            between = "; " if name == _JOINED_BY_SEMICOLON else ", "
            found[name] = f"{found[name]}{between}{value}"
        else:
            found[name] = value
    return found


@dataclass(frozen=True, slots=True)
class Head:
    """What a request's head may be: for which hosts, and how large."""

    hosts: frozenset[str]
    header_limit_bytes: int
    uri_limit_bytes: int


def check_head(raw: RawHeaders, headers: dict[str, str], uri_bytes: int, head: Head) -> None:
    """Refuse a wrong host (400), too long a URI (414), too many headers (431), unclear framing (400)."""
    size = hosts_sent = lengths_sent = 0
    for name, value in raw:
        size += len(name) + len(value) + _LINE_EXTRA
        if name == b"host":
            hosts_sent += 1
        elif name == b"content-length":
            lengths_sent += 1
    if hosts_sent != 1 or headers["host"].lower() not in head.hosts:
        raise _refused(errors.HOST_INVALID, f"{hosts_sent} Host headers, or one that is not ours")
    if uri_bytes > head.uri_limit_bytes:
        raise _refused(errors.URI_TOO_LONG, "URI")
    if size > head.header_limit_bytes:
        raise _refused(errors.HEADERS_TOO_LARGE, "header block")
    coding = headers.get("transfer-encoding")
    if coding is not None and (lengths_sent or coding.lower() != "chunked"):
        raise _refused(errors.MALFORMED_REQUEST, "transfer coding with a length, or not plainly chunked")
    if lengths_sent > 1:
        raise _refused(errors.MALFORMED_REQUEST, "two lengths")


def check_line(http_version: str, authority: str | None, headers: dict[str, str]) -> None:
    """HTTP/1.0 or 1.1, chunks in 1.1 only, no body under an upgrade (the parser reads none), one host."""
    if authority is not None and authority.lower() != headers.get("host", "").lower():
        raise _refused(errors.HOST_INVALID, "the request line names another host")
    if http_version not in {"1.0", "1.1"}:
        raise _refused(errors.MALFORMED_REQUEST, "another version of HTTP")
    if "transfer-encoding" in headers and (http_version == "1.0" or asks_for_upgrade(headers)):
        raise _refused(errors.MALFORMED_REQUEST, "chunks in HTTP/1.0 or under an upgrade")
    if asks_for_upgrade(headers) and headers.get("content-length", "0") != "0":
        raise _refused(errors.MALFORMED_REQUEST, "a body under an upgrade")


def asks_for_upgrade(headers: Mapping[str, str]) -> bool:
    """Whether the browser would like another protocol: ignored, and the parser reads nothing after it."""
    words = {word.strip().lower() for word in headers.get("connection", "").split(",")}
    return "upgrade" in headers and "upgrade" in words


async def read_body(headers: dict[str, str], receive: Receive, limit_bytes: int) -> bytes:
    """The whole body; 413 as soon as what is declared, or has arrived, is more than the row takes.

    Raises `ClientDisconnect` when the sender goes away.
    """
    declared = headers.get("content-length")
    if declared is None and "transfer-encoding" not in headers:
        return b""
    if declared is not None:
        if not (declared.isascii() and declared.isdigit()) or len(declared) > _MAX_DIGITS:
            raise _refused(errors.MALFORMED_REQUEST, "length is no number")
        if int(declared) > limit_bytes:
            raise _refused(errors.BODY_TOO_LARGE, "declared length")
        if int(declared) == 0:
            return b""
    try:
        async with asyncio.timeout(BODY_TIME_S):
            return await _counted(receive, limit_bytes)
    except TimeoutError:
        raise _refused(errors.MALFORMED_REQUEST, "the body did not arrive in time") from None


async def _counted(receive: Receive, limit_bytes: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise _refused(errors.BODY_TOO_LARGE, "counted length")
        if not message.get("more_body", False):
            return bytes(body)


@lru_cache(maxsize=4_096)
def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    ip = _plain(address)
    return ip is not None and any(ip in network for network in trusted)


@lru_cache(maxsize=4_096)
def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address without port, brackets or zone; IPv4 written as IPv6 is IPv4. None when it is none."""
    match = _WITH_PORT.fullmatch(text)
    try:
        ip = ipaddress.ip_address((match[1] or match[2] if match else text).partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


@lru_cache(maxsize=4_096)
def _said(peer: str) -> str:
    """A peer's address as every log and header says it."""
    own = _plain(peer)
    return peer if own is None else str(own)


def client_address(peer: str, forwarded_for: str | None, trusted: tuple[Network, ...]) -> str:
    """The client's address: the peer, or what trusted proxies say, read from the nearest one outwards."""
    address = _said(peer)
    if not forwarded_for:
        return address
    for word in reversed(forwarded_for.split(",")):
        if not _is_trusted(address, trusted):
            break
        candidate = _plain(word.strip())
        if candidate is None:
            break
        address = str(candidate)
    return address
