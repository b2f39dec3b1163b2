"""One's own profile as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aidial_contract.shapes.profile import OwnProfileDocument, PortalOwnProfile
from aidial_portal.kernel.answers import json_answer

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

PROFILE = "/v1/settings/profile"


async def show(request: PortalRequest) -> Response:
    """`GET /api/settings/profile`: one's own, as much of it as the role changes."""
    return _answer(await request.api.get(PROFILE, OwnProfileDocument))


async def save(request: PortalRequest) -> Response:
    """`PUT /api/settings/profile`: the document after the change."""
    document = await request.api.send("PUT", PROFILE, OwnProfileDocument, body=request.value)
    # The name and zone are part of who one is.
    request.portal.contexts.forget(request.session.session_id)
    return _answer(document)


def _answer(document: OwnProfileDocument) -> Response:
    return json_answer(PortalOwnProfile(**msgspec.structs.asdict(document), projects=[]))
