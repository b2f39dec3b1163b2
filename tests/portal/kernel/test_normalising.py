"""Whatever `/v1` answers, every read of the portal says it in its own family, or says that it was none.

The one thing a newcomer would get wrong: nothing of an answer outside the contract is passed on, in no
family.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from aidial_contract import errors
from aidial_contract.access import GRANTS, INTERNAL_ROLES, Role
from aidial_contract.fault import FieldError
from aidial_contract.ids import new_id
from aidial_portal.kernel.route import Access, Kind, Route
from aidial_portal.routes import all_rows
from tests.matrix.portal_expected import assert_is_error, family
from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    context_of,
    failing,
    running_portal,
)
from tests.support.portal import Browser

ASKS_NOTHING = {"settings.unknown"}
"""A path that is nothing's, in the family of what is there."""
READS = [
    row
    for row in all_rows()
    if row.kind is Kind.API
    and row.method == "GET"
    and row.access is Access.FULL
    and row.name not in ASKS_NOTHING
]
PROJECTS = next(row for row in READS if row.path == "/api/projects")
QUERY = {"calls.export": "project_id={project}", "calls.live": "seconds=0"}
MIB = 1024 * 1024
JSON = "application/json"


def role_of(row: Route) -> Role:
    """Somebody who may, a client's person where there is one."""
    assert row.permission is not None
    return next(role for role in Role if role in GRANTS[row.permission])


def path_of(row: Route, context: dict[str, Any]) -> str:
    """The row's path about the context's project, or about something that could be there."""
    project = context["projects"][0]["project_id"]
    known = {"project_id": project, "client_id": context["client_id"], "slug": "tenant-settings"}
    path = re.sub(r"\{([a-z_]+)\}", lambda match: known.get(match[1], new_id()), row.path)
    asked = QUERY.get(row.name, "").format(project=project)
    return f"{path}?{asked}" if asked else path


async def ask(portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession, row: Route) -> Any:
    """The row's read by somebody who may."""
    role = role_of(row)
    mfa = {"required": False, "satisfied": True, "state": "satisfied", "allowed_factors": []}
    api.context = context_of(role, mfa=mfa)
    if role in INTERNAL_ROLES:
        pytest.skip("internal people reach no client in a scripted context")
    headers = portal.signed_in()
    return await Browser(browser, portal.url).ask("GET", path_of(row, api.context), headers=headers)


@pytest.mark.parametrize("row", READS, ids=lambda row: row.name)
async def test_what_the_api_refuses_is_said_in_the_rows_family(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession, row: Route
) -> None:
    fields = [FieldError("query.from", "format")]
    api.fallback = failing(errors.VALIDATION_FAILED, field_errors=fields)
    page = await ask(portal, api, browser, row)
    assert_is_error(page, family(row.method, row.path), "validation_failed")
    assert b'"query.from"' in page.body or family(row.method, row.path) == "page"


@pytest.mark.parametrize("row", READS, ids=lambda row: row.name)
async def test_what_is_no_answer_of_the_api_is_a_violation_in_the_rows_family(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession, row: Route
) -> None:
    api.fallback = PlainTextResponse("<h1>Bad gateway of a secret host</h1>", 502)
    page = await ask(portal, api, browser, row)
    assert_is_error(page, family(row.method, row.path), "upstream_contract_violation")
    assert b"secret host" not in page.body


@pytest.mark.parametrize("row", READS, ids=lambda row: row.name)
async def test_a_success_of_another_shape_is_a_violation_in_the_rows_family(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession, row: Route
) -> None:
    api.fallback = JSONResponse({"something": "else"})
    page = await ask(portal, api, browser, row)
    assert_is_error(page, family(row.method, row.path), "upstream_contract_violation")


def without_end(size: int) -> StreamingResponse:
    """So many bytes of a list that never ends."""

    async def parts() -> AsyncIterator[bytes]:
        yield b'{"projects":["'
        for _ in range(size // MIB):
            yield b"x" * MIB

    return StreamingResponse(parts(), media_type=JSON)


@pytest.mark.parametrize(
    "answer",
    [
        Response(b'{"projects":[{"project_id":"0192', media_type=JSON),
        Response(b'{"projects":NaN}', media_type=JSON),
        Response(b'{"projects":' + b"[" * 100_000 + b"]" * 100_000 + b"}", media_type=JSON),
        Response(b'\xff\xfe{"projects":[]}', media_type=JSON),
        Response(b"", media_type=JSON),
        Response(b"{}", media_type=JSON, headers={"content-length": str(100 * MIB)}),
        without_end(100 * MIB),
        JSONResponse({"projects": None}),
        JSONResponse({"projects": {}}),
        Response(status_code=204),
        Response(status_code=304),
        JSONResponse({"projects": []}, 418),
    ],
    ids=[
        "cut",
        "nan",
        "deep",
        "not utf-8",
        "empty",
        "said to be 100 MiB",
        "100 MiB",
        "null",
        "another type",
        "nothing",
        "not modified",
        "teapot",
    ],
)
async def test_a_broken_answer_is_a_violation_or_no_answer_and_never_passed_on(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession, answer: Response
) -> None:
    api.fallback = answer
    page = await ask(portal, api, browser, PROJECTS)
    assert page.json["code"] in {
        "upstream_contract_violation",
        "dependency_timeout",
        "dependency_unavailable",
    }
    assert page.status in {500, 503}


async def test_an_answer_byte_by_byte_is_given_up_with_the_budget(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async def slowly(_: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for letter in b'{"projects":[]}' * 10:
                yield bytes([letter])
                await asyncio.sleep(0.05)

        return StreamingResponse(parts(), media_type=JSON)

    api.fallback = slowly
    async with running_portal(api_url, issuer, api_timeout_ms=300.0) as portal:
        page = await ask(portal, api, browser, PROJECTS)
    assert (page.status, page.json["code"]) == (503, "dependency_timeout")
