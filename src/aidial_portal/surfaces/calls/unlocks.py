"""Unlocking personal details of a call: the panel of the review, what is revealed, and the same as JSON.

The one thing a newcomer would get wrong: what is revealed goes from `/v1` into one answer. Nothing of it is
kept, logged or put into an address, and the page leaves the screen by itself when the unlock ends.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Final

from aidial_contract import errors
from aidial_contract.access import Permission, level_of
from aidial_contract.fault import Fault
from aidial_contract.headers import IDEMPOTENCY_KEY
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.unlocks import UnlockAnswer, UnlockList, UnlockReveal
from aidial_portal.design import context
from aidial_portal.design.links import with_query
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import head_of, json_answer, redirect
from aidial_portal.kernel.pages import draw, draw_fragment, wants_fragment, zone_of_project
from aidial_portal.kernel.route import HTML, JSON
from aidial_portal.surfaces.calls.state import PATH

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_contract.shapes.unlocks import Unlock
    from aidial_portal.kernel.request import PortalRequest

_CREATED: Final = 201


async def _path(request: PortalRequest, *more: str) -> str:
    """Where `/v1` has the unlocks of the path's call, or the one of the path; 404 when an id is none."""
    ids = [parse_uuid(text) for text in request.path_values.values()]
    if None in ids:
        await steps.deny(request, "no id")
    call_id, *unlock_id = map(str, ids)
    return "/".join((f"/v1/calls/{call_id}/pii-unlocks", *unlock_id, *more))


async def create(request: PortalRequest) -> Response:
    """`POST /api/calls/{call_id}/pii-unlocks`: 201 `{"unlock"}`."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    extra = {} if key is None else {IDEMPOTENCY_KEY: key}
    path = await _path(request)
    made = await request.api.send("POST", path, UnlockAnswer, body=request.value, extra=extra)
    return json_answer(made, _CREATED)


async def show_list(request: PortalRequest) -> Response:
    """`GET /api/calls/{call_id}/pii-unlocks`: who saw what."""
    return json_answer(await request.api.forward(await _path(request), UnlockList, query=request.query))


async def approve(request: PortalRequest) -> Response:
    """`POST .../{unlock_id}/approve`: `{"unlock"}`, active from now."""
    return json_answer(await request.api.send("POST", await _path(request, "approve"), UnlockAnswer))


async def relock(request: PortalRequest) -> Response:
    """`POST .../{unlock_id}/relock`: `{"unlock"}`, ended."""
    return json_answer(await request.api.send("POST", await _path(request, "relock"), UnlockAnswer))


async def reveal(request: PortalRequest) -> Response:
    """`GET .../{unlock_id}/reveal`: the personal details, recorded as a look."""
    found = await _look(request)
    return head_of(JSON) if found is None else json_answer(found)


async def _look(request: PortalRequest) -> UnlockReveal | None:
    """What the unlock opens, recorded as a look. None for HEAD, which is a refusal or nothing and no look."""
    path = await _path(request, "reveal")
    if request.method == "HEAD":
        await request.api.call("HEAD", path)
        return None
    return await request.api.get(path, UnlockReveal, records=True)


async def page(request: PortalRequest) -> Response:
    """`/calls/{call_id}/pii-unlocks`: the panel, alone for a script, else in a page of its own."""
    asked = {name: text for name, text in request.query.items() if text}
    found = await request.api.get(await _path(request), UnlockList, query=asked)
    panel = _panel(request, found)
    if wants_fragment(request):
        return draw_fragment(panel)
    return draw(request, context.UnlocksPage(panel), path=PATH)


def _panel(request: PortalRequest, found: UnlockList) -> context.UnlockPanel:
    call_id = str(parse_uuid(request.path_values["call_id"]))
    role, address = request.session.role, f"/calls/{call_id}/pii-unlocks"
    return context.UnlockPanel(
        call_id=call_id,
        url=address,
        call_url=with_query(PATH, {"expand": call_id}),
        timezone=zone_of_project(request, found.project_id),
        now=datetime.now(UTC),
        unlocks=tuple(found.unlocks),
        artefacts=tuple(found.artefacts),
        consent_state=found.consent_state,
        needs_approval=found.needs_approval,
        may_approve=role is not None and level_of(role, Permission.UNLOCKS_APPROVE) is not None,
        next_url=with_query(address, {"cursor": found.next_cursor}) if found.next_cursor else None,
        is_further="cursor" in request.query,
    )


async def revealed(request: PortalRequest) -> Response:
    """`/calls/{call_id}/pii-unlocks/{unlock_id}`: what was unlocked; one that ended leads to the call."""
    call_url = with_query(PATH, {"expand": request.path_values["call_id"]})
    try:
        found = await _look(request)
    except Fault as fault:
        if fault.row in {errors.STATE_CONFLICT, errors.CONSENT_REQUIRED}:
            return redirect(call_url)
        raise
    if found is None:
        return head_of(HTML)
    zone, now = zone_of_project(request, found.unlock.project_id), datetime.now(UTC)
    shown = context.UnlockedPage(found, call_url, zone, now, left_ms=_left_ms(found.unlock, now))
    response = draw(request, shown, path=PATH)
    # With or without scripts: when its time is over, the page leaves the screen.
    response.headers["refresh"] = f"{ceil(shown.left_ms / 1_000)}; url={call_url}"
    return response


def _left_ms(unlock: Unlock, now: datetime) -> int:
    return max(0, int((unlock.expires_at - now).total_seconds() * 1_000))
