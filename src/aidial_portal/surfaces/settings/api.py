"""Sections of settings as JSON.

The one thing a newcomer would get wrong: these handlers serve every section; what differs is in its row of
`aidial_contract.sections`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.steps import deny

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_contract.sections import Section
    from aidial_portal.kernel.request import PortalRequest


async def show(section: Section, request: PortalRequest) -> Response:
    """`GET /api/settings/{slug}`: the document, as much of it as the role sees."""
    return _answer(section, await read(section, request))


async def save(section: Section, request: PortalRequest) -> Response:
    """`PUT /api/settings/{slug}`: the document after the change."""
    body = section.change(value=request.value.value, expected_version=request.value.expected_version)
    document = await request.api.send("PUT", _path(section), section.document, body=body)
    # The tenant's name and zone are part of who one is.
    request.portal.contexts.forget(request.session.session_id)
    return _answer(section, document)


async def unknown(request: PortalRequest) -> Response:
    """A section that nobody has."""
    await deny(request, "no such section")


async def read(section: Section, request: PortalRequest) -> Any:
    """The section's document, as `/v1` gives it to this person."""
    return await request.api.get(_path(section), section.document)


def _path(section: Section) -> str:
    return f"/v1/settings/{section.slug}"


def _answer(section: Section, document: Any) -> Response:
    return json_answer(section.portal_document(**msgspec.structs.asdict(document), projects=[]))
