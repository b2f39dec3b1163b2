"""Exports and transcripts through the portal, from the real API: whose they are, and what they say."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import StringIO

import pytest

from aidial_contract.shapes.downloads import FULL_COLUMNS, METADATA_COLUMNS
from aidial_portal.app import create_app
from aidial_portal.kernel.provider import Provider
from tests.people import ADA, ALICE, BEN, CHLOE, FRONT_DESK, MALLORY, NORTHSIDE_LINE, PRIYA, TOM, Someone
from tests.portal.kernel.scripted import free_socket, served
from tests.support.api import running_api
from tests.support.portal import Browser, Page, Town
from tests.support.world_calls import CALLER

EXPORT = f"/api/calls/export?project_id={FRONT_DESK}"


def rows_of(page: Page) -> list[dict[str, str]]:
    """The lines of an export."""
    assert page.status == 200, page.text
    assert page.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(page.body.decode(), newline="")))


@asynccontextmanager
async def limited(town: Town, someone: Someone, **limits: str) -> AsyncIterator[Browser]:
    """Somebody at one more portal before one more API, whose limits are smaller."""
    names = {f"AIDIAL_LIMIT_{name.upper()}": value for name, value in limits.items()}
    listener, port = free_socket()
    async with running_api(town.environ | names) as api:
        settings = replace(town.settings, api_base_url=api.url, hosts=(f"127.0.0.1:{port}",))
        async with served(create_app(settings, issuer=Provider), listener):
            browser = await town.of(someone)
            yield Browser(browser.http, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("someone", "number", "columns"),
    [
        (ALICE, f"'{CALLER}", METADATA_COLUMNS + FULL_COLUMNS),
        (BEN, f"'{CALLER}", METADATA_COLUMNS),
        (CHLOE, "'+61 ... 567", METADATA_COLUMNS),
        (PRIYA, f"'{CALLER}", METADATA_COLUMNS),
    ],
    ids=["alice", "ben", "chloe", "priya"],
)
async def test_everybody_gets_the_columns_of_their_role(
    town: Town, someone: Someone, number: str, columns: tuple[str, ...]
) -> None:
    page = await (await town.of(someone)).get(EXPORT)
    rows = rows_of(page)
    assert tuple(rows[0]) == columns
    assert next(row for row in rows if row["external_id"] == "front-1")["from_number"] == number
    assert 'filename="calls-front-desk-2' in page.headers["content-disposition"]


@pytest.mark.parametrize("someone", [TOM, ADA, MALLORY], ids=["tom", "ada", "mallory"])
async def test_the_others_find_nothing(town: Town, someone: Someone) -> None:
    assert (await (await town.of(someone)).get(EXPORT)).status == 404


async def test_a_rivals_calls_are_in_nobodys_export(town: Town) -> None:
    alice = await town.of(ALICE)
    assert (await alice.get(f"/api/calls/export?project_id={NORTHSIDE_LINE}")).status == 404
    assert (await alice.get(f"{EXPORT}&client_id=northside-dental")).status == 404
    canary = town.calls["northside-1"]
    for query in ("", "&sort=duration", "&agent=reception", "&caller=567", "&status=completed"):
        assert canary not in (await alice.get(EXPORT + query)).text


async def test_ben_may_not_ask_for_sensitive_columns_and_alice_says_why(town: Town) -> None:
    asked = f"{EXPORT}&include=summary"
    assert (await (await town.of(BEN)).get(f"{asked}&reason=x")).status == 404
    alice = await town.of(ALICE)
    silent = await alice.get(asked)
    assert (silent.status, silent.json["error"]) == (422, "validation_failed")
    assert silent.json["field_errors"][0]["field"] == "query.reason"
    assert list(rows_of(await alice.get(f"{asked}&reason=audit"))[0])[-1] == "summary"


async def test_a_project_has_to_be_chosen_first(town: Town) -> None:
    for path in ("/api/calls/export", "/api/calls/export?status=missed"):
        page = await (await town.of(ALICE)).get(path)
        assert (page.status, page.json["error"]) == (422, "validation_failed")
        assert [one["field"] for one in page.json["field_errors"]] == ["query.project_id"]


async def test_too_many_calls_say_how_to_narrow_them(town: Town) -> None:
    async with limited(town, ALICE, call_export_rows="1") as alice:
        page = await alice.get(EXPORT)
    assert (page.status, page.json["error"]) == (413, "export_too_large")
    assert page.json["details"]["matching"] >= 2
    assert page.json["details"]["limit"] == 1
    assert "from" in page.json["details"]["narrow_by"]


async def test_alice_downloads_a_transcript_as_text_and_as_pdf(town: Town) -> None:
    alice = await town.of(ALICE)
    call_id = town.calls["front-1"]
    path = f"/api/calls/{call_id}/transcript"
    for query, media_type, begins in (
        ("", "text/plain; charset=utf-8", b"Transcript\n"),
        ("?format=txt", "text/plain; charset=utf-8", b"Transcript\n"),
        ("?format=pdf", "application/pdf", b"%PDF-"),
    ):
        page = await alice.get(path + query)
        assert (page.status, page.headers["content-type"]) == (200, media_type)
        assert page.body.startswith(begins)
        name = f"transcript-{call_id}.{'pdf' if 'pdf' in query else 'txt'}"
        assert page.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert (await alice.get(f"{path}?format=docx")).json["error"] == "unsupported_query_value"
    assert (await alice.get(f"{path}?format=pdf", accept="text/plain")).status == 406


@pytest.mark.parametrize("someone", [BEN, CHLOE, PRIYA, TOM, ADA, MALLORY], ids=lambda one: one.name)
async def test_nobody_else_downloads_a_transcript(town: Town, someone: Someone) -> None:
    page = await (await town.of(someone)).get(f"/api/calls/{town.calls['front-1']}/transcript?format=txt")
    assert page.status == 404


async def test_a_call_without_a_transcript_says_so(town: Town) -> None:
    page = await (await town.of(ALICE)).get(f"/api/calls/{town.calls['front-2']}/transcript")
    assert (page.status, page.json["error"]) == (409, "state_conflict")
    assert page.json["details"]["current_state"] == "missing"


async def test_a_transcript_too_long_for_a_pdf_says_which_format_would_do(town: Town) -> None:
    async with limited(town, ALICE, transcript_pdf="10") as alice:
        page = await alice.get(f"/api/calls/{town.calls['front-1']}/transcript?format=pdf")
    assert (page.status, page.json["error"]) == (413, "transcript_too_large")
    assert page.json["details"]["alternative_formats"] == ["txt"]
