"""Opening a ticket: what it takes, who hears of it, what is kept of what people type."""

from __future__ import annotations

from typing import Any

import pytest

from aidial_contract.ids import new_id
from tests.api.support.tickets import failing, opened, path, seen
from tests.people import AFTER_HOURS, FRONT_DESK, HARBOUR, NORTHSIDE_LINE, PHYSIO_LINE
from tests.support.api import World
from tests.support.tickets import new_ticket


async def test_alice_opens_a_ticket_and_ben_reads_it(world: World) -> None:
    answer = await world.alice.post(
        "/v1/tickets",
        new_ticket(subject="  No sound  ", body=" Silence.\n", call_ids=[world.calls["front-1"]]),
    )
    assert answer.status == 201
    ticket = answer.json["ticket"]
    assert answer.headers["location"] == path(ticket)
    assert (ticket["status"], ticket["version"], ticket["client_id"]) == ("open", 1, HARBOUR)
    assert (ticket["subject"], ticket["body"]) == ("No sound", "Silence.")
    assert ticket["created_by"] == {
        "user_id": world.alice.user_id,
        "name": "Alice Example",
        "side": "customer",
    }
    assert ticket["recipients"] == ["alice@harbour-dental.example"]
    assert ticket["call_ids"] == [world.calls["front-1"]]
    assert await seen(world.ben, ticket) == ticket


async def test_opening_is_an_event_that_holds_no_text(world: World) -> None:
    ticket = await opened(world.alice, subject="Words of a subject", body="Words of a body")
    (event,) = await world.events(ticket["ticket_id"])
    assert (event["action"], event["client_id"], str(event["project_id"])) == (
        "support.ticket.created",
        HARBOUR,
        FRONT_DESK,
    )
    assert "Words" not in repr(dict(event))


async def test_every_field_that_fails_is_named_at_once(world: World) -> None:
    wrong = new_ticket(
        priority="urgent",
        category="",
        subject=" \n ",
        body="\t",
        recipients=["nobody", "a@b", "A@b "],
        more=1,
    )
    del wrong["project_id"]
    assert failing(await world.alice.post("/v1/tickets", wrong)) == {
        "/project_id": "required",
        "/priority": "not_allowed",
        "/category": "not_allowed",
        "/subject": "too_short",
        "/body": "too_short",
        "/recipients/0": "format",
        "/recipients/2": "repeated",
        "/more": "unknown",
    }
    many = new_ticket(call_ids=[new_id() for _ in range(6)], subject="x" * 201, body="\0")
    assert failing(await world.alice.post("/v1/tickets", many)) == {
        "/call_ids": "too_long",
        "/subject": "too_long",
        "/body": "control_characters",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"project_id": NORTHSIDE_LINE},
        {"project_id": PHYSIO_LINE},
        {"project_id": "nonsense"},
        {"call_ids": ["northside-1"]},
        {"call_ids": ["after-1"]},
        {"call_ids": ["front-1", "after-1"]},
        {"call_ids": ["missing"]},
    ],
    ids=str,
)
async def test_projects_and_calls_out_of_scope_are_404_after_the_other_fields(
    world: World, wrong: dict[str, Any]
) -> None:
    """A call of the right tenant and another project is as foreign as a rival's."""
    named = {**wrong, "call_ids": [world.calls.get(one, one) for one in wrong.get("call_ids", [])]}
    answer = await world.alice.post("/v1/tickets", new_ticket(**named))
    assert (answer.status, answer.code) == (404, "not_found")
    answer = await world.alice.post("/v1/tickets", new_ticket(**named, body=" "))
    assert failing(answer) == {"/body": "too_short"}


async def test_chloe_opens_tickets_about_her_own_line_only(world: World) -> None:
    assert (await world.chloe.post("/v1/tickets", new_ticket())).status == 201
    assert (await world.chloe.post("/v1/tickets", new_ticket(AFTER_HOURS))).status == 404


async def test_recipients_are_verified_people_who_reach_the_project(world: World) -> None:
    ticket = await opened(
        world.alice, recipients=["BEN@harbour-dental.example ", "alice@harbour-dental.example"]
    )
    assert ticket["recipients"] == ["alice@harbour-dental.example", "ben@harbour-dental.example"]
    partners = await opened(world.priya, recipients=["tom@southern-cross-voice.example"])
    assert partners["recipients"] == [
        "priya@southern-cross-voice.example",
        "tom@southern-cross-voice.example",
    ]


@pytest.mark.parametrize(
    ("why", "address", "project_id"),
    [
        ("a stranger", "nobody-at-all@harbour-dental.example", FRONT_DESK),
        ("the rival's", "mallory@northside-dental.example", FRONT_DESK),
        ("the partner's other client's", "bella@bayside-physio.example", FRONT_DESK),
        ("suspended", "nobody@harbour-dental.example", FRONT_DESK),
        ("of AiDial", "ada@aidial.example", FRONT_DESK),
        ("a colleague who does not reach it", "chloe@harbour-dental.example", AFTER_HOURS),
    ],
)
async def test_a_refused_recipient_looks_like_one_that_does_not_exist(
    world: World, why: str, address: str, project_id: str
) -> None:
    unknown = await world.alice.post("/v1/tickets", new_ticket(project_id, recipients=["who@where.example"]))
    answer = await world.alice.post("/v1/tickets", new_ticket(project_id, recipients=[address]))
    assert failing(answer) == {"/recipients/0": "not_allowed"}, why
    bodies = [one.body.replace(one.headers["x-request-id"].encode(), b"") for one in (answer, unknown)]
    assert bodies[0] == bodies[1]


async def test_a_colleague_who_never_signed_in_is_not_verified(world: World) -> None:
    await world.sql(
        "INSERT INTO users (user_id, issuer, email) VALUES ($1, 'https://elsewhere.example', $2)",
        user_id := new_id(),
        email := f"new-{user_id}@harbour-dental.example",
    )
    await world.sql(
        "INSERT INTO memberships (user_id, role, client_id) VALUES ($1, 'client_staff', $2)", user_id, HARBOUR
    )
    await world.sql("INSERT INTO assignments (client_id, user_id) VALUES ($1, $2)", HARBOUR, user_id)
    refused = await world.alice.post("/v1/tickets", new_ticket(recipients=[email]))
    assert failing(refused) == {"/recipients/0": "not_allowed"}
    await world.sql("UPDATE users SET subject = $2 WHERE user_id = $1", user_id, user_id)
    assert (await world.alice.post("/v1/tickets", new_ticket(recipients=[email]))).status == 201


async def test_bodies_are_kept_as_typed_and_encrypted_and_subjects_are_redacted(world: World) -> None:
    typed = "Call me back on 0412 345 678, please."
    ticket = await opened(world.alice, subject="Ring 0412 345 678", body=typed)
    assert (ticket["subject"], ticket["body"]) == ("Ring [PHONE]", typed)
    comment = await world.alice.post(f"{path(ticket)}/comments", {"body": typed})
    assert comment.json["comment"]["body"] == typed
    stored = await world.sql(
        "SELECT t::text AS ticket, c::text AS comment FROM tickets t JOIN ticket_comments c"
        " USING (client_id, ticket_id) WHERE t.ticket_id = $1",
        ticket["ticket_id"],
    )
    assert "345 678" not in stored[0]["ticket"]
    for text in (stored[0]["ticket"], stored[0]["comment"]):
        assert typed.encode().hex() not in text
        assert "Call me" not in text


async def test_a_card_verification_code_is_not_even_kept_encrypted(world: World) -> None:
    typed = "My card is 4111 1111 1111 1111, CVV 737."
    ticket = await opened(world.alice, body=typed)
    assert "737" not in ticket["body"]
    assert "4111 1111 1111 1111" in ticket["body"]


async def test_the_same_key_again_opens_no_second_ticket(world: World) -> None:
    body, key = new_ticket(subject="Once"), new_id()
    first = await world.alice.post("/v1/tickets", body, idempotency_key=key)
    again = await world.alice.post("/v1/tickets", body, idempotency_key=key)
    assert (first.status, again.status, again.headers["idempotency-replayed"]) == (201, 201, "true")
    assert first.json == again.json
    other = await world.alice.post("/v1/tickets", new_ticket(subject="Twice"), idempotency_key=key)
    assert (other.status, other.code) == (409, "idempotency_conflict")
