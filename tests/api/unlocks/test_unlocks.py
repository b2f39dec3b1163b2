"""Who looks at personal details: with which reason, whose consent, for how long, and what is known of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aidial_contract.lifecycle import UNLOCKS
from tests.api.support.tickets import failing
from tests.api.unlocks.clinics import (
    CODE,
    NUMBER,
    Clinic,
    approve,
    asks_for_two,
    open_clinic,
    path_of,
    relock,
    requested,
    reveal,
    watch_of,
)
from tests.support.api import World
from tests.support.ids import without_ids
from tests.support.unlocks import WHY, new_unlock
from tests.support.world_calls import CALLER


@pytest.fixture(scope="module")
async def clinic(world: World) -> Clinic:
    """One person is enough there."""
    return await open_clinic(world)


@pytest.fixture(scope="module")
async def careful(world: World) -> Clinic:
    """A second person approves there."""
    opened = await open_clinic(world)
    await asks_for_two(world, opened, wanted=True)
    return opened


async def test_ben_unlocks_a_transcript_and_reads_what_was_said_but_for_the_cards_code(
    clinic: Clinic,
) -> None:
    call_id = await clinic.call()
    unlock = await requested(clinic.ben, call_id)
    assert unlock["state"] == "active"
    answer = await reveal(clinic.ben, unlock)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    first, second = answer.json["transcript"]
    assert first == {
        "index": 0,
        "speaker": "caller",
        "text": f"Ring me on {NUMBER} please.",
        "start_ms": 1_000,
    }
    assert "4111 1111 1111 1111" in second["text"]
    assert "[CVV]" in second["text"]
    said = without_ids(answer.body.decode()).replace(clinic.ben.someone.first_name, "")
    assert CODE not in said
    assert (answer.json["numbers"], answer.json["entities"]) == (None, None)


async def test_each_artefact_opens_itself_alone_and_all_of_them_everything(clinic: Clinic) -> None:
    call_id = await clinic.call()
    seen = {}
    for artefact in ("transcript", "caller_number", "entities", "all"):
        seen[artefact] = (await reveal(clinic.ben, await requested(clinic.ben, call_id, artefact))).json
    opened = {
        artefact: {name for name in ("transcript", "numbers", "entities") if answer[name] is not None}
        for artefact, answer in seen.items()
    }
    assert opened == {
        "transcript": {"transcript"},
        "caller_number": {"numbers"},
        "entities": {"entities"},
        "all": {"transcript", "numbers", "entities"},
    }
    assert seen["caller_number"]["numbers"] == {"from_number": CALLER, "to_number": "+61280001234"}
    assert seen["entities"]["entities"] == [
        {"kind": "PHONE", "text": NUMBER, "turn": 0},
        {"kind": "CARD", "text": "4111 1111 1111 1111", "turn": 1},
    ]


async def test_without_consent_nothing_is_unlocked_and_consent_is_asked_again_at_every_step(
    world: World, clinic: Clinic, careful: Clinic
) -> None:
    without = await clinic.call(consent={"state": "unavailable"})
    refused = await clinic.alice.post(path_of(without), new_unlock())
    assert (refused.status, refused.code) == (409, "consent_required")
    assert (await requested(clinic.alice, await clinic.call(consent={"state": "not_required"})))["unlock_id"]
    waiting = await requested(careful.ben, await careful.call())
    active = await requested(clinic.ben, await clinic.call())
    withdrawn = """UPDATE calls SET consent = '{"state": "unavailable"}' WHERE call_id = any($1::uuid[])"""
    await world.sql(withdrawn, [waiting["call_id"], active["call_id"]])
    for answer in (await approve(careful.alice, waiting), await reveal(clinic.ben, active)):
        assert (answer.status, answer.code) == (409, "consent_required")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"justification": "Too short by one ch"}, {"/justification": "too_short"}),
        ({"justification": "x" * 2_001}, {"/justification": "too_long"}),
        ({"justification": " " * 30}, {"/justification": "too_short"}),
        ({"reason_code": "curiosity"}, {"/reason_code": "not_allowed"}),
        ({"artefact": "everything"}, {"/artefact": "not_allowed"}),
        ({"reason_code": "other"}, {"/other_reason": "required"}),
        ({"other_reason": "A court asked"}, {"/other_reason": "conflict"}),
        ({"reason_code": "other", "other_reason": " "}, {"/other_reason": "required"}),
    ],
)
async def test_a_request_says_why_in_20_to_2000_characters(
    clinic: Clinic, changes: dict[str, Any], wrong: dict[str, str]
) -> None:
    answer = await clinic.alice.post(path_of(await clinic.call()), new_unlock(**changes))
    assert answer.status == 422
    assert failing(answer) == wrong


async def test_twenty_and_two_thousand_characters_are_enough_and_another_reason_is_kept(
    clinic: Clinic,
) -> None:
    call_id = await clinic.call()
    for justification in ("x" * 20, "y" * 2_000):
        body = new_unlock(justification=justification, reason_code="other", other_reason="A court asked")
        made = (await clinic.alice.post(path_of(call_id), body)).json["unlock"]
        assert (made["justification"], made["other_reason"]) == (justification, "A court asked")


async def test_the_same_click_twice_asks_once(clinic: Clinic) -> None:
    call_id = await clinic.call()
    first, second = [
        await clinic.ben.post(path_of(call_id), new_unlock(), idempotency_key="a-click-" + call_id)
        for _ in range(2)
    ]
    assert first.body == second.body
    assert second.headers["idempotency-replayed"] == "true"
    assert len((await clinic.ben.get(path_of(call_id))).json["unlocks"]) == 1


async def test_an_unlock_ends_exactly_after_fifteen_minutes(world: World, clinic: Clinic) -> None:
    with watch_of(world) as watch:
        began = watch.now
        unlock = await requested(clinic.ben, await clinic.call())
        watch.at(unlock["expires_at"])
        assert (watch.now - began).total_seconds() == 15 * 60
        watch.at(unlock["expires_at"], microseconds=1)
        assert (await reveal(clinic.ben, unlock)).status == 200
        watch.at(unlock["expires_at"])
        late = await reveal(clinic.ben, unlock)
        assert (late.status, late.code) == (409, "state_conflict")
        assert late.json["details"] == {"current_state": "expired", "allowed": []}
        assert (await relock(clinic.ben, unlock)).json["details"]["current_state"] == "expired"
        (listed,) = (await clinic.ben.get(path_of(unlock["call_id"]))).json["unlocks"]
        assert (listed["state"], listed["reveals"]) == ("expired", 1)


async def test_where_two_are_asked_for_another_administrator_approves(world: World, careful: Clinic) -> None:
    with watch_of(world) as watch:
        unlock = await requested(careful.ben, await careful.call())
        assert unlock["state"] == "pending"
        early = await reveal(careful.ben, unlock)
        assert (early.code, early.json["details"]["current_state"]) == ("state_conflict", "pending")
        watch.at(unlock["expires_at"], microseconds=1)
        approved = (await approve(careful.alice, unlock)).json["unlock"]
        assert (approved["state"], approved["approved_by"]) == (
            "active",
            f"{careful.alice.someone.first_name} Example",
        )
        assert approved["approved_at"] < approved["expires_at"]
        assert (await reveal(careful.ben, unlock)).status == 200
        watch.at(approved["approved_at"], minutes=-15)
        assert (await reveal(careful.ben, unlock)).json["details"]["current_state"] == "expired"


async def test_a_request_nobody_approves_within_a_day_lapses(world: World, careful: Clinic) -> None:
    with watch_of(world) as watch:
        unlock = await requested(careful.ben, await careful.call())
        watch.at(unlock["expires_at"])
        answer = await approve(careful.alice, unlock)
        assert (answer.code, answer.json["details"]["current_state"]) == ("state_conflict", "expired")


async def test_nobody_approves_their_own_and_only_administrators_approve(careful: Clinic) -> None:
    unlock = await requested(careful.alice, await careful.call())
    for person in (careful.alice, careful.ben, careful.chloe):
        answer = await approve(person, unlock)
        assert (answer.status, answer.code) == (404, "not_found")
    assert (await approve(careful.other, unlock)).json["unlock"]["state"] == "active"


async def test_of_two_who_approve_at_once_one_does(careful: Clinic) -> None:
    unlock = await requested(careful.ben, await careful.call())
    answers = await asyncio.gather(*(approve(one, unlock) for one in (careful.alice, careful.other)))
    assert sorted(one.status for one in answers) == [200, 409]
    (refused,) = [one for one in answers if one.status == 409]
    assert refused.json["details"] == {"current_state": "active", "allowed": list(UNLOCKS.allowed["active"])}


async def test_nobody_looks_through_anothers_unlock(clinic: Clinic) -> None:
    unlock = await requested(clinic.ben, await clinic.call())
    for person in (clinic.alice, clinic.other, clinic.chloe):
        assert (await reveal(person, unlock)).status == 404
    other_call = {**unlock, "call_id": await clinic.call()}
    assert (await reveal(clinic.ben, other_call)).status == 404


async def test_ben_locks_his_again_an_administrator_anybodys_and_a_declined_one_stays_so(
    clinic: Clinic, careful: Clinic
) -> None:
    own = await requested(clinic.ben, await clinic.call())
    assert (await relock(clinic.ben, own)).json["unlock"]["state"] == "relocked"
    assert (await reveal(clinic.ben, own)).json["details"]["current_state"] == "relocked"
    assert (await relock(clinic.ben, own)).code == "state_conflict"
    admins = await requested(clinic.alice, own["call_id"])
    assert (await relock(clinic.ben, admins)).status == 404
    ended = (await relock(clinic.other, admins)).json["unlock"]
    assert (ended["state"], ended["ended_by"]) == ("relocked", f"{clinic.other.someone.first_name} Newcomer")
    waiting = await requested(careful.ben, await careful.call())
    assert (await relock(careful.alice, waiting)).json["unlock"]["state"] == "declined"
    assert (await approve(careful.alice, waiting)).json["details"] == {
        "current_state": "declined",
        "allowed": [],
    }


async def test_who_saw_what_is_listed_page_by_page_to_those_who_may_ask(clinic: Clinic) -> None:
    call_id = await clinic.call()
    unlocks = [await requested(one, call_id) for one in (clinic.alice, clinic.ben, clinic.alice)]
    for _ in range(2):
        await reveal(clinic.ben, unlocks[1])
    first = (await clinic.alice.get(path_of(call_id) + "?limit=2")).json
    rest = (await clinic.alice.get(path_of(call_id) + f"?limit=2&cursor={first['next_cursor']}")).json
    listed = first["unlocks"] + rest["unlocks"]
    assert rest["next_cursor"] is None
    assert [one["unlock_id"] for one in listed] == [one["unlock_id"] for one in reversed(unlocks)]
    assert [one["is_own"] for one in listed] == [True, False, True]
    seen = listed[1]
    assert (seen["reveals"], seen["justification"], seen["artefact"]) == (2, WHY, "transcript")
    assert seen["requested_at"] <= seen["first_revealed_at"] < seen["last_revealed_at"]
    assert NUMBER not in str(listed)
    assert (await clinic.chloe.get(path_of(call_id))).status == 404


async def test_every_step_and_every_look_is_in_the_activity_log_without_a_detail(
    world: World, careful: Clinic
) -> None:
    call_id = await careful.call()
    body = new_unlock(justification=f"The caller says that {NUMBER} is not theirs at all.")
    unlock = (await careful.ben.post(path_of(call_id), body)).json["unlock"]
    await approve(careful.alice, unlock)
    for _ in range(2):
        await reveal(careful.ben, unlock)
    await relock(careful.ben, unlock)
    await reveal(careful.ben, unlock)
    events = [one for one in await world.events(call_id) if one["action"].startswith("unlocks.")]
    verbs = [one["action"].rpartition(".")[2] for one in events]
    assert verbs == ["requested", "approved", "revealed", "revealed", "relocked"]
    assert {str(one["actor_id"]) for one in events} == {careful.ben.user_id, careful.alice.user_id}
    assert "[PHONE] is not theirs" in events[0]["why"]
    assert NUMBER not in str([dict(one) for one in events])


async def test_head_is_answered_like_a_look_and_is_none(world: World, clinic: Clinic) -> None:
    unlock = await requested(clinic.ben, await clinic.call(), "all")
    path = path_of(unlock["call_id"], unlock["unlock_id"], "reveal")
    with watch_of(world):
        heads = [await clinic.ben.ask("HEAD", path) for _ in range(2)]
        (listed,) = (await clinic.ben.get(path_of(unlock["call_id"]))).json["unlocks"]
        got = await reveal(clinic.ben, unlock)
    assert (listed["reveals"], listed["first_revealed_at"]) == (0, None)
    for head in heads:
        assert (head.status, head.body) == (200, b"")
        for name in ("content-type", "content-length", "cache-control"):
            assert head.headers[name] == got.headers[name]
    assert (await clinic.alice.ask("HEAD", path)).status == 404
    await relock(clinic.ben, unlock)
    assert (await clinic.ben.ask("HEAD", path)).status == 409
    verbs = [one["action"].rpartition(".")[2] for one in await world.events(unlock["call_id"])]
    assert verbs.count("revealed") == 1


async def test_the_words_are_encrypted_and_raw_text_is_in_no_log(
    world: World, clinic: Clinic, capfd: pytest.CaptureFixture[str]
) -> None:
    call_id = await clinic.call()
    unlock = await requested(clinic.ben, call_id, "all")
    assert NUMBER in (await reveal(clinic.ben, unlock)).body.decode()
    (row,) = await world.sql("SELECT * FROM pii_unlocks WHERE unlock_id = $1", unlock["unlock_id"])
    assert WHY not in str(dict(row))
    logged = "".join(capfd.readouterr())
    assert NUMBER not in logged
    assert WHY not in logged


@pytest.mark.parametrize("state", ["missing", "hidden", "retention_expired", "redaction_failed"])
async def test_a_transcript_that_is_not_there_cannot_be_unlocked_but_the_number_can(
    world: World, clinic: Clinic, state: str
) -> None:
    call_id = await clinic.call()
    before = await requested(clinic.ben, call_id)
    await world.sql("UPDATE calls SET transcript_state = $2 WHERE call_id = $1", call_id, state)
    for answer in (
        await clinic.ben.post(path_of(call_id), new_unlock()),
        await clinic.ben.post(path_of(call_id), new_unlock("entities")),
        await reveal(clinic.ben, before),
    ):
        assert (answer.status, answer.code) == (409, "state_conflict")
        assert answer.json["details"]["current_state"] == state
    everything = (await reveal(clinic.ben, await requested(clinic.ben, call_id, "all"))).json
    assert (everything["transcript"], everything["entities"]) == (None, None)
    assert everything["numbers"]["from_number"] == CALLER
    (listed, *_) = (await clinic.ben.get(path_of(call_id))).json["unlocks"][::-1]
    assert listed["reveals"] == 0
