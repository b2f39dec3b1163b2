"""A read that the API writes down as a look is asked once: an answer that was lost may have been counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from starlette.responses import JSONResponse

from aidial_api.routes import TABLE
from aidial_contract import errors
from aidial_contract.ids import new_id
from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    context_of,
    failing,
    free_socket,
    running_portal,
)

PROJECT = context_of()["projects"][0]["project_id"]
CALL, OTHER = new_id(), new_id()
OF_CLIENTS = (
    f"/api/calls/export?project_id={PROJECT}",
    f"/api/calls/{CALL}/transcript?format=pdf",
    f"/api/calls/{CALL}/pii-unlocks/{OTHER}/reveal",
    f"/calls/{CALL}/pii-unlocks/{OTHER}",
    "/api/compliance/audit-events",
    "/audit-log",
    f"/api/billing/invoices/{OTHER}/pdf",
    f"/api/reports/{OTHER}/pdf",
    f"/api/account-exports/{OTHER}/download",
)
OF_AIDIAL = tuple(
    f"{begins}/ops/{word}"
    for begins in ("/api", "")
    for word in ("tenants", "sessions", "jobs", "tickets", "outbox")
)
NO_LOOKS = frozenset({"billing.usage", "recordings.play", "recordings.fetch"})
"""They write, but nobody's look: what the provider said last, and when an address was used first."""


@asynccontextmanager
async def losing(role: str) -> AsyncIterator[tuple[RunningPortal, list[str]]]:
    """A portal whose API knows the session and loses every other answer; and what it was asked."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ")[1].decode().partition("?")[0]
                if path != "/v1/session-context":
                    asked.append(path)
                    return
                body = json.dumps(context_of(role)).encode()
                told = f"content-type: application/json\r\ncontent-length: {len(body)}"
                writer.write(f"HTTP/1.1 200 OK\r\n{told}\r\n\r\n".encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    listener, port = free_socket()
    async with (
        await asyncio.start_server(serve, sock=listener),
        running_portal(f"http://127.0.0.1:{port}", ScriptedIssuer()) as portal,
    ):
        yield portal, asked


def recorded(path: str) -> str:
    """The name of the API's row of a path, where the row records looks; else nothing."""
    match = TABLE.match(path)
    row = match.rows.get("GET") if match is not None else None
    return row.name if row is not None and row.records and row.name not in NO_LOOKS else ""


@pytest.mark.parametrize(
    ("role", "paths"), [("client_admin", OF_CLIENTS), ("aidial_admin", OF_AIDIAL)], ids=["clients", "aidial"]
)
async def test_what_is_written_down_as_a_look_is_asked_once(
    browser: aiohttp.ClientSession, role: str, paths: tuple[str, ...]
) -> None:
    for path in paths:
        async with (
            losing(role) as (portal, asked),
            browser.get(portal.url + path, headers=portal.signed_in(), allow_redirects=False) as answer,
        ):
            assert answer.status == 503, path
        assert [bool(recorded(one)) for one in asked].count(True) == 1, (path, asked)


def test_every_read_that_is_written_down_is_among_them() -> None:
    """Whoever adds one to the API says `records=True` where the portal asks for it, and names it above."""
    names = {row.name for row in TABLE.rows if row.records} - NO_LOOKS
    assert names == {
        "account_exports.download",
        "audit.list",
        "billing.invoice_pdf",
        "calls.download_transcript",
        "calls.export",
        "ops.jobs",
        "ops.outbox",
        "ops.sessions",
        "ops.tenants",
        "ops.tickets",
        "reports.pdf",
        "unlocks.reveal",
    }


async def test_another_read_is_still_asked_twice(browser: aiohttp.ClientSession) -> None:
    async with (
        losing("client_admin") as (portal, asked),
        browser.get(f"{portal.url}/api/calls/{CALL}/pii-unlocks", headers=portal.signed_in()) as answer,
    ):
        assert answer.status == 503
    assert asked == [f"/v1/calls/{CALL}/pii-unlocks"] * 2


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (errors.NOT_FOUND, 404),
        (errors.STATE_CONFLICT, 409),
        (errors.RATE_LIMITED, 429),
        (errors.STORAGE_UNAVAILABLE, 503),
    ],
)
async def test_a_refused_head_is_refused_alike_and_opens_no_circuit(
    portal: RunningPortal,
    api: ScriptedApi,
    browser: aiohttp.ClientSession,
    row: errors.ErrorRow,
    status: int,
) -> None:
    api.answers[f"HEAD /v1/calls/{CALL}/transcript/download"] = failing(row)
    for _ in range(6):
        url = f"{portal.url}/api/calls/{CALL}/transcript"
        async with browser.head(url, headers=portal.signed_in()) as answer:
            assert answer.status == status
    api.answers["GET /v1/projects"] = JSONResponse({"projects": []})
    async with browser.get(f"{portal.url}/api/projects", headers=portal.signed_in()) as answer:
        assert answer.status == 200
