"""A body that is sent while it is made: at the reader's pace, in bounded memory, never ended early.

The one thing a newcomer would get wrong: there is no error after the first byte. What goes wrong then ends
the connection without the last chunk, so that no reader takes a part for the whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Final

import structlog

from aidial_contract.fault import Fault

if TYPE_CHECKING:
    from starlette.types import Receive, Send

    from aidial_api.kernel.ask import Ask

Pieces = AsyncGenerator[bytes, None]

SLOWEST_READER_S: Final = 60.0
"""How long a reader may take nothing at all before the connection is given up."""
_log = structlog.get_logger("aidial_api")


async def first_piece(pieces: Pieces) -> bytes:
    """The piece before which nothing is sent, so that whatever it raises becomes an answer."""
    try:
        return await anext(pieces, b"")
    except BaseException:
        await pieces.aclose()
        raise


async def send_pieces(ask: Ask, first: bytes, rest: Pieces, send: Send) -> str:
    """Send every piece and the end; or give back why not ("" when whole), and leave the end away."""
    leaving = asyncio.create_task(_left(ask.receive))
    try:
        async with aclosing(rest):
            await _taken(first, send)
            while (piece := await _next(rest, leaving)) is not None:
                await _taken(piece, send)
            if leaving.done():
                return "broken off: the reader left"
        await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        return "broken off: the reader takes nothing"
    except Fault as fault:
        return f"broken off: {fault.row.code}: {fault.reason}"
    except Exception as error:  # noqa: BLE001 - half an answer is sent: nothing else can be said of it
        _log.exception("stream.failed", request_id=ask.request_id)
        return f"broken off: {type(error).__name__}"
    finally:
        leaving.cancel()
    return ""


async def _next(rest: Pieces, leaving: asyncio.Task[None]) -> bytes | None:
    """The next piece; None at the end, or at once when the reader leaves while it is waited for."""
    making = asyncio.ensure_future(anext(rest, None))
    try:
        await asyncio.wait({making, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return making.result() if making.done() and not leaving.done() else None
    finally:
        making.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait({making})


async def _taken(piece: bytes, send: Send) -> None:
    async with asyncio.timeout(SLOWEST_READER_S):
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _left(receive: Receive) -> None:
    """Return when the reader has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
