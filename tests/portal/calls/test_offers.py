"""What the call log offers to make files of, by who looks at it."""

from __future__ import annotations

import re

import pytest

from aidial_contract.shapes.downloads import SENSITIVE_COLUMNS
from tests.people import AFTER_HOURS, ALICE, BEN, CHLOE, FRONT_DESK, PRIYA, TOM, Someone
from tests.support.portal import Town

LIST = f"/calls?project_id={FRONT_DESK}"


def offer_in(html: str) -> str:
    """The dialog, a text until somebody asks for it; "" when nothing is offered."""
    found = re.search(r'<template id="export-calls">(.*?)</template>', html, re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("someone", [ALICE, BEN, CHLOE, PRIYA], ids=lambda one: one.name)
async def test_who_may_export_is_offered_the_calls_they_see(town: Town, someone: Someone) -> None:
    html = (await (await town.of(someone)).get(f"{LIST}&status=completed&limit=5")).text
    count = int(re.findall(r"Export (\d+) calls?</button>", html)[0])
    offer = offer_in(html)
    assert f'data-count="{count}"' in offer
    assert f'name="project_id" value="{FRONT_DESK}"' in offer
    assert 'name="status" value="completed"' in offer
    assert 'name="limit"' not in offer
    assert ("numbers are masked" in offer) == (someone is CHLOE)
    assert all((f'value="{name}"' in offer) == (someone is ALICE) for name in SENSITIVE_COLUMNS)
    assert ("Kept in the activity log" in offer) == (someone is ALICE)


async def test_tom_is_offered_nothing(town: Town) -> None:
    html = (await (await town.of(TOM)).get("/calls")).text
    assert "data-export" not in html
    assert "to export its calls" not in html


async def test_with_several_projects_one_is_chosen_first(town: Town) -> None:
    alice = await town.of(ALICE)
    assert "Choose a project in the top bar to export its calls." in (await alice.get("/calls")).words
    assert offer_in((await alice.get("/calls")).text) == ""
    assert offer_in((await alice.get(f"/calls?project_id={AFTER_HOURS}")).text)


async def test_a_list_without_calls_offers_no_export(town: Town) -> None:
    html = (await (await town.of(ALICE)).get(f"{LIST}&outcome=never-heard-of")).text
    assert "data-export" not in html


async def test_the_days_of_a_named_range_are_those_of_the_list(town: Town) -> None:
    offer = offer_in((await (await town.of(ALICE)).get(f"{LIST}&range=7d")).text)
    assert re.search(r'name="from" value="\d{4}-\d\d-\d\d"', offer)
    assert re.search(r'name="to" value="\d{4}-\d\d-\d\d"', offer)


@pytest.mark.parametrize("someone", [ALICE, BEN, CHLOE, PRIYA, TOM], ids=lambda one: one.name)
async def test_only_alice_is_offered_a_transcript(town: Town, someone: Someone) -> None:
    browser = await town.of(someone)
    call_id = town.calls["front-1"]
    html = (await browser.get(f"/calls?expand={call_id}")).text
    links = re.findall(r'href="(/api/calls/[^"]+)" download', html)
    wanted = [f"/api/calls/{call_id}/transcript?format={kind}" for kind in ("txt", "pdf")]
    assert links == (wanted if someone is ALICE else [])
    for link in links:
        assert (await browser.get(link)).status == 200


async def test_a_call_without_a_transcript_offers_none(town: Town) -> None:
    html = (await (await town.of(ALICE)).get(f"/calls?expand={town.calls['front-2']}")).text
    assert "/transcript?format=" not in html
