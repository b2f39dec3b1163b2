"""Reporting a call's progress: revisions, races, which status may follow which."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from aidial.worker import work
from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.support.api import World
from tests.support.askers import Answer, patiently
from tests.support.world_calls import new_call

STATUSES = ("live", "completed", "missed", "failed", "unknown")
MAY_FOLLOW = {
    "live": {"live", "completed", "missed", "failed", "unknown"},
    "completed": {"completed"},
    "missed": {"missed", "completed"},
    "failed": {"failed", "completed"},
    "unknown": {"unknown", "completed", "missed", "failed"},
}


def in_status(project_id: str, status: str) -> dict[str, Any]:
    call = new_call(project_id, new_id(), status=status)
    return {**call, "ended_at": None, "end_reason": None} if status == "live" else call


def ending(status: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return (
        {"status": status}
        if status == "live"
        else {"status": status, "ended_at": now, "end_reason": "unknown"}
    )


@pytest.mark.parametrize("after", STATUSES)
@pytest.mark.parametrize("before", STATUSES)
async def test_only_what_the_table_allows_may_follow(clinic: Business, before: str, after: str) -> None:
    path = (await clinic.deliver(in_status(clinic.lines[0], before))).headers["location"]
    answer = await clinic.key.patch(path, ending(after), if_match="*")
    if after in MAY_FOLLOW[before]:
        assert (answer.status, answer.json["status"], answer.json["version"]) == (200, after, 2)
        return
    assert (answer.status, answer.code) == (409, "state_conflict")
    details = answer.json["details"]
    assert (details["current_state"], set(details["allowed"])) == (before, MAY_FOLLOW[before])
    assert (await clinic.key.get(path)).json["version"] == 1


async def test_a_live_call_ends_and_its_length_and_transcript_are_known(clinic: Business) -> None:
    live = in_status(clinic.lines[0], "live")
    created = await clinic.deliver(live)
    path = created.headers["location"]
    started = datetime.fromisoformat(live["started_at"])
    first = await clinic.key.patch(
        path, {"answered_at": (started + timedelta(seconds=5)).isoformat()}, if_match=created.headers["etag"]
    )
    assert (first.json["status"], first.json["duration_seconds"]) == ("live", None)
    last = {"status": "completed", "end_reason": "agent_hangup"}
    ended = {**last, "ended_at": (started + timedelta(seconds=65)).isoformat()}
    second = await clinic.key.patch(path, ended, if_match=first.headers["etag"])
    assert (second.json["duration_seconds"], second.json["transcript_state"]) == (60, "available")
    assert len({created.headers["etag"], first.headers["etag"], second.headers["etag"]}) == 3


async def test_a_change_says_which_revision_it_changes(clinic: Business) -> None:
    created = await clinic.deliver(new_call(clinic.lines[0], new_id()))
    path, tag = created.headers["location"], created.headers["etag"]
    for given, code in (
        ({}, "precondition_required"),
        ({"if_match": '"stale"'}, "revision_stale"),
        ({"if_match": f"W/{tag}"}, "revision_stale"),
        ({"if_match": '""'}, "revision_stale"),
        ({"if_match": tag.strip('"')}, "malformed_request"),
        ({"if_match": ","}, "malformed_request"),
    ):
        assert (await clinic.key.patch(path, {"resolution": "x"}, **given)).code == code
    assert (await clinic.key.patch(path, {"resolution": "a"}, if_match=f'"old", {tag}')).status == 200
    assert (await clinic.key.patch(path, {"resolution": "b"}, if_match=tag)).code == "revision_stale"
    assert (await clinic.key.patch(path, {"resolution": "c"}, if_match="*")).json["version"] == 3


async def test_an_unchanged_call_need_not_be_sent_again(clinic: Business) -> None:
    created = await clinic.deliver(new_call(clinic.lines[0], new_id()))
    path, tag = created.headers["location"], created.headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await clinic.admin.get(path, if_none_match=given)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    await clinic.key.patch(path, {"resolution": "x"}, if_match=tag)
    assert (await clinic.admin.get(path, if_none_match=tag)).status == 200


async def test_no_two_calls_and_no_two_tenants_share_a_revision(world: World, clinic: Business) -> None:
    one = await clinic.deliver(new_call(clinic.lines[0], new_id()))
    two = await clinic.deliver(new_call(clinic.lines[0], new_id()))
    three = await world.northside_manage.get(f"/v1/calls/{world.calls['northside-1']}")
    assert len({answer.headers["etag"] for answer in (one, two, three)}) == 3


async def test_of_fifty_writers_of_one_revision_exactly_one_wins(world: World, clinic: Business) -> None:
    created = await clinic.deliver(new_call(clinic.lines[0], new_id()))
    path, tag = created.headers["location"], created.headers["etag"]
    for version in (2, 3):
        answers = await asyncio.gather(
            *(
                patiently(partial(clinic.key.patch, path, {"resolution": f"writer {n}"}, if_match=tag))
                for n in range(50)
            )
        )
        (winner,) = [one for one in answers if one.status == 200]
        assert {one.code for one in answers if one is not winner} == {"revision_stale"}
        assert winner.json["version"] == version
        now = await clinic.key.get(path)
        assert (now.json, now.headers["etag"]) == (winner.json, winner.headers["etag"])
        tag = winner.headers["etag"]
    events = await world.events(created.json["call_id"])
    assert [event["action"] for event in events] == ["calls.call.delivered", *["calls.call.updated"] * 2]


@pytest.mark.parametrize(
    ("patch", "errors"),
    [
        ({}, {"": "required"}),
        ({"ended_at": "2199-01-01T00:00:00Z"}, {"/end_reason": "required"}),
        ({"ended_at": None, "end_reason": "unknown"}, {"/ended_at": "wrong_type"}),
        ({"project_id": "x"}, {"/project_id": "unknown"}),
        ({"turns": []}, {"/turns": "unknown"}),
        ({"status": "live", "summary": 1}, {"/summary": "wrong_type"}),
        ({"cost": {"amount_minor": -1, "currency": "AUD"}}, {"/cost/amount_minor": "too_small"}),
        ({"cost": {"amount_minor": 1}}, {"/cost/currency": "required"}),
        ({"cost": {"amount_minor": 1, "currency": "ZZZ"}}, {"/cost/currency": "not_allowed"}),
        ({"metadata": {"a": "x" * 8_192}}, {"/metadata": "too_large"}),
        ({"metadata": []}, {"/metadata": "wrong_type"}),
        ({"answered_at": "1999-01-01T00:00:00Z"}, {"/answered_at": "order"}),
        ({"ended_at": "1999-01-01T00:00:00Z", "end_reason": "unknown"}, {"/ended_at": "order"}),
        ({"ended_at": "2199-01-01T00:00:00Z", "end_reason": "unknown"}, {"/ended_at": "too_large"}),
        ({"answered_at": "2199-01-01T00:00:00Z"}, {"/answered_at": "order"}),
        (
            {
                "answered_at": "2199-01-02T00:00:00Z",
                "ended_at": "2199-01-01T00:00:00Z",
                "end_reason": "unknown",
            },
            {"/ended_at": "order"},
        ),
        (
            {
                "answered_at": "1999-01-01T00:00:00Z",
                "ended_at": "1999-01-01T00:00:00Z",
                "end_reason": "unknown",
            },
            {"/answered_at": "order", "/ended_at": "order"},
        ),
    ],
)
async def test_a_wrong_report_names_what_is_wrong(
    clinic: Business, patch: dict[str, Any], errors: dict[str, str]
) -> None:
    created = await clinic.deliver(new_call(clinic.lines[0], new_id()))
    answer = await clinic.key.patch(created.headers["location"], patch, if_match="*")
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == errors
    assert (await clinic.key.get(created.headers["location"])).json == created.json


@pytest.mark.parametrize(
    ("patch", "errors"),
    [
        ({"status": "completed"}, {"/ended_at": "required"}),
        ({"end_reason": "caller_hangup"}, {"/end_reason": "conflict"}),
        (
            {"ended_at": datetime.now(UTC).isoformat(), "end_reason": "unknown"},
            {"/ended_at": "conflict", "/end_reason": "conflict"},
        ),
    ],
)
async def test_a_call_is_either_under_way_or_has_an_end_and_a_reason(
    clinic: Business, patch: dict[str, Any], errors: dict[str, str]
) -> None:
    created = await clinic.deliver(in_status(clinic.lines[0], "live"))
    answer = await clinic.key.patch(created.headers["location"], patch, if_match="*")
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == errors


async def test_null_takes_a_finding_away_and_absence_leaves_it(clinic: Business) -> None:
    call = new_call(clinic.lines[0], new_id(), summary="Kept", resolution="kept", outcome="booked")
    path = (await clinic.deliver(call)).headers["location"]
    answer = await clinic.key.patch(path, {"resolution": None, "outcome": None}, if_match="*")
    assert (answer.json["resolution"], answer.json["outcome"]) == (None, "unclassified")
    assert answer.json["summary"] == "Kept"


async def test_what_a_live_call_cost_and_what_belongs_to_it_are_told_later(
    world: World, clinic: Business
) -> None:
    created = await clinic.deliver({**in_status(clinic.lines[0], "live"), "metadata": {"campaign": "spring"}})
    path, cost = created.headers["location"], {"amount_minor": 42, "currency": "AUD"}
    patch = {
        "cost": cost,
        "metadata": {"slots": [{"name": "cvv", "value": "314"}], "order_number": 412345678},
    }
    answer = await clinic.key.patch(path, patch, if_match=created.headers["etag"])
    assert (answer.status, answer.json["cost"], answer.json["version"]) == (200, cost, 2)
    assert answer.json["metadata"] == {
        "slots": [{"name": "cvv", "value": "[CVV]"}],
        "order_number": 412345678,
    }
    assert (await clinic.admin.get(path)).json["cost"] == cost
    (_, event) = await world.events(answer.json["call_id"])
    assert json.loads(event["technical"])["fields"] == ["cost", "metadata"]
    ended = await clinic.key.patch(path, ending("completed"), if_match="*")
    assert (ended.json["cost"], ended.json["metadata"]) == (cost, answer.json["metadata"])
    without = await clinic.key.patch(path, {"cost": None, "metadata": None}, if_match="*")
    assert (without.json["cost"], without.json["metadata"]) == (None, None)


async def stalled_call(world: World, clinic: Business, reason: str = "stalled", **changes: Any) -> str:
    """A live call that nobody ended in time; its path."""
    started = (datetime.now(UTC) - timedelta(hours=9)).isoformat()
    call = {**in_status(clinic.lines[0], "live"), "started_at": started, "answered_at": None, **changes}
    created = await clinic.deliver(call)
    await work(world.urls.app_url, wait=False)
    stalled = (await clinic.key.get(created.headers["location"])).json
    assert (stalled["status"], stalled["attention"]) == ("unknown", {"flag": True, "reason": reason})
    return created.headers["location"]


async def test_a_call_whose_end_is_told_late_is_stalled_no_longer(world: World, clinic: Business) -> None:
    path = await stalled_call(world, clinic)
    kept = await clinic.key.patch(path, {"resolution": "x"}, if_match="*")
    assert kept.json["attention"] == {"flag": True, "reason": "stalled"}
    ended = await clinic.key.patch(path, ending("completed"), if_match="*")
    assert (ended.status, ended.json["status"]) == (200, "completed")
    assert ended.json["attention"] == {"flag": False, "reason": None}
    # Turns that were sent in between were refused: nobody knows that there were none.
    assert ended.json["transcript_state"] == "incomplete"


async def test_another_reason_to_look_at_it_stays(world: World, clinic: Business) -> None:
    mine = {"flag": True, "reason": "angry"}
    path = await stalled_call(world, clinic, "angry", attention=mine)
    assert (await clinic.key.patch(path, ending("completed"), if_match="*")).json["attention"] == mine
    path = await stalled_call(world, clinic)
    told = await clinic.key.patch(path, {**ending("failed"), "attention": mine}, if_match="*")
    assert told.json["attention"] == mine
    path = await stalled_call(world, clinic)
    await clinic.key.patch(path, {"attention": mine}, if_match="*")
    assert (await clinic.key.patch(path, ending("completed"), if_match="*")).json["attention"] == mine


async def hide(clinic: Business, path: str, *, hidden: bool = True, **more: Any) -> Answer:
    return await clinic.key.patch(path, {"transcript_hidden": hidden, **more}, if_match="*")


async def test_a_transcript_is_hidden_from_everybody_and_shown_again_as_it_was(
    world: World, clinic: Business
) -> None:
    path = (await clinic.deliver(new_call(clinic.lines[0], new_id()))).headers["location"]
    told = (await clinic.admin.get(f"{path}/transcript")).json["turns"]
    hidden = await hide(clinic, path)
    assert (hidden.status, hidden.json["transcript_state"], hidden.json["version"]) == (200, "hidden", 2)
    for reader in (clinic.admin, clinic.staff, clinic.key):
        transcript = (await reader.get(f"{path}/transcript")).json
        assert (transcript["state"], transcript["turns"]) == ("hidden", [])
    assert (await clinic.admin.get(f"{path}/transcript/download")).code == "state_conflict"
    assert (await hide(clinic, path)).json["transcript_state"] == "hidden"
    shown = await hide(clinic, path, hidden=False)
    assert shown.json["transcript_state"] == "available"
    assert (await clinic.staff.get(f"{path}/transcript")).json["turns"] == told
    events = await world.events(shown.json["call_id"])
    assert [event["action"] for event in events].count("calls.call.updated") == 3


async def test_a_transcript_that_lacked_its_end_lacks_it_when_it_is_shown_again(
    world: World, clinic: Business
) -> None:
    created = await clinic.deliver(new_call(clinic.lines[0], new_id()))
    path, call_id = created.headers["location"], created.json["call_id"]
    await world.sql("UPDATE calls SET transcript_state = 'truncated' WHERE call_id = $1", call_id)
    await hide(clinic, path)
    assert (await hide(clinic, path, hidden=False)).json["transcript_state"] == "truncated"


async def test_only_words_that_are_there_can_be_hidden(world: World, clinic: Business) -> None:
    live = (await clinic.deliver(in_status(clinic.lines[0], "live"))).headers["location"]
    silent = (await clinic.deliver(new_call(clinic.lines[0], new_id(), turns=[]))).headers["location"]
    for path, state in ((live, "live"), (silent, "missing")):
        answer = await hide(clinic, path)
        assert (answer.status, answer.code) == (409, "state_conflict")
        assert answer.json["details"]["current_state"] == state
        assert (await hide(clinic, path, hidden=False)).json["transcript_state"] == state
    # Its end and the hiding of its words may come in one.
    answer = await hide(clinic, live, **ending("completed"))
    assert (answer.status, answer.json["transcript_state"]) == (200, "hidden")


async def test_the_transcript_says_what_state_it_is_in(world: World, clinic: Business) -> None:
    talked = (await clinic.deliver(new_call(clinic.lines[0], new_id()))).json["call_id"]
    silent = (await clinic.deliver(new_call(clinic.lines[0], new_id(), turns=[]))).json["call_id"]
    live = (await clinic.deliver(in_status(clinic.lines[0], "live"))).json["call_id"]
    for call_id, state, turns in ((talked, "available", 2), (silent, "missing", 0), (live, "live", 2)):
        transcript = (await clinic.staff.get(f"/v1/calls/{call_id}/transcript")).json
        assert (transcript["call_id"], transcript["state"]) == (call_id, state)
        assert [turn["index"] for turn in transcript["turns"]] == list(range(turns))
    for state, turns in (("hidden", 0), ("redaction_failed", 0), ("retention_expired", 0), ("incomplete", 2)):
        await world.sql("UPDATE calls SET transcript_state = $2 WHERE call_id = $1", talked, state)
        transcript = (await clinic.admin.get(f"/v1/calls/{talked}/transcript")).json
        assert (transcript["state"], len(transcript["turns"])) == (state, turns)
