"""`/display`: remembers how lists look in this browser, and goes back to where that was chosen.

The one thing a newcomer would get wrong: it is a GET, because a form without scripts cannot send the CSRF
header. It changes nothing but two cookies of looks, and not even those for another site's page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_portal.kernel import display
from aidial_portal.kernel.answers import redirect

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/display"
_HOME: Final = "/"


async def choose(request: PortalRequest) -> Response:
    """`?rows=compact`, or `?of=agent.outcome&agent=on`: of these columns, those that are to be shown."""
    asked = request.query
    if request.headers.get("sec-fetch-site", "same-origin") == "same-origin":
        if "rows" in asked:
            display.remember_density(request, asked["rows"])
        if "of" in asked:
            display.remember_left_out(request, _left_out(request))
    return redirect(_came_from(request))


def _left_out(request: PortalRequest) -> list[str]:
    """What was offered and not chosen; what was not offered stays as it was."""
    offered, before = request.query["of"].split("."), display.left_out(request)
    return [
        name
        for name in display.OPTIONAL_COLUMNS
        if (name not in request.query if name in offered else name in before)
    ]


def _came_from(request: PortalRequest) -> str:
    """The page of ours it was chosen on."""
    origin, came_from = request.portal.origin, request.headers.get("referer", "")
    path = came_from.removeprefix(origin) if came_from.startswith(f"{origin}/") else _HOME
    return _HOME if path.startswith(("//", PATH)) else path
