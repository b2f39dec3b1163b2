"""What calls ask of `/v1`.

The one thing a newcomer would get wrong: a call is asked for first and alone, so that one out of reach costs
the API exactly what a denial costs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aidial_contract.errors import NOT_FOUND
from aidial_contract.fault import Fault
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.calls import Call, CallList, CallPreview, Transcript
from aidial_contract.shapes.recordings import Recording
from aidial_contract.shapes.workspace import TaxonomyList
from aidial_portal.kernel import steps
from aidial_portal.kernel.pages import part
from aidial_portal.surfaces.calls.terms import NO_TERMS, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_portal.kernel.request import PortalRequest


async def find_call(request: PortalRequest, text: str) -> Call:
    """The call of an id as sent; 404 when it is none, missing or out of reach, all alike."""
    call_id = parse_uuid(text)
    if call_id is None:
        await steps.deny(request, "no call id")
    return await request.api.get(f"/v1/calls/{call_id}", Call)


async def read_transcript(request: PortalRequest, call: Call) -> Transcript:
    """The redacted turns of a call that was found."""
    return await request.api.get(f"/v1/calls/{call.call_id}/transcript", Transcript)


async def preview(request: PortalRequest, text: str) -> CallPreview:
    """A call with its transcript."""
    call = await find_call(request, text)
    return CallPreview(call=call, transcript=await read_transcript(request, call))


async def read_terms(request: PortalRequest) -> Terms:
    """What the projects in reach call outcomes, resolutions and call types; nothing while that is away."""
    try:
        listed = await part(request.api.get("/v1/taxonomies", TaxonomyList))
    except Fault as fault:
        # Its words are dressing: the list stands without them.
        if fault.row is not NOT_FOUND:
            raise
        return NO_TERMS
    return NO_TERMS if isinstance(listed, Fault) else Terms.of(listed.taxonomies)


async def page_of_calls(request: PortalRequest, query: Mapping[str, str]) -> CallList:
    """A page of the list."""
    return await request.api.get("/v1/calls", CallList, query=query)


async def read_recording(request: PortalRequest, call: Call) -> Recording | None:
    """What there is of a call's recordings; None when nobody said there is any, which asks nothing."""
    if not call.recording:
        return None
    return await request.api.get(f"/v1/calls/{call.call_id}/recording", Recording)


async def transcript_and_recording(
    request: PortalRequest, call: Call
) -> tuple[Transcript | Fault, Recording | Fault | None]:
    """What was said in a call and what there is to hear, at once, each failing by itself."""
    return await asyncio.gather(part(read_transcript(request, call)), part(read_recording(request, call)))


async def page_and_call(
    request: PortalRequest, query: Mapping[str, str], call: Call
) -> tuple[CallList | Fault, tuple[Transcript | Fault, Recording | Fault | None]]:
    """A page of the list, and what belongs to the open call, at once."""
    return await asyncio.gather(part(page_of_calls(request, query)), transcript_and_recording(request, call))
