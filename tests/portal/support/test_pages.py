"""Support as pages: the list, the form, the conversation; who has a way to them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from aidial_contract.ids import new_id
from tests.people import ADA, AFTER_HOURS, ALICE, BELLA, CHLOE, FRONT_DESK, HARBOUR, PHYSIO_LINE, PRIYA
from tests.portal.support.tickets import api, opened, page
from tests.support.portal import Town
from tests.support.world_calls import new_call


async def test_alice_finds_her_ticket_on_the_list_and_opens_it(town: Town) -> None:
    alice = await town.of(ALICE)
    ticket = await opened(alice, subject="Wrong opening hours", priority="high", category="technical")
    listed = await alice.get("/support")
    assert page(ticket) in listed.links("/support/")
    assert "Wrong opening hours Technical Open High" in listed.words
    assert "New ticket" in listed.words
    shown = await alice.get(page(ticket))
    for words in (
        "Wrong opening hours",
        "callers hear nothing",
        "alice@harbour-dental.example",
        "Nobody yet",
    ):
        assert words in shown.words
    assert f'data-json="{api(ticket)}/comments"' in shown.text
    assert 'name="expected_version" value="1"' in shown.text


async def test_a_list_without_tickets_says_what_to_do(town: Town) -> None:
    bella = await town.of(BELLA)
    shown = await bella.get(f"/support?project_id={PHYSIO_LINE}&q=nothing-has-this")
    assert "No tickets match these filters" in shown.words
    assert f"/support?project_id={PHYSIO_LINE}" in shown.links("/support")
    assert "Subject nothing-has-this" in shown.words


async def test_a_filter_that_cannot_be_read_is_told_beside_the_form(town: Town) -> None:
    shown = await (await town.of(ALICE)).get("/support?status=gone")
    assert shown.status == 400
    assert "These filters need a change" in shown.words


async def test_more_tickets_are_loaded_as_rows_alone(town: Town) -> None:
    alice = await town.of(ALICE)
    made = [await opened(alice, subject=f"More {number}") for number in range(21)]
    first = await alice.get("/support?q=More")
    (more,) = {one for one in first.links("/support?") if "cursor=" in one}
    rest = await alice.get(more, hx_request="true")
    assert rest.text.lstrip().startswith("<tr")
    assert page(made[0]) in rest.text
    assert "Load more" not in rest.words


@pytest.mark.parametrize("someone", [ALICE, CHLOE, PRIYA])
async def test_the_menu_leads_to_support_between_calls_and_the_rest(town: Town, someone: object) -> None:
    shown = await (await town.of(someone)).get("/calls")  # type: ignore[arg-type]
    places = [one.partition("?")[0] for one in shown.links("/")]
    assert places.index("/calls") < places.index("/support")


async def test_ada_has_no_way_to_support_on_the_portal(town: Town) -> None:
    ada = await town.of(ADA)
    assert "/support" not in (await ada.get("/ops")).links("/support")
    assert (await ada.get("/support")).status == 404


async def test_the_form_offers_the_projects_own_calls(town: Town) -> None:
    # Of this moment: the form has the newest few, and other tests deliver too.
    after, front = [
        await town.deliver(HARBOUR, new_call(line, new_id(), age=timedelta()))
        for line in (AFTER_HOURS, FRONT_DESK)
    ]
    alice = await town.of(ALICE)
    unchosen = await alice.get("/support/new")
    assert "Which project is it about?" in unchosen.words
    assert f"/support/new?project_id={AFTER_HOURS}" in unchosen.links("/support/new")
    form = await alice.get(f"/support/new?project_id={AFTER_HOURS}")
    assert after in form.text
    assert front not in form.text
    assert "alice@harbour-dental.example is always told" in form.words
    chloes = await (await town.of(CHLOE)).get("/support/new")
    assert front in chloes.text
    assert "0291 234 567" not in chloes.words
    assert (await (await town.of(CHLOE)).get(f"/support/new?project_id={AFTER_HOURS}")).status == 404


async def test_support_answers_and_the_page_says_who(town: Town) -> None:
    alice, ada = await town.of(ALICE), await town.at_v1(ADA)
    ticket = await opened(alice)
    where = f"/v1/tickets/{ticket['ticket_id']}"
    query = f"?client_id={HARBOUR}"
    said = await ada.post(f"{where}/comments{query}", {"body": "Try <b>again</b>, please."})
    assert said.status == 201
    taken = {"expected_version": 1, "owner": "me", "status": "waiting_on_customer"}
    assert (await ada.patch(where + query, taken)).status == 200
    shown = await alice.get(page(ticket))
    assert "Ada Example , AiDial support" in shown.words
    assert "Try &lt;b&gt;again&lt;/b&gt;, please." in shown.text
    assert "Waiting on you" in shown.words
    assert "Handled by Ada Example" in shown.words
    closed = await alice.change("PATCH", api(ticket), {"expected_version": 2, "status": "closed"})
    assert closed.status == 200
    end = await alice.get(page(ticket))
    assert "takes no more comments" in end.words
    assert "data-json" not in end.text


async def test_a_long_conversation_shows_its_newest_part_and_leads_to_the_rest(town: Town) -> None:
    alice = await town.of(ALICE)
    ticket = await opened(alice)
    at_v1 = await town.at_v1(ALICE)
    for number in range(0, 55, 11):
        said = [
            at_v1.post(f"/v1/tickets/{ticket['ticket_id']}/comments", {"body": f"Comment {number + one}."})
            for one in range(11)
        ]
        await asyncio.gather(*said)
    shown = await alice.get(page(ticket))
    assert shown.text.count("ticket-said ") == 51
    (earlier,) = shown.links(f"{page(ticket)}?cursor=")
    before = await alice.get(earlier)
    assert before.text.count("ticket-said ") == 6
    assert "Back to the newest" in before.words


async def test_the_activity_log_leads_to_the_ticket(town: Town) -> None:
    alice = await town.of(ALICE)
    ticket = await opened(alice)
    log = await alice.get("/audit-log?preset=support")
    assert "Opened a support ticket" in log.words
    assert page(ticket) in log.links("/support/")
    assert ticket["project_id"] == FRONT_DESK
