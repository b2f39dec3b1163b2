"""A transcript as a file: TXT or PDF, redacted, recorded.

The one thing a newcomer would get wrong: the file is made after the transaction, so that typesetting holds no
connection. The event stands before it: an event without a file can be, a file without an event cannot.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.pdf import PdfTooLargeError
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.calls import store
from aidial_api.surfaces.calls.transcript_file import Document, Heading, as_text, document, text_bytes
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.limits import TRANSCRIPT_PDF, TRANSCRIPT_TXT
from aidial_contract.shapes.calls import Turn
from aidial_contract.shapes.downloads import READABLE_STATES, TRANSCRIPT_FORMATS

PIECE_BYTES: Final = 64 * 1024
_SIZES: Final = {"txt": TRANSCRIPT_TXT, "pdf": TRANSCRIPT_PDF}
_turns = msgspec.json.Decoder(list[Turn])


async def download_transcript(ask: Ask) -> Answer:
    """The file. 409 `state_conflict` for a transcript nobody can read, 413 `transcript_too_large`."""
    row: asyncpg.Record = ask.found
    kind: str = ask.query["format"]
    state: str = row["transcript_state"]
    if state not in READABLE_STATES:
        details = {"current_state": state, "allowed": list(READABLE_STATES)}
        raise Fault(errors.STATE_CONFLICT, details=details, reason="no transcript to download")
    text, _ = await store.read_turns(ask.tx, row["client_id"], str(row["call_id"]))
    turns = _turns.decode(text or "[]")
    size = text_bytes(turns)
    if size > ask.services.settings.numbers.size(_SIZES[kind]):
        raise _too_large(ask, size)
    if ask.method != "HEAD":
        await record(ask, _event(row, kind))
    media_type = TRANSCRIPT_FORMATS[kind]
    name = f"transcript-{row['call_id']}.{kind}"
    return Answer(
        stream=_file(ask, kind, _document(ask, row, turns), size),
        media_type=f"{media_type}; charset=utf-8" if kind == "txt" else media_type,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _too_large(ask: Ask, size: int) -> Fault:
    """413 with the formats that would still do."""
    numbers = ask.services.settings.numbers
    tried: str = ask.query["format"]
    others = [kind for kind, limit in _SIZES.items() if kind != tried and size <= numbers.size(limit)]
    details = {
        "limit_bytes": numbers.size(_SIZES[tried]),
        "text_bytes": size,
        "alternative_formats": others,
    }
    return Fault(errors.TRANSCRIPT_TOO_LARGE, details=details, reason=f"{size} bytes of text as {tried}")


def _document(ask: Ask, row: asyncpg.Record, turns: Sequence[Turn]) -> Document:
    project_id = str(row["project_id"])
    zone = next(one.timezone for one in ask.reach.projects if one.project_id == project_id)
    return document(
        Heading(
            call_id=str(row["call_id"]),
            started_at=row["started_at"],
            zone=zone,
            agent_name=row["agent_name"],
            state=row["transcript_state"],
        ),
        turns,
    )


def _event(row: asyncpg.Record, kind: str) -> Event:
    return Event(
        action="calls.transcript.downloaded",
        target_kind="call",
        target_id=str(row["call_id"]),
        client_id=row["client_id"],
        project_id=str(row["project_id"]),
        technical={"format": kind},
    )


async def _file(ask: Ask, kind: str, shown: Document, size: int) -> AsyncGenerator[bytes, None]:
    if kind == "txt":
        made = as_text(shown)
    else:
        try:
            made = await ask.services.pdf_makers.make(msgspec.json.encode(shown), ask.deadline)
        except PdfTooLargeError:
            raise _too_large(ask, size) from None
    for start in range(0, len(made), PIECE_BYTES):
        yield made[start : start + PIECE_BYTES]
