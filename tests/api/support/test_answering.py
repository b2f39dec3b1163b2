"""Who sees which ticket, who answers, and what each side may change."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from aidial_contract.lifecycle import TICKETS
from tests.api.support.tickets import changed, failing, opened, path, seen
from tests.people import AFTER_HOURS, BAYSIDE, CLOSED, HARBOUR, NORTHSIDE, PHYSIO_LINE
from tests.support.api import World
from tests.support.askers import patiently

AT_HARBOUR = f"?client_id={HARBOUR}"


async def test_omar_answers_naming_the_client_and_alice_reads_it(world: World) -> None:
    ticket = await opened(world.alice)
    answer = await world.omar.post(f"{path(ticket)}/comments{AT_HARBOUR}", {"body": " We are on it. "})
    assert answer.status == 201, answer
    assert answer.json["comment"]["author"]["side"] == "support"
    taken = await changed(world.omar, ticket, 1, AT_HARBOUR, status="waiting_on_customer", owner="me")
    assert taken.json["ticket"]["owner"]["name"] == "Omar Example"
    found = await seen(world.alice, ticket)
    assert [one["body"] for one in found["comments"]] == ["We are on it."]
    assert (found["status"], found["version"], found["comment_count"]) == ("waiting_on_customer", 2, 1)
    given_back = await changed(world.omar, ticket, 2, AT_HARBOUR, owner=None)
    assert given_back.json["ticket"]["owner"] is None
    actions = [event["action"] for event in await world.events(ticket["ticket_id"])]
    assert actions == [
        "support.ticket.created",
        "support.comment.added",
        "support.ticket.updated",
        "support.ticket.updated",
    ]


async def test_those_who_answer_say_whose_ticket_they_mean(world: World) -> None:
    ticket = await opened(world.alice)
    for method, where, body in (
        ("GET", "/v1/tickets", None),
        ("GET", path(ticket), None),
        ("PATCH", path(ticket), {"expected_version": 1, "priority": "low"}),
        ("POST", f"{path(ticket)}/comments", {"body": "Hello"}),
    ):
        answer = await world.ada.ask(method, where, body)
        assert (answer.status, answer.code) == (400, "malformed_request")
        assert failing(answer) == {"query.client_id": "required"}
    for client_id, project in ((NORTHSIDE, ""), (CLOSED, ""), (BAYSIDE, "")):
        assert (await world.ada.get(f"{path(ticket)}?client_id={client_id}{project}")).status == 404
    listed = (await world.ada.get(f"/v1/tickets?client_id={BAYSIDE}")).json["tickets"]
    assert {one["client_id"] for one in listed} <= {BAYSIDE}
    assert (await world.ada.get(f"/v1/tickets{AT_HARBOUR}&project_id={PHYSIO_LINE}")).status == 404
    assert (await world.ada.get(f"/v1/tickets{AT_HARBOUR}&project_id={AFTER_HOURS}")).status == 200


async def test_priya_sees_her_clients_tickets_and_mallory_her_own(world: World) -> None:
    ticket = await opened(world.alice)
    assert (await seen(world.priya, ticket))["ticket_id"] == ticket["ticket_id"]
    assert (await seen(world.tom, ticket))["ticket_id"] == ticket["ticket_id"]
    for stranger in (world.mallory, world.bella, world.carla, world.nobody):
        assert (await stranger.get(path(ticket))).status == 404
        listed = await stranger.get("/v1/tickets")
        assert ticket["ticket_id"] not in listed.body.decode()


async def test_chloe_does_not_see_the_other_lines_tickets(world: World) -> None:
    ticket = await opened(world.alice, project_id=AFTER_HOURS)
    assert (await world.chloe.get(path(ticket))).status == 404
    assert ticket["ticket_id"] not in (await world.chloe.get("/v1/tickets?limit=100")).body.decode()


async def test_an_owner_is_given_by_those_who_answer(world: World) -> None:
    ticket = await opened(world.alice)
    for owner in ("me", None):
        refused = await changed(world.alice, ticket, 1, owner=owner)
        assert (refused.status, refused.code) == (404, "not_found")
    assert (await seen(world.alice, ticket))["version"] == 1


async def test_customers_reopen_resolve_and_close_and_never_wait_on_themselves(world: World) -> None:
    ticket = await opened(world.alice)
    assert ticket["allowed"] == ["waiting_on_support", "resolved", "closed"]
    refused = await changed(world.ben, ticket, 1, status="waiting_on_customer")
    assert (refused.status, refused.code) == (409, "state_conflict")
    assert refused.json["details"] == {
        "current_state": "open",
        "allowed": ["waiting_on_support", "resolved", "closed"],
    }
    for version, status in enumerate(("resolved", "open", "closed"), start=1):
        answer = await changed(world.ben, ticket, version, status=status)
        assert (answer.json["ticket"]["status"], answer.json["ticket"]["version"]) == (status, version + 1)


async def test_a_closed_ticket_takes_nothing_more(world: World) -> None:
    ticket = await opened(world.alice)
    assert (await changed(world.alice, ticket, 1, status="closed")).status == 200
    details = {"current_state": "closed", "allowed": []}
    for asker, query in ((world.alice, ""), (world.omar, AT_HARBOUR)):
        for to in ({"status": "open"}, {"status": "closed"}, {"priority": "high"}):
            refused = await changed(asker, ticket, 2, query, **to)
            assert (refused.status, refused.code, refused.json["details"]) == (409, "state_conflict", details)
        comment = await asker.post(f"{path(ticket)}/comments{query}", {"body": "One more thing"})
        assert (comment.status, comment.code, comment.json["details"]) == (409, "state_conflict", details)
    found = await seen(world.alice, ticket)
    assert (found["version"], found["comments"], found["allowed"]) == (2, [], [])


@pytest.mark.parametrize(
    ("before", "after"), [("waiting_on_customer", "waiting_on_support"), ("resolved", "open")]
)
async def test_what_a_customer_writes_puts_the_ticket_back_to_support(
    world: World, before: str, after: str
) -> None:
    ticket = await opened(world.alice)
    await changed(world.omar, ticket, 1, AT_HARBOUR, status=before)
    own = await world.omar.post(f"{path(ticket)}/comments{AT_HARBOUR}", {"body": "Still there?"})
    assert (own.json["status"], own.json["version"]) == (before, 2)
    answer = await world.chloe.post(f"{path(ticket)}/comments", {"body": "Yes."})
    assert (answer.json["status"], answer.json["version"]) == (after, 3)


async def test_a_comment_without_a_move_leaves_the_version(world: World) -> None:
    ticket = await opened(world.alice)
    assert (await world.ben.post(f"{path(ticket)}/comments", {"body": "Me too."})).json["version"] == 1
    assert (await changed(world.alice, ticket, 1, priority="high")).status == 200


async def test_a_change_says_what_it_changes(world: World) -> None:
    ticket = await opened(world.alice)
    for body in ({}, {"priority": "high"}, {"expected_version": None, "status": "open"}):
        missing = await world.alice.patch(path(ticket), body)
        assert (missing.status, missing.code) == (428, "precondition_required")
    for version in (2, 7):
        stale = await changed(world.alice, ticket, version, priority="high")
        assert (stale.status, stale.code) == (409, "version_conflict")
        assert stale.json["details"] == {"current_version": 1}
    assert failing(await changed(world.alice, ticket, 1)) == {"": "required"}
    wrong: dict[str, Any] = {"priority": "urgent", "status": 1, "owner": "ben", "expected_version": "1"}
    assert failing(await world.alice.patch(path(ticket), wrong)) == {
        "/priority": "not_allowed",
        "/status": "wrong_type",
        "/owner": "not_allowed",
        "/expected_version": "wrong_type",
    }
    assert (await seen(world.alice, ticket))["version"] == 1


async def test_fifty_writers_on_one_ticket_have_one_winner_a_version(world: World) -> None:
    ticket = await opened(world.alice)
    for version in (1, 2, 3):
        answers = await asyncio.gather(
            *(
                patiently(partial(changed, asker, ticket, version, priority=priority))
                for number, priority in enumerate(("low", "normal", "high", "low", "high") * 10)
                for asker in ((world.alice, world.ben, world.priya)[number % 3],)
            )
        )
        assert sorted(one.status for one in answers) == [200] + [409] * 49
        refused = [one.json for one in answers if one.status == 409]
        assert {one["code"] for one in refused} == {"version_conflict"}
        assert {one["details"]["current_version"] for one in refused} == {version + 1}
    updates = [one for one in await world.events(ticket["ticket_id"]) if one["action"].endswith("updated")]
    assert len(updates) == 3
    assert (await seen(world.alice, ticket))["version"] == 4


async def test_fifty_comments_at_once_are_all_there(world: World) -> None:
    ticket = await opened(world.alice)
    answers = await asyncio.gather(
        *(
            patiently(partial(world.ben.post, f"{path(ticket)}/comments", {"body": f"Comment {number}"}))
            for number in range(55)
        )
    )
    assert {one.status for one in answers} == {201}
    newest = await seen(world.alice, ticket)
    assert (newest["comment_count"], len(newest["comments"])) == (55, 50)
    earlier = await world.alice.get(f"{path(ticket)}?cursor={newest['comments_cursor']}")
    rest = earlier.json["ticket"]
    assert (len(rest["comments"]), rest["comments_cursor"]) == (5, None)
    ids = [one["comment_id"] for one in rest["comments"] + newest["comments"]]
    assert ids == sorted(ids)
    other = await opened(world.alice)
    wrong = await world.alice.get(f"{path(other)}?cursor={newest['comments_cursor']}")
    assert (wrong.status, wrong.code) == (400, "invalid_cursor")


async def test_a_comment_of_spaces_is_refused_and_a_key_makes_no_second_one(world: World) -> None:
    ticket = await opened(world.alice)
    assert failing(await world.alice.post(f"{path(ticket)}/comments", {"body": " \n"})) == {
        "/body": "too_short"
    }
    for _ in range(2):
        answer = await world.alice.post(
            f"{path(ticket)}/comments", {"body": "Once"}, idempotency_key=f"c-{ticket['ticket_id']}"
        )
        assert answer.status == 201
    assert (await seen(world.alice, ticket))["comment_count"] == 1


async def test_the_lifecycle_is_the_specifications() -> None:
    assert TICKETS.states == ("open", "waiting_on_customer", "waiting_on_support", "resolved", "closed")
