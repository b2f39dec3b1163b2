"""The shared dialogues, delivered as a runtime delivers calls: who reads them in a browser, and who does not.

The one thing a newcomer would get wrong: they go into a demo of their own. Eight hundred more calls of
Alice's would change what every other test counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, StorageState, expect

from aidial.ingest import ingest_file
from tests.aidial.demo.running import Demo
from tests.browser.conftest import PATIENT, OpenVisitor, people_of
from tests.browser.test_calls import FULL_NUMBER, review, rows
from tests.browser.test_roles import MADE_UP, MASKED, callers
from tests.browser.visitor import Person, Visitor
from tests.support.dialogues import DIALOGUES, needs_dialogues, read_dialogues, said_numbers

pytestmark = needs_dialogues


@dataclass(frozen=True, slots=True)
class Ingested:
    """The line the dialogues went to, and each of them by its id."""

    project_id: str
    timezone: str
    dialogues: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def manifest(chromium_path: str, start_demo: Callable[..., Demo]) -> dict[str, Any]:
    return start_demo("--calls", "1", env=PATIENT).manifest


@pytest.fixture(scope="module")
def people(manifest: dict[str, Any]) -> dict[str, Person]:
    return people_of(manifest)


@pytest.fixture(scope="module")
def kept_states() -> dict[str, StorageState]:
    return {}


@pytest.fixture(scope="module")
def ingested(manifest: dict[str, Any], people: dict[str, Person]) -> Ingested:
    """Everything in, by the line that Alice and Chloe share."""
    project_id = people["alice"].project_ids[0]
    client = next(
        one
        for one in manifest["clients"]
        if project_id in {project["project_id"] for project in one["projects"]}
    )
    (timezone,) = (one["timezone"] for one in client["projects"] if one["project_id"] == project_id)
    key = next(
        one["key"]
        for one in manifest["api_keys"]
        if (one["client_id"], one["scope"]) == (client["client_id"], "manage")
    )
    dialogues = {one["id"]: one for one in read_dialogues()}
    report = ingest_file(DIALOGUES, manifest["api_url"], key, project_id)
    assert (report.created, report.refused) == (len(dialogues), [])
    return Ingested(project_id, timezone, dialogues)


async def every_call(visitor: Visitor) -> list[dict[str, Any]]:
    """All that somebody's list holds, a hundred calls a page."""
    calls: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await visitor.ask("/api/calls?limit=100" + (f"&cursor={cursor}" if cursor else ""))
        calls += page["calls"]
        cursor = page["next_cursor"]
    return calls


async def told(visitor: Visitor, ingested: Ingested) -> dict[str, Any]:
    """The call of a dialogue in which a phone number is said, as it is listed for somebody."""
    spoken = {name for name, dialogue in ingested.dialogues.items() if said_numbers(dialogue)}
    return next(call for call in await every_call(visitor) if call["external_id"] in spoken)


async def find(visitor: Visitor, project_id: str, call: dict[str, Any], *filters: tuple[str, str]) -> Locator:
    """Fill in the filters of a line's calls by their labels, as a person does; the row of the call."""
    await visitor.go(f"/calls?project_id={project_id}")
    await visitor.page.get_by_text("More filters").click()
    for label, value in filters:
        await visitor.page.get_by_label(label, exact=True).fill(value)
    await visitor.page.get_by_role("button", name="Apply filters").click()
    await expect(visitor.page.get_by_role("link", name="Remove the filter From")).to_be_visible()
    await visitor.ready()
    return visitor.page.locator(f"tr.row-item[data-call='{call['call_id']}']")


def day_of(call: dict[str, Any], ingested: Ingested) -> list[tuple[str, str]]:
    """The filters of somebody who knows the day."""
    day = datetime.fromisoformat(call["started_at"]).astimezone(ZoneInfo(ingested.timezone)).date()
    return [("From", day.isoformat()), ("To", day.isoformat())]


async def read_turns(visitor: Visitor, dialogue: dict[str, Any]) -> None:
    """Read the open call: it is the dialogue word for word, but for what was removed of it."""
    said = review(visitor).get_by_role("list", name="Conversation").get_by_role("listitem")
    await expect(said).to_have_count(len(dialogue["turns"]))
    removed = 0
    for shown, turn in zip(await said.all(), dialogue["turns"], strict=True):
        words = shown.locator(".turn-text")
        if await words.locator(".redaction").count():
            removed += 1
        else:
            assert (await words.inner_text()).split() == turn["text"].split()
        who = {"caller": "Caller", "agent": "Agent"}[turn["speaker"]]
        await expect(shown.locator(".turn-who")).to_have_text(who)
    assert 0 < removed < len(dialogue["turns"])
    text = await review(visitor).inner_text()
    assert [number for number in said_numbers(dialogue) if number in text] == []


async def test_alice_finds_a_dialogue_by_day_and_caller_and_reads_it(
    visit: OpenVisitor, ingested: Ingested
) -> None:
    alice = await visit("alice")
    calls = await every_call(alice)
    assert {call["external_id"] for call in calls} >= ingested.dialogues.keys()
    call = await told(alice, ingested)
    known = [*day_of(call, ingested), ("Caller", call["from_number"][-6:])]
    row = await find(alice, ingested.project_id, call, *known)
    await expect(row).to_be_visible()
    await row.locator("a").click()
    await expect(review(alice).get_by_role("heading", level=2)).to_have_text(FULL_NUMBER)
    await read_turns(alice, ingested.dialogues[call["external_id"]])


async def test_chloe_reads_the_same_and_no_callers_number(visit: OpenVisitor, ingested: Ingested) -> None:
    alice, chloe = await visit("alice"), await visit("chloe")
    whole = {call["external_id"]: call["from_number"] for call in await every_call(alice)}
    masked = {
        call["external_id"]: call["from_number"]
        for call in await every_call(chloe)
        if call["external_id"] in ingested.dialogues
    }
    assert masked.keys() == ingested.dialogues.keys()
    assert [number for number in masked.values() if not MASKED.match(number)] == []
    call = await told(chloe, ingested)
    row = await find(chloe, ingested.project_id, call, *day_of(call, ingested))
    await expect(row).to_be_visible()
    assert [word for word in await callers(chloe) if not MASKED.match(word)] == []
    await row.locator("a").click()
    await expect(review(chloe).get_by_role("heading", level=2)).to_have_text(MASKED)
    await read_turns(chloe, ingested.dialogues[call["external_id"]])
    number = whole[call["external_id"]]
    page = "".join((await chloe.page.content()).split())
    assert [one for one in (number, f"0{number.removeprefix('+61')}") if one in page] == []


async def test_mallory_finds_no_trace_of_them(
    visit: OpenVisitor, ingested: Ingested, people: dict[str, Person]
) -> None:
    alice, mallory = await visit("alice"), await visit("mallory")
    theirs = {call["call_id"] for call in await every_call(alice)}
    seen = await every_call(mallory)
    assert not theirs & {call["call_id"] for call in seen}
    assert not ingested.dialogues.keys() & {call["external_id"] for call in seen}
    call = await told(alice, ingested)
    known = [*day_of(call, ingested), ("Caller", call["from_number"][-6:])]
    await find(mallory, people["mallory"].project_ids[0], call, *known)
    await expect(mallory.page.get_by_text("No calls match these filters")).to_be_visible()
    await expect(rows(mallory)).to_have_count(0)
    for call_id in (call["call_id"], MADE_UP):
        for path in (f"/calls/{call_id}", f"/calls?expand={call_id}"):
            assert await mallory.go(path) == 404
            await expect(review(mallory)).to_have_count(0)
            await expect(mallory.page.get_by_role("heading", level=1)).to_have_text(
                "There is nothing to see here"
            )
        for path in (f"/api/calls/{call_id}/preview", f"/api/calls/{call_id}/transcript?format=txt"):
            assert (await mallory.context.request.get(mallory.portal_url + path)).status == 404
    assert await mallory.go(f"/calls?project_id={ingested.project_id}") == 404


async def test_whoever_is_not_signed_in_is_sent_to_sign_in(visit: OpenVisitor, ingested: Ingested) -> None:
    alice, anybody = await visit("alice"), await visit()
    call = await told(alice, ingested)
    for path in ("/calls", f"/calls/{call['call_id']}", f"/calls?expand={call['call_id']}"):
        assert await anybody.go(path) == 200
        assert anybody.path.startswith("/sign-in?callbackUrl=")
        await expect(anybody.page.get_by_role("heading", name="Sign in")).to_be_visible()
        await expect(review(anybody)).to_have_count(0)
    answer = await anybody.context.request.get(f"{anybody.portal_url}/api/calls/{call['call_id']}/preview")
    assert answer.status == 401
