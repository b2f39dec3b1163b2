"""The portal's own files, cacheable for ever because their address changes with their content.

The one thing a newcomer would get wrong: an address of another version is a 404, so a page and its modules
never mix two releases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.scope import ScopeKind
from aidial_portal.design import assets
from aidial_portal.kernel.route import (
    ANY,
    NO_BODY,
    NO_QUERY,
    Access,
    Kind,
    Precondition,
    Route,
    RouteScope,
    WithoutContext,
)

if TYPE_CHECKING:
    from aidial_portal.kernel.request import PortalRequest


async def asset(request: PortalRequest) -> Response:
    """`GET /static/{version}/{file*}`."""
    found = assets.find(request.path_values["version"], request.path_values["file"])
    if found is None:
        raise Fault(errors.NOT_FOUND, reason="no such file, or another version's")
    headers = {"cache-control": assets.CACHE_CONTROL, "vary": "accept-encoding"}
    if found.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(found.gzipped, headers=headers, media_type=found.media_type)
    return Response(found.body, headers=headers, media_type=found.media_type)


def rows() -> tuple[Route, ...]:
    """One row for every file."""
    return (
        Route(
            method="GET",
            path="/static/{version}/{file*}",
            name="assets.file",
            handler=asset,
            kind=Kind.PAGE,
            access=Access.PUBLIC,
            permission=None,
            scope=RouteScope(kind=ScopeKind.NOBODY, client_id=None, project_id=None),
            query=NO_QUERY,
            bucket=None,
            body=NO_BODY,
            produces=ANY,
            precondition=Precondition.NONE,
            denial="",
            without_context=WithoutContext.FAIL,
        ),
    )
