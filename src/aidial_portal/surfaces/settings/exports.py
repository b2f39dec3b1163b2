"""Account exports: a section of `/settings`, and their JSON.

The one thing a newcomer would get wrong: the file is passed on as it comes from the API, which has asked
again whether this person may have it; nothing of it is kept here.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aidial_contract.headers import IDEMPOTENCY_KEY
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.account_exports import (
    MOST_EXPORT_BYTES,
    AccountExportAnswer,
    AccountExportCatalog,
    AccountExportList,
)
from aidial_portal.design.context import ExportsFragment, ExportsPage, Menu
from aidial_portal.design.links import with_query
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.pages import draw, draw_fragment, wants_fragment, zone_of
from aidial_portal.kernel.streaming import StreamedFile, Wanted

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

SECTION: Final = "data-exports"
PATH: Final = "/settings"
QUERY: Final = frozenset({"part"})
"""What a script adds: `asking` for the form, anything else for the list."""
_V1: Final = "/v1/account-exports"
_JSON: Final = "application/json"
_FILE: Final = Wanted(_JSON, MOST_EXPORT_BYTES, named=True)
_ACCEPTED: Final = 202


async def catalog(request: PortalRequest) -> Response:
    """`GET /api/account-exports/catalog`: categories, limits, and how much of them is used."""
    return json_answer(await request.api.forward(f"{_V1}/catalog", AccountExportCatalog))


async def show_list(request: PortalRequest) -> Response:
    """`GET /api/account-exports`: `{"exports", "next_cursor"}`."""
    return json_answer(await request.api.forward(_V1, AccountExportList, query=request.query))


async def create(request: PortalRequest) -> Response:
    """`POST /api/account-exports`: 202 `{"export"}`."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    extra = {} if key is None else {IDEMPOTENCY_KEY: key}
    made = await request.api.send("POST", _V1, AccountExportAnswer, body=request.value, extra=extra)
    return json_answer(made, _ACCEPTED)


async def show(request: PortalRequest) -> Response:
    """`GET /api/account-exports/{job_id}`: state and manifest."""
    return json_answer(await request.api.forward(await _path(request), AccountExportAnswer))


async def cancel(request: PortalRequest) -> Response:
    """`POST /api/account-exports/{job_id}/cancel`."""
    path = await _path(request)
    return json_answer(await request.api.send("POST", f"{path}/cancel", AccountExportAnswer))


async def download(request: PortalRequest) -> Response:
    """`GET /api/account-exports/{job_id}/download`: the file."""
    path = await _path(request)
    stream = await request.api.stream(
        f"{path}/download", _FILE, query={}, method=request.method, records=True
    )
    name = f"account-export-{path.rpartition('/')[2]}.json"
    return StreamedFile(request, stream, _JSON, name, more={"cache-control": "no-store"})


async def _path(request: PortalRequest) -> str:
    job_id = parse_uuid(request.path_values["job_id"])
    if job_id is None:
        await steps.deny(request, "no export id")
    return f"{_V1}/{job_id}"


async def page(request: PortalRequest, menu: Menu) -> Response:
    """What can be exported, and the exports there are; one of the two when a script asks."""
    cursor = request.query.get("cursor", "")
    known, found = await asyncio.gather(
        request.api.get(f"{_V1}/catalog", AccountExportCatalog),
        request.api.get(_V1, AccountExportList, query={"cursor": cursor} if cursor else {}),
    )
    address = {"section": SECTION}
    again = with_query(PATH, address, **({"cursor": cursor} if cursor else {}))
    following = found.next_cursor
    shown = ExportsPage(
        sections=menu,
        catalog=known,
        exports=tuple(found.exports),
        url=again,
        asking_url=f"{again}&part=asking",
        list_url=f"{again}&part=list",
        next_url=with_query(PATH, address, cursor=following) if following else "",
        is_first=not cursor,
        timezone=zone_of(request),
        now=datetime.now(UTC),
    )
    if wants_fragment(request):
        return draw_fragment(ExportsFragment(shown, request.query.get("part", "list")))
    return draw(request, shown, path=PATH)
