"""Section 4 of the contract for the portal, as data: of two failing checks the earlier one answers.

The one thing a newcomer would get wrong: the row here is made for this test, because none needs every step at
once; it is drawn through the real guard, matcher and limits like any other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from aidial_contract import errors
from aidial_contract.access import Permission
from aidial_contract.ids import new_id
from aidial_contract.limits import Numbers
from aidial_contract.query import Kind as ParamKind
from aidial_contract.query import QueryParam
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.common import Incoming
from aidial_portal import app
from aidial_portal.kernel import answers
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.route import Precondition, RouteScope, json_body
from aidial_portal.kernel.rows import change_row
from aidial_portal.routes import all_rows
from tests.portal.kernel.scripted import (
    Answer,
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    code_of,
    context_of,
    free_socket,
    running_portal,
    served,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

SCALE = 0.04
"""One settings change a minute, five session changes, twenty-four requests of a session."""
SESSION = "next-auth.session-token"
NO_FACTOR = {"required": True, "satisfied": False, "state": "required", "allowed_factors": []}


class Change(Incoming):
    """What the row of this test takes."""

    value: str
    project_id: str | None = None
    expected_version: int | None = None


async def _change(request: PortalRequest) -> Response:
    await request.api.call("PUT", "/v1/order", body=request.body)
    return answers.no_content()


ROW = change_row(
    "PUT",
    "/api/settings/order-of-checks",
    "order.change",
    _change,
    permission=Permission.TENANT_SETTINGS_EDIT,
    scope=RouteScope(kind=ScopeKind.PROJECTS, client_id="query.client_id", project_id="body.project_id"),
    bucket=SETTINGS_CHANGES,
    body=json_body(Change),
    precondition=Precondition.EXPECTED_VERSION,
    params=(QueryParam("client_id", ParamKind.ID, "Whose"),),
)


@dataclass(slots=True)
class Visit:
    """A request of a browser on its way to be spoilt. `before` is sent first, so often."""

    method: str
    path: str
    body: dict[str, Any] | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cookies: Callable[[str, str], str] = "{0}; {1}".format
    context: Answer = field(default_factory=context_of)
    upstream: Answer = field(default_factory=dict)
    coarse_full: bool = False
    bucket_full: bool = False


Spoil = Callable[[Visit], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One check: what it answers, and how a visit is made to fail it."""

    name: str
    status: int
    answer: str
    spoil: Spoil


def _set(**changes: Any) -> Spoil:
    def spoil(visit: Visit) -> None:
        for name, value in changes.items():
            setattr(visit, name, value)

    return spoil


def _header(name: str, value: str) -> Spoil:
    return lambda visit: visit.headers.__setitem__(name, value)


def _query(text: str) -> Spoil:
    def spoil(visit: Visit) -> None:
        visit.path += ("&" if "?" in visit.path else "?") + text

    return spoil


def _body(**members: Any) -> Spoil:
    def spoil(visit: Visit) -> None:
        assert isinstance(visit.body, dict)
        visit.body = {name: one for name, one in {**visit.body, **members}.items() if one is not None}

    return spoil


HOST = Step("host", 400, "host_invalid", _header("host", "elsewhere.example"))
NO_SESSION = Step("session", 401, "session_missing", _set(cookies=lambda _, csrf: csrf))
REVOKED = Step("registry", 401, "session_revoked", _set(context=errors.SESSION_REVOKED))
KEY = Step("browser credential", 403, "browser_credential_rejected", _header("x-api-key", "adk_x"))
TWICE = Step(
    "cookie policy", 403, "session_cookie_policy", _set(cookies=lambda own, csrf: f"{own}; {own}; {csrf}")
)
SITE = Step("Fetch Metadata", 403, "cross_site_request", _header("sec-fetch-site", "cross-site"))
CSRF = Step("CSRF", 403, "csrf_missing", _header("x-csrf-token", ""))
COARSE = Step("coarse limit", 429, "rate_limited", _set(coarse_full=True))
UNASSIGNED = Step("assignment", 404, "not_found", _set(context=context_of(None)))
FACTOR = Step("second factor", 404, "not_found", _set(context=context_of("partner_admin", mfa=NO_FACTOR)))
ROLE = Step("permission", 404, "not_found", _set(context=context_of("client_staff")))
SCOPE = Step("scope", 404, "not_found", _query("client_id=northside-dental"))
BUCKET = Step("the row's own rate", 429, "rate_limited", _set(bucket_full=True))
ACCEPT = Step("what is wanted", 406, "not_acceptable", _header("accept", "image/png"))
MEDIA = Step("what is sent", 415, "unsupported_media_type", _header("content-type", "text/plain"))
QUERY = Step("query", 400, "unsupported_query_parameter", _query("unknown=1"))
JSON = Step("JSON", 400, "malformed_json", _set(body=b"{"))
SHAPE = Step("shape", 422, "validation_failed", _body(value=5))
IN_BODY = Step("ids in the body", 404, "not_found", _body(project_id=new_id()))
VERSION = Step("precondition", 428, "precondition_required", _body(expected_version=None))
UPSTREAM = Step("the API", 409, "state_conflict", _set(upstream=errors.STATE_CONFLICT))

SIGN_IN = Step("sign-in", 302, "/sign-in", NO_SESSION.spoil)
ENDED = Step("registry", 302, "/access-denied", REVOKED.spoil)
PAGE_404 = {step: Step(step.name, 404, "", step.spoil) for step in (UNASSIGNED, FACTOR, ROLE)}
PAGE_KEY = Step(KEY.name, 403, "", KEY.spoil)
UNMAPPED = Step("unmapped", 404, "", _set(path="/nowhere"))


@dataclass(frozen=True, slots=True)
class Base:
    """A good visit, and the steps of its row, in the contract's order."""

    make: Callable[[], Visit]
    steps: tuple[Step, ...]


def _changing() -> Visit:
    return Visit("PUT", ROW.path, {"value": "x", "expected_version": 1})


BASES = {
    "a change": Base(
        _changing,
        (
            *(HOST, NO_SESSION, REVOKED, KEY, SITE, CSRF, COARSE, UNASSIGNED, FACTOR, ROLE, SCOPE, BUCKET),
            *(ACCEPT, MEDIA, QUERY, JSON, SHAPE, IN_BODY, VERSION, UPSTREAM),
        ),
    ),
    "a sign of life": Base(
        lambda: Visit("POST", "/api/session/touch"),
        (HOST, NO_SESSION, REVOKED, KEY, TWICE, SITE, CSRF, COARSE, BUCKET, ACCEPT, QUERY),
    ),
    "a read": Base(
        lambda: Visit("GET", "/api/analytics/summary?range=7d"),
        (HOST, NO_SESSION, REVOKED, KEY, COARSE, UNASSIGNED, FACTOR, SCOPE, ACCEPT, QUERY),
    ),
    "a page": Base(
        lambda: Visit("GET", "/audit-log"),
        (
            *(Step("host", 400, "", HOST.spoil), SIGN_IN, ENDED, PAGE_KEY),
            Step("coarse limit", 429, "", COARSE.spoil),
            *PAGE_404.values(),
        ),
    ),
    "a page nobody has": Base(
        lambda: Visit("GET", "/nowhere"),
        (Step("host", 400, "", HOST.spoil), SIGN_IN, ENDED, PAGE_KEY, UNMAPPED, PAGE_404[UNASSIGNED]),
    ),
}


@dataclass(slots=True)
class Stage:
    """One portal and one scripted API for every visit; each has a session and a person of its own."""

    portal: RunningPortal
    api: ScriptedApi
    browser: aiohttp.ClientSession

    async def ask(self, visit: Visit) -> tuple[int, str]:
        """Make the visit; its status, and its code or where it leads."""
        session_id, subject = new_id(), f"alice-{new_id()}"
        own = self.portal.cookie(session_id, sub=subject)
        token = self.portal.csrf(session_id)
        csrf = f"aidial.csrf={token}"
        usual = {"sec-fetch-site": "same-origin", "x-csrf-token": token}
        self.api.context, self.api.answers = context_of(), {}
        good = {**usual, "cookie": f"{own}; {csrf}"}
        for method, path, times in self._before(visit):
            for _ in range(times):
                async with self.browser.request(method, self.portal.url + path, headers=good) as answer:
                    await answer.read()
        # What was known of the session a moment ago is forgotten, as after 0.8 s.
        self.portal_contexts_forget(session_id)
        self.api.context = visit.context
        self.api.answers = {"PUT /v1/order": visit.upstream, "POST /v1/touch": {}}
        headers = {**usual, **visit.headers, "cookie": visit.cookies(own, csrf)}
        return await self._answer(visit, {name: value for name, value in headers.items() if value})

    def portal_contexts_forget(self, session_id: str) -> None:
        guard = self.portal.app._guard
        assert guard is not None
        guard._portal.contexts.forget(session_id)

    def _before(self, visit: Visit) -> list[tuple[str, str, int]]:
        found = []
        if visit.bucket_full:
            found.append((visit.method, visit.path.partition("?")[0], 6))
        if visit.coarse_full:
            found.append(("GET", "/api/projects", 25))
        return found

    async def _answer(self, visit: Visit, headers: dict[str, str]) -> tuple[int, str]:
        body = visit.body if isinstance(visit.body, bytes) else None
        json = visit.body if body is None else None
        if body is not None:
            headers.setdefault("content-type", "application/json")
        async with self.browser.request(
            visit.method,
            self.portal.url + visit.path,
            headers=headers,
            data=body,
            json=json,
            allow_redirects=False,
        ) as answer:
            text = await answer.read()
            if answer.status == 302:
                return 302, answer.headers["location"].partition("?")[0]
            is_json = answer.content_type == "application/json" and answer.status >= 400
            return answer.status, code_of(text) if is_json else ""


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    api = ScriptedApi()
    listener, port = free_socket()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "all_rows", lambda: [*all_rows(), ROW])
        async with (
            served(api, listener),
            running_portal(
                f"http://127.0.0.1:{port}", ScriptedIssuer(), numbers=Numbers(scale=SCALE)
            ) as portal,
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
        ):
            yield Stage(portal, api, browser)


def _spoilt(base: Base, *steps: Step) -> Visit:
    visit = base.make()
    for step in reversed(steps):
        step.spoil(visit)
    return visit


@pytest.mark.parametrize("name", BASES)
async def test_each_step_alone_gives_its_own_answer(stage: Stage, name: str) -> None:
    """A pair proves nothing where one of the two would not have failed."""
    for step in BASES[name].steps:
        assert await stage.ask(_spoilt(BASES[name], step)) == (step.status, step.answer), step.name


PAIRS = [(name, step) for name, base in BASES.items() for step in base.steps[:-1]]


@pytest.mark.parametrize(
    ("name", "earlier"), PAIRS, ids=lambda one: one if isinstance(one, str) else one.name
)
async def test_the_earlier_of_two_failing_steps_answers(stage: Stage, name: str, earlier: Step) -> None:
    for first, second in combinations(BASES[name].steps, 2):
        if first is earlier:
            found = await stage.ask(_spoilt(BASES[name], first, second))
            assert found == (first.status, first.answer), f"{first.name}, then {second.name}"
