"""Step 1 of every request: what a well-formed HTTP request to this service looks like.

The one thing a newcomer would get wrong: the server accepts two Host headers, none, and Content-Length
with Transfer-Encoding; we do not, and close the connection on them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from starlette.types import Receive

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.headers import CLIENT_IP
from aidial_contract.networks import parse_address
from aidial_contract.settings import Network

BODY_TIME_S = 60.0
CLOSE = {"connection": "close"}
_PORT = re.compile(r":[0-9]{1,5}\Z")
RawHeaders = Iterable[tuple[bytes, bytes]]
_SINGLE = frozenset(
    {
        "host",
        "authorization",
        "x-api-key",
        "x-aidial-session",
        "content-length",
        "if-match",
        "idempotency-key",
    }
)


def read_headers(raw: RawHeaders, limit_bytes: int) -> tuple[dict[str, str], Fault | None]:
    """Headers by lower-case name, repeated ones joined by comma, and what is wrong with them.

    The fault is raised at step 1, after an unknown path was answered.
    """
    headers: dict[str, str] = {}
    fault: Fault | None = None
    size = 0
    for raw_name, raw_value in raw:
        size += len(raw_name) + len(raw_value) + 4
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name in headers:
            if name in _SINGLE:
                row = errors.HOST_INVALID if name == "host" else errors.MALFORMED_REQUEST
                fault = Fault(row, headers=CLOSE, reason=f"{name} given twice")
            value = f"{headers[name]},{value}"
        headers[name] = value
    if size > limit_bytes:
        fault = Fault(errors.HEADERS_TOO_LARGE, headers=CLOSE, reason="header block")
    return headers, fault


def check_framing(
    headers: Mapping[str, str], hosts: frozenset[str], uri_bytes: int, uri_limit_bytes: int
) -> None:
    """One known Host, one way of framing the body, a bearable URI."""
    if uri_bytes > uri_limit_bytes:
        raise Fault(errors.URI_TOO_LONG, headers=CLOSE, reason="uri")
    host = headers.get("host", "").lower()
    if host not in hosts and _PORT.sub("", host) not in hosts:
        raise Fault(errors.HOST_INVALID, headers=CLOSE, reason="unknown host")
    coding = headers.get("transfer-encoding")
    if coding is not None and ("content-length" in headers or coding.lower() != "chunked"):
        raise Fault(errors.MALFORMED_REQUEST, headers=CLOSE, reason="two framings, or not plainly chunked")


def check_line(http_version: str, authority: str | None, headers: Mapping[str, str]) -> None:
    """HTTP/1.0 or 1.1, chunks in 1.1 only, no body under an upgrade (the parser reads none), one host."""
    if authority is not None and authority.lower() != headers.get("host", "").lower():
        raise Fault(errors.HOST_INVALID, headers=CLOSE, reason="the request line names another host")
    if http_version not in {"1.0", "1.1"}:
        raise Fault(errors.MALFORMED_REQUEST, headers=CLOSE, reason="another version of HTTP")
    if "transfer-encoding" in headers and (http_version == "1.0" or asks_for_upgrade(headers)):
        raise Fault(errors.MALFORMED_REQUEST, headers=CLOSE, reason="chunks in HTTP/1.0 or under an upgrade")
    if asks_for_upgrade(headers) and headers.get("content-length", "0") != "0":
        raise Fault(errors.MALFORMED_REQUEST, headers=CLOSE, reason="a body under an upgrade")


def asks_for_upgrade(headers: Mapping[str, str]) -> bool:
    """Whether the caller would like another protocol: ignored, and the parser reads nothing after it."""
    if "upgrade" not in headers:
        return False
    return "upgrade" in {word.strip().lower() for word in headers.get("connection", "").split(",")}


def client_ip(peer: str, headers: Mapping[str, str], trusted: Iterable[Network]) -> str:
    """The caller's address: the portal's word for it only from a trusted proxy; IPv4 in its own form."""
    told = headers.get(CLIENT_IP)
    if not told:
        return _in_own_form(peer)
    address = parse_address(peer)
    is_trusted = address is not None and any(address in network for network in trusted)
    return _in_own_form(told if is_trusted and parse_address(told) is not None else peer)


@lru_cache(maxsize=1_024)
def _in_own_form(text: str) -> str:
    address = parse_address(text)
    return text if address is None else str(address)


def declared_length(
    headers: Mapping[str, str],
    limit_bytes: int,
    too_large: errors.ErrorRow = errors.BODY_TOO_LARGE,
    around_bytes: int = 0,
) -> None:
    """413 when the body says of itself that it is too large, with what may stand around what is limited."""
    text = headers.get("content-length")
    if text is None:
        return
    if not text.isascii() or not text.isdigit():
        raise Fault(errors.MALFORMED_REQUEST, headers=CLOSE, reason="content-length")
    if len(text) > 12 or int(text) > limit_bytes + around_bytes:  # noqa: PLR2004 - more digits than any limit has
        raise Fault(
            too_large,
            details={"limit_bytes": limit_bytes},
            headers=CLOSE,
            reason="declared size",
        )


async def read_body(receive: Receive, limit_bytes: int) -> bytes:
    """The whole body, counted; 413 as soon as it grows past the limit, 400 when it does not come in time."""
    try:
        async with asyncio.timeout(BODY_TIME_S):
            return await _counted(receive, limit_bytes)
    except TimeoutError:
        raise Fault(errors.MALFORMED_REQUEST, headers=CLOSE, reason="the body did not come in time") from None


async def _counted(receive: Receive, limit_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the caller went away")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit_bytes:
            raise Fault(
                errors.BODY_TOO_LARGE,
                details={"limit_bytes": limit_bytes},
                headers=CLOSE,
                reason="counted size",
            )
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
