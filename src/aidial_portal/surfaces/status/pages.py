"""`/status`: how things are, drawn anew each minute by a script, or by its link without one.

The one thing a newcomer would get wrong: asking for it each minute keeps no session alive; only what a person
does is a touch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.shapes.status import StatusReport
from aidial_portal.design.context import StatusFragment
from aidial_portal.kernel import banners
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.pages import draw, draw_fragment, wants_fragment
from aidial_portal.surfaces.status.showing import show_page

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/status"


async def status(request: PortalRequest) -> Response:
    """The page, or the report alone when a script asks."""
    found = await request.api.get("/v1/status", StatusReport)
    banners.drop_ended(request, {one.incident_id for one in found.incidents})
    page = show_page(request, found)
    return draw_fragment(StatusFragment(page)) if wants_fragment(request) else draw(request, page, path=PATH)


async def report(request: PortalRequest) -> Response:
    """`GET /api/status`: `{"overall", "incidents", "history", "projects"}`."""
    return json_answer(await request.api.forward("/v1/status", StatusReport))
