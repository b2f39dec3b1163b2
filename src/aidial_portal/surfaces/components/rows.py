"""`/ops/components`: every part of the interface, drawn from the templates that pages use.

The one thing a newcomer would get wrong: nothing on it is anybody's; the examples are invented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.access import Permission
from aidial_contract.scope import ScopeKind
from aidial_portal.design import examples
from aidial_portal.kernel.pages import draw, page_row
from aidial_portal.kernel.route import Access, RouteScope

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest
    from aidial_portal.kernel.route import Route

PATH: Final = "/ops/components"


async def components(request: PortalRequest) -> Response:
    """The page, for internal roles."""
    return draw(request, examples.components(), path=PATH)


def rows() -> tuple[Route, ...]:
    """The one row."""
    return (
        page_row(
            PATH,
            "components.page",
            components,
            access=Access.FULL,
            permission=Permission.OPS_VIEW,
            scope=RouteScope(kind=ScopeKind.EVERYTHING, client_id=None, project_id=None),
        ),
    )
