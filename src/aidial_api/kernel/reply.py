"""From an answer or a fault to bytes on the wire: status, headers, body, HEAD and 304.

The one thing a newcomer would get wrong: no other code path writes an error body.
"""

from __future__ import annotations

import msgspec
from starlette.types import Scope, Send

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.limits import rate_headers
from aidial_api.kernel.preconditions import unchanged
from aidial_api.kernel.route import Answer
from aidial_api.kernel.streaming import Pieces, first_piece, send_pieces
from aidial_contract.envelopes import Envelope, fault_headers, render
from aidial_contract.fault import Fault
from aidial_contract.headers import JSON_SECURITY, REQUEST_ID

_encoder = msgspec.json.Encoder()
_SECURITY = tuple((name.encode(), value.encode()) for name, value in JSON_SECURITY.items())
NOT_MODIFIED = 304
UNAUTHORISED = 401
CHALLENGE = 'Bearer realm="aidial", charset="UTF-8"'


async def send_answer(ask: Ask, answer: Answer, send: Send) -> int:
    """Send a success; gives back the status sent. Raises only while nothing has been sent."""
    if answer.stream is not None:
        return await _send_stream(ask, answer, answer.stream, send)
    body = answer.body
    payload = b"" if body is None else body if isinstance(body, bytes) else _encoder.encode(body)
    status = answer.status
    headers = dict(answer.headers)
    tag = headers.get("etag")
    if tag and status == 200 and unchanged(ask.headers.get("if-none-match"), tag):  # noqa: PLR2004 - HTTP
        status, payload = NOT_MODIFIED, b""
    if payload:
        headers.setdefault("content-type", answer.media_type)
    headers.setdefault("cache-control", "no-store")
    await _send(ask, status, headers, payload, send)
    return status


async def _send_stream(ask: Ask, answer: Answer, stream: Pieces, send: Send) -> int:
    headers = {"content-type": answer.media_type, "cache-control": "no-store", **answer.headers}
    if ask.method == "HEAD":
        await stream.aclose()
        await _start(ask, answer.status, headers, send)
        await send({"type": "http.response.body", "body": b""})
        return answer.status
    first = await first_piece(stream)
    await _start(ask, answer.status, headers, send)
    ask.broken_off = await send_pieces(ask, first, stream, send)
    return answer.status


async def send_fault(ask: Ask, fault: Fault, send: Send) -> int:
    """Send an error in the `transport` envelope; gives back the status sent."""
    payload = _encoder.encode(render(Envelope.TRANSPORT, fault, ask.request_id))
    headers = {"content-type": "application/json", **fault_headers(fault)}
    if fault.row.status == UNAUTHORISED:
        headers["www-authenticate"] = CHALLENGE
    await _send(ask, fault.row.status, headers, payload, send)
    return fault.row.status


def written(_: Scope, fault: Fault, request_id: str) -> tuple[bytes, bytes]:
    """Content type and body of a fault outside any request that could be read: the last resort's."""
    return b"application/json", _encoder.encode(render(Envelope.TRANSPORT, fault, request_id))


async def _send(ask: Ask, status: int, headers: dict[str, str], payload: bytes, send: Send) -> None:
    if status not in {204, NOT_MODIFIED}:
        headers = {**headers, "content-length": str(len(payload))}
    await _start(ask, status, headers, send)
    await send({"type": "http.response.body", "body": b"" if ask.method == "HEAD" else payload})


async def _start(ask: Ask, status: int, headers: dict[str, str], send: Send) -> None:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    raw.append((REQUEST_ID.encode(), ask.request_id.encode()))
    if ask.standings:
        raw += rate_headers(ask.standings)
    if "content-security-policy" not in headers:
        raw += _SECURITY
    await send({"type": "http.response.start", "status": status, "headers": raw})
