"""Calls as files: the CSV of an export, and a transcript as TXT or PDF.

The one thing a newcomer would get wrong: what is in a file was decided by the API for this person. The portal
passes it on, under a type and a name of its own.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from aidial_contract.ids import parse_uuid
from aidial_contract.limits import MIB
from aidial_contract.shapes.downloads import CSV, TRANSCRIPT_FORMATS
from aidial_portal.kernel import steps
from aidial_portal.kernel.pages import chosen_project, zone_of
from aidial_portal.kernel.streaming import StreamedFile, Wanted

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

EXPORT: Final = Wanted(CSV, 512 * MIB)
TRANSCRIPTS: Final = {name: Wanted(media, 64 * MIB) for name, media in TRANSCRIPT_FORMATS.items()}
_UNSAFE: Final = re.compile(r"[^a-z0-9]+")


async def export(request: PortalRequest) -> Response:
    """`GET /api/calls/export`: the same query as `/v1/calls/export`."""
    stream = await request.api.stream(
        "/v1/calls/export", EXPORT, query=request.query, method=request.method, records=True
    )
    return StreamedFile(request, stream, f"{CSV}; charset=utf-8", export_name(request))


async def transcript(request: PortalRequest) -> Response:
    """`GET /api/calls/{call_id}/transcript?format=txt|pdf`; TXT unless said."""
    call_id = parse_uuid(request.path_values["call_id"])
    if call_id is None:
        await steps.deny(request, "no call id")
    kind = request.query.get("format", "txt")
    path = f"/v1/calls/{call_id}/transcript/download"
    wanted = TRANSCRIPTS[kind]
    stream = await request.api.stream(
        path, wanted, query={"format": kind}, method=request.method, records=True
    )
    media_type = f"{wanted.media_type}; charset=utf-8" if kind == "txt" else wanted.media_type
    return StreamedFile(request, stream, media_type, f"transcript-{call_id}.{kind}")


def export_name(request: PortalRequest) -> str:
    """`calls-front-desk-2026-11-25.csv`, whatever the project is called."""
    project = chosen_project(request)
    words = _UNSAFE.sub("-", project.display_name.lower() if project is not None else "").strip("-")[:40]
    today = datetime.now(UTC).astimezone(ZoneInfo(zone_of(request))).date()
    return "-".join(filter(None, ("calls", words.strip("-"), today.isoformat()))) + ".csv"
