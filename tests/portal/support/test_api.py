"""Tickets as JSON: the shapes other tools rely on, and refusals in the family of support."""

from __future__ import annotations

from typing import Any

import pytest

from aidial_contract.ids import new_id
from aidial_contract.limits import Numbers
from tests.people import AFTER_HOURS, ALICE, BEN, CHLOE, HARBOUR, MALLORY, NORTHSIDE, NORTHSIDE_LINE, PRIYA
from tests.portal.support.tickets import TICKETS, api, opened
from tests.support.portal import Page, Town
from tests.support.tickets import new_ticket
from tests.together.newcomers import another_portal, at


def refused(page: Page, status: int, code: str) -> dict[str, Any]:
    """The error of the support family: what is inside, with what stands beside it."""
    assert page.status == status, page.text
    assert set(page.json) <= {"error", "request_id", "retry_after_ms"}
    error: dict[str, Any] = page.json["error"]
    assert set(error) <= {"code", "message", "field_errors", "details"}
    assert error["code"] == code
    return error


async def test_alice_opens_comments_changes_and_reads(town: Town) -> None:
    alice = await town.of(ALICE)
    ticket = await opened(alice, call_ids=[town.calls["front-1"]])
    assert (ticket["status"], ticket["version"], ticket["client_id"]) == ("open", 1, HARBOUR)
    comment = await alice.change("POST", f"{api(ticket)}/comments", {"body": " And again. "})
    assert comment.status == 201
    assert comment.json["comment"]["body"] == "And again."
    changed = await alice.change("PATCH", api(ticket), {"expected_version": 1, "status": "resolved"})
    assert (changed.status, changed.json["ticket"]["version"]) == (200, 2)
    found = (await alice.get(api(ticket))).json["ticket"]
    assert (found["status"], [one["body"] for one in found["comments"]]) == ("resolved", ["And again."])
    listed = (await (await town.of(BEN)).get(f"{TICKETS}?status=resolved")).json
    assert ticket["ticket_id"] in [one["ticket_id"] for one in listed["tickets"]]
    assert "body" not in listed["tickets"][0]


async def test_a_version_is_named_and_current(town: Town) -> None:
    alice = await town.of(ALICE)
    ticket = await opened(alice)
    refused(await alice.change("PATCH", api(ticket), {"status": "closed"}), 428, "precondition_required")
    stale = await alice.change("PATCH", api(ticket), {"expected_version": 4, "status": "closed"})
    assert refused(stale, 409, "version_conflict")["details"] == {"current_version": 1}
    assert (
        await alice.change("PATCH", api(ticket), {"expected_version": 1, "status": "closed"})
    ).status == 200
    late = await alice.change("PATCH", api(ticket), {"expected_version": 2, "status": "open"})
    assert refused(late, 409, "state_conflict")["details"] == {"current_state": "closed", "allowed": []}
    comment = await alice.change("POST", f"{api(ticket)}/comments", {"body": "Too late"})
    refused(comment, 409, "state_conflict")


async def test_every_failing_field_is_named_inside_the_error(town: Town) -> None:
    alice = await town.of(ALICE)
    wrong = new_ticket(priority="urgent", subject=" ", recipients=["nobody"])
    error = refused(await alice.change("POST", TICKETS, wrong), 422, "validation_failed")
    assert {one["field"] for one in error["field_errors"]} == {"/priority", "/subject", "/recipients/0"}
    told = await alice.change("POST", TICKETS, new_ticket(recipients=["mallory@northside-dental.example"]))
    error = refused(told, 422, "validation_failed")
    assert [(one["field"], one["code"]) for one in error["field_errors"]] == [
        ("/recipients/0", "not_allowed")
    ]
    ticket = await opened(alice)
    blank = await alice.change("POST", f"{api(ticket)}/comments", {"body": " \n "})
    assert refused(blank, 422, "validation_failed")["field_errors"][0]["field"] == "/body"
    refused(await alice.change("POST", TICKETS, b"{"), 400, "malformed_json")
    listed = await alice.get(f"{TICKETS}?status=gone")
    assert refused(listed, 400, "unsupported_query_value")["field_errors"][0]["field"] == "query.status"


@pytest.mark.parametrize(
    "wrong",
    [
        {"project_id": NORTHSIDE_LINE},
        {"project_id": "01930000-0000-7000-8000-999999999999"},
        {"project_id": "nonsense"},
        {"call_ids": ["after-1"]},
        {"call_ids": ["northside-1"]},
        {"call_ids": ["nonsense"]},
    ],
    ids=str,
)
async def test_ids_in_the_body_out_of_scope_are_one_404(town: Town, wrong: dict[str, Any]) -> None:
    named = {**wrong, "call_ids": [town.calls.get(one, one) for one in wrong.get("call_ids", [])]}
    page = await (await town.of(ALICE)).change("POST", TICKETS, new_ticket(**named))
    refused(page, 404, "not_found")
    assert set(page.json["error"]) == {"code", "message"}


async def test_priya_sees_her_clients_tickets_and_mallory_does_not(town: Town) -> None:
    ticket = await opened(await town.of(ALICE))
    priya, mallory = await town.of(PRIYA), await town.of(MALLORY)
    assert (await priya.get(api(ticket))).status == 200
    assert ticket["ticket_id"] in (await priya.get(f"{TICKETS}?client_id={HARBOUR}")).text
    refused(await priya.get(f"{TICKETS}?client_id={NORTHSIDE}"), 404, "not_found")
    refused(await mallory.get(api(ticket)), 404, "not_found")
    assert ticket["ticket_id"] not in (await mallory.get(TICKETS)).text


async def test_chloe_neither_sees_nor_opens_tickets_of_the_other_line(town: Town) -> None:
    ticket = await opened(await town.of(ALICE), project_id=AFTER_HOURS)
    chloe = await town.of(CHLOE)
    refused(await chloe.get(api(ticket)), 404, "not_found")
    refused(await chloe.change("POST", f"{api(ticket)}/comments", {"body": "Hello"}), 404, "not_found")
    refused(await chloe.change("POST", TICKETS, new_ticket(AFTER_HOURS)), 404, "not_found")


async def test_an_owner_is_not_the_customers_to_say(town: Town) -> None:
    alice = await town.of(ALICE)
    ticket = await opened(alice)
    refused(
        await alice.change("PATCH", api(ticket), {"expected_version": 1, "owner": "me"}), 404, "not_found"
    )


async def test_the_same_click_twice_opens_one_ticket(town: Town) -> None:
    alice = await town.of(ALICE)
    body, key = new_ticket(subject="One click"), new_id()
    first = await alice.change("POST", TICKETS, body, idempotency_key=key)
    again = await alice.change("POST", TICKETS, body, idempotency_key=key)
    assert first.json == again.json
    other = await alice.change("POST", TICKETS, new_ticket(subject="Another"), idempotency_key=key)
    refused(other, 409, "idempotency_conflict")


async def test_the_twenty_first_comment_in_a_minute_waits(town: Town) -> None:
    alice = await town.of(ALICE)
    ticket = await opened(alice)
    token = (await alice.get("/api/session/csrf")).json["csrf_token"]
    cookies = "; ".join(f"{one.key}={one.value}" for one in alice.http.cookie_jar)
    sent = {
        "x-csrf-token": token,
        "sec-fetch-site": "same-origin",
        "content-type": "application/json",
        "cookie": cookies,
    }
    async with another_portal(town, numbers=Numbers()) as url, town.stranger() as browser:
        limited = at(browser, url)
        answers = [
            await limited.ask("POST", f"{api(ticket)}/comments", headers=sent, data=b'{"body":"Words"}')
            for _ in range(21)
        ]
    assert [one.status for one in answers] == [201] * 20 + [429]
    last = answers[-1]
    refused(last, 429, "rate_limited")
    assert -(-last.json["retry_after_ms"] // 1_000) == int(last.headers["retry-after"])
