"""Drafts, publishing and versions as JSON for the portal's own scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.shapes.workspace import Draft, Published, PublishedVersionList
from aidial_portal.kernel.answers import json_answer

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest
    from aidial_portal.kernel.route import Handler

ACCEPTED = 202


def _path(request: PortalRequest, rest: str) -> str:
    """The guard made sure that the project is in reach, so its id is one."""
    return f"/v1/projects/{request.path_values['project_id']}/{rest}"


def show_draft(section: str) -> Handler:
    """`GET .../draft/{section}`: `{"section", "version", "value", ...}`."""

    async def handler(request: PortalRequest) -> Response:
        return json_answer(await request.api.forward(_path(request, f"draft/{section}"), Draft))

    return handler


def save_draft(section: str) -> Handler:
    """`PUT .../draft/{section}`: the new draft."""

    async def handler(request: PortalRequest) -> Response:
        path = _path(request, f"draft/{section}")
        return json_answer(await request.api.send("PUT", path, Draft, body=request.value))

    return handler


async def publish(request: PortalRequest) -> Response:
    """`POST .../publish`: 202 with the version that the runtime reads from now on."""
    path = _path(request, "publish")
    return json_answer(await request.api.send("POST", path, Published, body=request.value), ACCEPTED)


async def versions(request: PortalRequest) -> Response:
    """`GET .../versions`: `{"versions", "next_cursor"}`."""
    path = _path(request, "versions")
    return json_answer(await request.api.forward(path, PublishedVersionList, query=request.query))
