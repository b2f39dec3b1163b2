"""Turns that are appended to a live call: in order, once, redacted together, and only while it is live."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from aidial_api.kernel.redaction import RedactionFailed
from aidial_api.surfaces.calls import redacting
from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.support.api import World
from tests.support.askers import Answer
from tests.support.world_calls import new_call


async def begin(clinic: Business, *texts: str) -> str:
    """A live call; gives back its path."""
    call = new_call(clinic.lines[0], new_id(), status="live", ended_at=None, end_reason=None)
    return (await clinic.deliver({**call, "turns": [said(text) for text in texts]})).headers["location"]


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"speaker": "caller", "text": text, **more}


async def say(clinic: Business, path: str, *texts: str, **more: Any) -> Answer:
    turns = [said(text) for text in texts]
    return await clinic.key.post(f"{path}/turns", {"turns": turns, **more})


async def heard(clinic: Business, path: str) -> list[str]:
    transcript = (await clinic.admin.get(f"{path}/transcript")).json
    assert [turn["index"] for turn in transcript["turns"]] == list(range(len(transcript["turns"])))
    return [turn["text"] for turn in transcript["turns"]]


async def state_of(clinic: Business, path: str) -> tuple[str, str, int]:
    """Of its transcript, of the call, and how many turns it has."""
    call = (await clinic.admin.get(path)).json
    turns = await heard(clinic, path)
    assert len(turns) == call["message_count"]
    return call["transcript_state"], call["status"], len(turns)


async def test_a_live_call_grows_and_everybody_sees_it(world: World, clinic: Business) -> None:
    path = await begin(clinic, "Hello")
    before = await clinic.admin.get(path)
    answer = await clinic.key.post(
        f"{path}/turns", {"turns": [said("I am late", start_ms=2_000, end_ms=3_000), said("Sorry")]}
    )
    assert (answer.status, answer.json["message_count"], answer.json["version"]) == (200, 3, 2)
    assert answer.headers["etag"] != before.headers["etag"]
    transcript = (await clinic.staff.get(f"{path}/transcript")).json
    assert (transcript["state"], transcript["turns"][1]["start_ms"]) == ("live", 2_000)
    assert await heard(clinic, path) == ["Hello", "I am late", "Sorry"]
    actions = [event["action"] for event in await world.events(answer.json["call_id"])]
    assert actions == ["calls.call.delivered", "calls.turns.appended"]


async def test_a_number_said_over_several_deliveries_is_one_number(clinic: Business) -> None:
    path = await begin(clinic, "My mobile is 0412")
    assert await heard(clinic, path) == ["My mobile is 0412"]
    await say(clinic, path, "345 678")
    assert "[PHONE]" in (await heard(clinic, path))[0]
    assert "345" not in " ".join(await heard(clinic, path))


async def test_a_card_code_told_later_is_kept_nowhere_and_the_rest_stays_in_the_vault(
    clinic: Business,
) -> None:
    path = await begin(clinic, "My card is 4111 1111 1111 1111")
    await say(clinic, path, "And the security code, please?", "739")
    assert "739" not in " ".join(await heard(clinic, path))
    # Told again from the start, in the words that were said: the vault knows them but for the code.
    words = ("My card is 4111 1111 1111 1111", "And the security code, please?", "739")
    again = await say(clinic, path, *words, from_index=0)
    assert (again.status, again.json["version"]) == (200, 2)


async def test_the_same_turns_sent_again_change_nothing(clinic: Business) -> None:
    path = await begin(clinic, "one")
    first = await say(clinic, path, "two", "three", from_index=1)
    again = await say(clinic, path, "two", "three", from_index=1)
    assert (again.status, again.json, again.headers["etag"]) == (200, first.json, first.headers["etag"])
    more = await say(clinic, path, "three", "four", from_index=2)
    assert (more.json["message_count"], await heard(clinic, path)) == (4, ["one", "two", "three", "four"])


async def test_a_key_names_one_append(clinic: Business) -> None:
    path = await begin(clinic, "one")
    name = new_id()
    body = {"turns": [said("two")]}
    first = await clinic.key.post(f"{path}/turns", body, idempotency_key=name)
    again = await clinic.key.post(f"{path}/turns", body, idempotency_key=name)
    assert (again.json, again.headers["idempotency-replayed"]) == (first.json, "true")
    assert await heard(clinic, path) == ["one", "two"]


async def test_other_words_in_a_place_and_a_gap_are_refused(clinic: Business) -> None:
    path = await begin(clinic, "one", "two")
    other = await say(clinic, path, "another", from_index=1)
    assert (other.status, other.code) == (409, "already_exists")
    gap = await say(clinic, path, "four", from_index=3)
    assert (gap.status, gap.code, gap.json["details"]["message_count"]) == (409, "state_conflict", 2)
    assert await heard(clinic, path) == ["one", "two"]


async def test_a_call_that_ended_takes_no_more(clinic: Business) -> None:
    path = await begin(clinic, "one")
    ended = {"status": "completed", "ended_at": datetime.now(UTC).isoformat(), "end_reason": "caller_hangup"}
    assert (await clinic.key.patch(path, ended, if_match="*")).status == 200
    late = await say(clinic, path, "two")
    assert (late.status, late.code) == (409, "state_conflict")
    assert (late.json["details"]["current_state"], late.json["details"]["allowed"]) == ("completed", ["live"])


async def test_a_call_has_five_thousand_turns_at_most(clinic: Business) -> None:
    path = await begin(clinic, "one")
    full = await say(clinic, path, *["word"] * 5_000)
    assert (full.status, full.json["field_errors"]) == (
        422,
        [{**full.json["field_errors"][0], "field": "/turns", "code": "too_long"}],
    )
    assert await state_of(clinic, path) == ("truncated", "live", 1)
    # What is put at the end may follow on what was refused; what names its place follows on what is kept.
    assert (await say(clinic, path, "and so")).json["transcript_state"] == "truncated"
    fitting = (await say(clinic, path, *["word"] * 4_998, from_index=2)).json
    assert (fitting["message_count"], fitting["transcript_state"]) == (5_000, "live")


async def test_a_conversation_that_outgrows_its_call_is_told_to_be_cut_short(
    world: World, clinic: Business
) -> None:
    path = await begin(clinic, *["word"] * 5_000)
    known = await clinic.key.get(path)
    refused = [await say(clinic, path, "one more") for _ in range(2)]
    assert [answer.status for answer in refused] == [422, 422]
    assert await state_of(clinic, path) == ("truncated", "live", 5_000)
    # Noted once, however often its sender tries; and what it has may still be sent again.
    assert (await say(clinic, path, "word", from_index=4_999)).status == 200
    ended = {"status": "completed", "ended_at": datetime.now(UTC).isoformat(), "end_reason": "caller_hangup"}
    assert (await clinic.key.patch(path, ended, if_match=known.headers["etag"])).status == 200
    assert await state_of(clinic, path) == ("truncated", "completed", 5_000)
    actions = [event["action"] for event in await world.events(path.rpartition("/")[2])]
    assert actions == ["calls.call.delivered", "calls.call.updated", "calls.call.updated"]


async def test_a_refusal_that_is_repeated_by_its_key_notes_the_same(clinic: Business) -> None:
    path = await begin(clinic, *["word"] * 5_000)
    body, key = {"turns": [said("one more")]}, new_id()
    answers = [await clinic.key.post(f"{path}/turns", body, idempotency_key=key) for _ in range(2)]
    assert [answer.status for answer in answers] == [422, 422]
    assert await state_of(clinic, path) == ("truncated", "live", 5_000)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"turns": []}, "/turns", "too_short"),
        ({}, "/turns", "required"),
        ({"turns": [said("x")], "from_index": -1}, "/from_index", "too_small"),
        ({"turns": [said("x", start_ms=2, end_ms=1)]}, "/turns/0/end_ms", "order"),
        ({"turns": [said("")]}, "/turns/0/text", "too_short"),
    ],
)
async def test_what_is_no_turn_is_named(clinic: Business, body: Any, field: str, code: str) -> None:
    answer = await clinic.key.post(f"{await begin(clinic)}/turns", body)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [(one["field"], one["code"]) for one in answer.json["field_errors"]] == [(field, code)]


async def test_turns_sent_at_once_are_all_there(clinic: Business) -> None:
    path = await begin(clinic)
    answers = await asyncio.gather(*(say(clinic, path, f"turn {n}") for n in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert sorted(await heard(clinic, path)) == [f"turn {n}" for n in range(8)]


async def test_a_redaction_that_fails_hides_the_whole_call_for_good(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await begin(clinic, "My mobile is 0412 345 678")

    def broken(_: object) -> None:
        raise RedactionFailed("broken by a test")

    with monkeypatch.context() as patched:
        patched.setattr(redacting, "redact_turns", broken)
        answer = await say(clinic, path, "two")
    assert (answer.status, answer.json["transcript_state"]) == (200, "redaction_failed")
    more = await say(clinic, path, "three")
    assert (more.json["message_count"], more.json["transcript_state"]) == (3, "redaction_failed")
    assert await heard(clinic, path) == []
    (row,) = await world.sql("SELECT turns FROM transcripts WHERE call_id = $1", more.json["call_id"])
    assert row["turns"] == "[]"


async def test_a_call_carries_the_version_that_was_published_when_it_began(
    world: World, clinic: Business
) -> None:
    for number, when in ((1, "now() - interval '1 day'"), (2, "now() - interval '2 hours'"), (3, "now()")):
        await world.sql(
            "INSERT INTO project_versions (client_id, project_id, number, content, published_at)"
            f" VALUES ($1, $2, {number}, '{{}}', {when})",
            clinic.client_id,
            clinic.lines[1],
        )
    stamped = await clinic.deliver(new_call(clinic.lines[1], new_id()))
    assert stamped.json["agent"]["config_version"] == 2
    before = await clinic.deliver(new_call(clinic.lines[0], new_id()))
    assert before.json["agent"]["config_version"] is None


async def test_consent_says_how_and_when_and_what_shows_it(clinic: Business) -> None:
    consent = {"state": "obtained", "method": "verbal", "obtained_at": "2026-05-05T09:00:00+10:00"}
    path = await begin(clinic, "Hello")
    assert (await clinic.key.get(path)).json["consent"]["state"] == "unavailable"
    told = {"consent": {**consent, "evidence": "Said yes on 0412 345 678"}}
    answer = await clinic.key.patch(path, told, if_match="*")
    assert answer.json["consent"]["evidence"] == "Said yes on [PHONE]"
    assert answer.json["consent"]["method"] == "verbal"


async def test_an_agents_id_is_no_hiding_place(clinic: Business) -> None:
    for given, kept in (
        ("0412 345 678", "[PHONE]"),
        ("reception", "reception"),
        ("3d9f8a0e-0412-4345-8678-999999999999", "3d9f8a0e-0412-4345-8678-999999999999"),
    ):
        call = new_call(clinic.lines[0], new_id(), agent={"id": given, "name": "Reception"})
        assert (await clinic.deliver(call)).json["agent"]["id"] == kept
