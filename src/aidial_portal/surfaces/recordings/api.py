"""Recordings for the portal's own player.

The one thing a newcomer would get wrong: the portal keeps nothing of an address. The API knows which session
it was given to, and is asked again with every range.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import parse_uuid
from aidial_contract.limits import RECORDING
from aidial_contract.shapes.recordings import MEDIA_TYPES, Recording, RecordingAddress
from aidial_contract.transport import violation
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.api import with_query
from aidial_portal.kernel.streaming import StreamedFile, Wanted

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest
    from aidial_portal.kernel.streaming import Stream

_SUFFIXES: Final = dict(zip(MEDIA_TYPES, ("wav", "mp3", "ogg"), strict=True))
_ADDRESS: Final = re.compile(r"/v1(/calls/[0-9a-f-]{36}/recording/(?:media|file)/[0-9a-f-]{36})")
_HEADERS: Final = {
    "content-length": re.compile(r"\d{1,15}", re.ASCII),
    "content-range": re.compile(r"bytes \d{1,15}-\d{1,15}/\d{1,15}", re.ASCII),
    "etag": re.compile(r'"[\x21\x23-\x7e]{1,80}"'),
}


async def show(request: PortalRequest) -> Response:
    """`GET /api/calls/{call_id}/recording`: what there is, with its waveform, and what may be done."""
    return json_answer(await request.api.forward(await _path(request), Recording))


async def playback(request: PortalRequest) -> Response:
    """`POST .../recording/playback`: `{"url", "expires_at"}`."""
    return await _address(request, "playback")


async def download(request: PortalRequest) -> Response:
    """`POST .../recording/download`: `{"url", "expires_at"}`."""
    return await _address(request, "download")


async def _address(request: PortalRequest, what: str) -> Response:
    path = with_query(f"{await _path(request)}/{what}", request.query)
    given = await request.api.send("POST", path, RecordingAddress)
    match = _ADDRESS.fullmatch(given.url)
    if match is None:
        raise violation("an address of another kind")
    return json_answer(RecordingAddress(url=f"/api{match[1]}", expires_at=given.expires_at))


async def play(request: PortalRequest) -> Response:
    """`GET .../recording/media/{grant_id}`: the recording, or a range of it."""
    return await _bytes(request, "media", inline=True)


async def fetch(request: PortalRequest) -> Response:
    """`GET .../recording/file/{grant_id}`: the same as a file."""
    return await _bytes(request, "file", inline=False)


async def _bytes(request: PortalRequest, word: str, *, inline: bool) -> Response:
    path = await _path(request)
    grant_id = parse_uuid(request.path_values["grant_id"])
    if grant_id is None:
        await steps.deny(request, "no address")
    cap = request.portal.settings.numbers.size(RECORDING)
    wanted = Wanted("audio/*", cap, others=MEDIA_TYPES, parts=True)
    asked = {name: text for name in ("range", "if-range") if (text := request.headers.get(name))}
    try:
        stream = await request.api.stream(
            f"{path}/{word}/{grant_id}", wanted, query={}, method=request.method, extra=asked
        )
    except Fault as fault:
        size = (fault.details or {}).get("size_bytes")
        if fault.row is errors.RANGE_NOT_SATISFIABLE and isinstance(size, int):
            fault.headers = {**fault.headers, "content-range": f"bytes */{size}"}
        raise
    media_type = stream.answer.content_type
    name = f"recording-{parse_uuid(request.path_values['call_id'])}.{_SUFFIXES[media_type]}"
    return StreamedFile(
        request,
        stream,
        media_type,
        name,
        inline=inline,
        status=stream.answer.status,
        more=_passed_on(stream),
    )


def _passed_on(stream: Stream) -> dict[str, str]:
    """Of the API's headers what a player needs, once it has the form it must have."""
    found = {"accept-ranges": "bytes"}
    for name, form in _HEADERS.items():
        text = stream.answer.headers.get(name)
        if text is not None and form.fullmatch(text):
            found[name] = text
        elif text is not None or name != "content-range" or stream.answer.status == 206:  # noqa: PLR2004 - HTTP
            stream.close()
            raise violation(f"{name} of a recording")
    return found


async def _path(request: PortalRequest) -> str:
    call_id = parse_uuid(request.path_values["call_id"])
    if call_id is None:
        await steps.deny(request, "no call id")
    return f"/v1/calls/{call_id}/recording"
