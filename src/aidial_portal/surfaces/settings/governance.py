"""Data governance for whoever looks after a client's policy: a section of `/settings`, and its JSON.

The one thing a newcomer would get wrong: the policy is saved from the page that shows what it would delete,
so the counts are made before there is a button to confirm them.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from aidial_contract import errors
from aidial_contract.access import INTERNAL_ROLES
from aidial_contract.fault import Fault
from aidial_contract.headers import IDEMPOTENCY_KEY
from aidial_contract.ids import is_slug, parse_uuid
from aidial_contract.messages import text as message
from aidial_contract.shapes.governance import (
    CATEGORIES,
    SECTION,
    DataGovernanceChange,
    DataGovernanceDocument,
    LegalHoldAnswer,
    LegalHoldList,
    PortalDataGovernance,
    RetentionDryRun,
    RetentionReceiptList,
)
from aidial_portal.design.context import GovernancePage, Menu, SettingsHistoryPage, Walk
from aidial_portal.design.links import with_query
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.api import with_query as asked
from aidial_portal.kernel.pages import FALLBACK_ZONE, draw
from aidial_portal.surfaces.settings import history
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/settings"
TITLE: Final = N_("Data governance")
_POLICY: Final = "/v1/settings/data-governance"
_DRY_RUN: Final = f"{_POLICY}/dry-run"
_HOLDS: Final = "/v1/legal-holds"
_RECEIPTS: Final = "/v1/retention-receipts"
_CREATED: Final = 201
DAYS: Final = tuple(f"{one}_days" for one in CATEGORIES)
_CURSORS: Final = {"holds": "holds_cursor", "receipts": "receipts_cursor"}
QUERY: Final = frozenset({"client_id", "try", *DAYS, *_CURSORS.values()})
"""Of the page. `try` counts what the days given would delete; a form leaves empty days out. Holds and
receipts have a cursor each: how far back one list is says nothing about the other."""


async def show(request: PortalRequest) -> Response:
    """`GET /api/settings/data-governance?client_id=`."""
    return _answer(await request.api.get(_POLICY, DataGovernanceDocument, query=request.query))


async def save(request: PortalRequest) -> Response:
    """`PUT /api/settings/data-governance?client_id=`: the document after the change."""
    body: DataGovernanceChange = request.value
    path = asked(_POLICY, request.query)
    return _answer(await request.api.send("PUT", path, DataGovernanceDocument, body=body))


def _answer(document: DataGovernanceDocument) -> Response:
    return json_answer(PortalDataGovernance(**msgspec.structs.asdict(document), projects=[]))


async def dry_run(request: PortalRequest) -> Response:
    """`GET /api/settings/data-governance/dry-run`: what a policy would delete now."""
    return json_answer(await request.api.forward(_DRY_RUN, RetentionDryRun, query=request.query))


async def receipts(request: PortalRequest) -> Response:
    """`GET /api/retention-receipts?client_id=`: what was deleted."""
    found = await request.api.forward(_RECEIPTS, RetentionReceiptList, query=request.query)
    return json_answer(found)


async def holds(request: PortalRequest) -> Response:
    """`GET /api/legal-holds?client_id=`."""
    return json_answer(await request.api.forward(_HOLDS, LegalHoldList, query=request.query))


async def hold(request: PortalRequest) -> Response:
    """`POST /api/legal-holds`: 201 `{"hold"}`."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    extra = {} if key is None else {IDEMPOTENCY_KEY: key}
    made = await request.api.send("POST", _HOLDS, LegalHoldAnswer, body=request.value, extra=extra)
    return json_answer(made, _CREATED)


async def release(request: PortalRequest) -> Response:
    """`POST /api/legal-holds/{hold_id}/release`: `{"hold"}`, released."""
    hold_id = parse_uuid(request.path_values["hold_id"])
    if hold_id is None:
        await steps.deny(request, "no hold id")
    path = asked(f"{_HOLDS}/{hold_id}/release", request.query)
    return json_answer(await request.api.send("POST", path, LegalHoldAnswer))


async def history_page(request: PortalRequest, menu: Menu) -> SettingsHistoryPage:
    """Who changed the policy of the client of `client_id`, and what."""
    named = {"client_id": request.query.get("client_id", "")}
    if not is_slug(named["client_id"]):
        await steps.deny(request, "no client id")
    shelf = history.Shelf(slug=SECTION, title=TITLE, v1_path=f"{_POLICY}/history", kept=named, v1_kept=named)
    return await history.page_at(shelf, request, menu)


async def page(request: PortalRequest, menu: Menu) -> Response:
    """The policy of the client of `client_id`; without one, the clients to choose from."""
    client_id = request.query.get("client_id", "")
    if not client_id:
        return draw(request, _page(request, menu), path=PATH)
    if not is_slug(client_id):
        await steps.deny(request, "no client id")
    query = {"client_id": client_id}
    # Who reaches some of the client's projects has holds, and nothing of what governs them all.
    found = await request.api.get(_HOLDS, LegalHoldList, query=query | _cursor(request, "holds"))
    parts: dict[str, Any] = {
        "holds": tuple(found.holds),
        "holds_walk": _walk(request, "holds", found.next_cursor),
    }
    try:
        document, receipts_found = await asyncio.gather(
            request.api.get(_POLICY, DataGovernanceDocument, query=query),
            request.api.get(_RECEIPTS, RetentionReceiptList, query=query | _cursor(request, "receipts")),
        )
    except Fault as fault:
        if fault.row is not errors.NOT_FOUND:
            raise
        return draw(request, _page(request, menu, client_id, **parts), path=PATH)
    is_tried = "try" in request.query
    tried = {name: request.query.get(name, "").strip() for name in DAYS}
    parts |= {
        "document": document,
        "receipts": tuple(receipts_found.receipts),
        "receipts_walk": _walk(request, "receipts", receipts_found.next_cursor),
        "days": tried if is_tried else _days_of(document),
    }
    if not is_tried:
        return draw(request, _page(request, menu, client_id, **parts), path=PATH)
    try:
        wanted = query | {name: text for name, text in tried.items() if text}
        counted = await request.api.get(_DRY_RUN, RetentionDryRun, query=wanted)
    except Fault as fault:
        if not fault.field_errors:
            raise
        wrong = tuple(
            (error.field.removeprefix("query."), _(message(error.message_key)))
            for error in fault.field_errors
        )
        refused = _page(request, menu, client_id, **parts, errors=wrong)
        return draw(request, refused, path=PATH, status=fault.row.status)
    return draw(request, _page(request, menu, client_id, **parts, counts=tuple(counted.counts)), path=PATH)


def _cursor(request: PortalRequest, of: str) -> dict[str, str]:
    cursor = request.query.get(_CURSORS[of], "")
    return {"cursor": cursor} if cursor else {}


def _walk(request: PortalRequest, of: str, following: str | None) -> Walk:
    """Where older and the newest of one list are, with the rest of the page as it is."""
    name = _CURSORS[of]

    def at(cursor: str | None) -> str:
        return f"{with_query(PATH, request.query, **{name: cursor})}#{of}-title"

    return Walk(
        older_url=at(following) if following else "",
        newest_url=at(None) if request.query.get(name) else "",
    )


def _days_of(document: DataGovernanceDocument) -> dict[str, str]:
    return {name: str(getattr(document.working, name) or "") for name in DAYS}


def _page(request: PortalRequest, menu: Menu, client_id: str = "", **parts: Any) -> GovernancePage:
    known = sorted(request.session.known.clients, key=lambda one: one.name.casefold())
    found = next((one for one in known if one.client_id == client_id), None)
    address = {"section": SECTION}
    return GovernancePage(
        sections=menu,
        categories=CATEGORIES,
        clients=tuple((one.name, with_query(PATH, address, client_id=one.client_id)) for one in known),
        may_type_client=request.session.role in INTERNAL_ROLES,
        client_id=client_id,
        client_name=found.name if found is not None else client_id,
        url=with_query(PATH, address, client_id=client_id),
        history_url=with_query(f"{PATH}/{SECTION}/history", {"client_id": client_id}),
        action=f"/api/settings/data-governance?client_id={quote(client_id)}",
        timezone=found.timezone if found is not None else FALLBACK_ZONE,
        now=datetime.now(UTC),
        **parts,
    )
