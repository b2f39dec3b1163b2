"""A voice runtime delivers calls: once, again, differently, all at once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.support.api import World
from tests.support.askers import patiently
from tests.support.world_calls import new_call

MEMBERS = (
    "call_id", "external_id", "client_id", "project_id", "channel", "direction", "status", "started_at",
    "answered_at", "ended_at", "duration_seconds", "end_reason", "from_number", "to_number", "agent",
    "outcome", "resolution", "call_type", "sentiment", "attention", "booking", "transfer", "follow_up",
    "sms_status", "email_status", "summary", "consent", "recording", "entities", "message_count",
    "transcript_state", "cost", "source", "metadata", "version",
)  # fmt: skip


def whole_call(project_id: str, **changes: Any) -> dict[str, Any]:
    """A call with everything a runtime may say."""
    started = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    return {
        **new_call(project_id, new_id()),
        "started_at": started.isoformat(),
        "answered_at": (started + timedelta(seconds=4)).isoformat(),
        "ended_at": (started + timedelta(seconds=100)).isoformat(),
        "resolution": "resolved",
        "call_type": "new_booking",
        "sentiment": {"caller": "positive", "agent": "neutral"},
        "summary": "A check-up was booked.",
        "consent": {"state": "obtained", "method": "verbal", "obtained_at": started.isoformat()},
        "booking": {"at": (started + timedelta(days=3)).isoformat(), "reference": "B-1", "notes": "Window"},
        "transfer": {"destination": "Front desk", "result": "answered"},
        "follow_up": {"due_at": (started + timedelta(days=1)).isoformat(), "note": "Send the form"},
        "attention": {"flag": True, "reason": "First visit"},
        "sms_status": "sent",
        "email_status": "queued",
        "cost": {"amount_minor": 42, "currency": "AUD"},
        "metadata": {"campaign": "autumn", "tags": ["a", 1, None, True, 1.5]},
        **changes,
    }


async def test_a_new_call_is_answered_with_the_call_its_place_and_its_revision(clinic: Business) -> None:
    sent = whole_call(clinic.lines[0])
    answer = await clinic.key.post("/v1/calls", sent)
    assert answer.status == 201
    call = answer.json
    assert tuple(call) == MEMBERS
    assert answer.headers["location"] == f"/v1/calls/{call['call_id']}"
    assert answer.headers["etag"].startswith('"')
    same = "external_id project_id channel direction status end_reason outcome resolution call_type sentiment"
    for name in (*same.split(), "attention", "transfer", "sms_status", "email_status", "summary", "metadata"):
        assert call[name] == sent[name], name
    assert call["client_id"] == clinic.client_id
    assert (call["duration_seconds"], call["message_count"], call["version"]) == (96, 2, 1)
    assert call["transcript_state"] == "available"
    assert (call["cost"], call["recording"]) == (sent["cost"], None)
    assert call["booking"]["reference"] == "B-1"
    assert call["agent"] == {**sent["agent"], "config_version": None}
    read = await clinic.key.get(answer.headers["location"])
    assert (read.json, read.headers["etag"]) == (call, answer.headers["etag"])


async def test_a_call_names_the_key_that_brought_it_and_keeps_it(world: World, clinic: Business) -> None:
    sent = whole_call(clinic.lines[0])
    call = (await clinic.key.post("/v1/calls", sent)).json
    known = await world.sql("SELECT api_key_id FROM api_keys WHERE client_id = $1", clinic.client_id)
    assert call["source"] == {"provider": "api", "connection": str(known[0]["api_key_id"])}
    changed = await clinic.key.patch(f"/v1/calls/{call['call_id']}", {"outcome": "other"}, if_match="*")
    assert changed.json["source"] == call["source"]
    listed = await clinic.staff.get(f"/v1/calls/{call['call_id']}")
    assert listed.json["source"] == call["source"]


async def test_what_is_not_said_is_unknown_and_never_zero(clinic: Business) -> None:
    call = (await clinic.deliver(new_call(clinic.lines[0], new_id(), outcome=None))).json
    assert (call["cost"], call["booking"], call["summary"], call["metadata"]) == (None, None, None, None)
    assert call["outcome"] == "unclassified"
    assert call["sentiment"] == {"caller": "unknown", "agent": "unknown"}
    assert call["consent"] == {"state": "unavailable"}
    assert call["attention"] == {"flag": False, "reason": None}


async def test_the_same_call_again_is_answered_with_the_stored_one(world: World, clinic: Business) -> None:
    sent = whole_call(clinic.lines[0])
    first = await clinic.deliver(sent)
    again = await clinic.key.post("/v1/calls", sent)
    assert (again.status, again.json, again.headers["etag"]) == (200, first.json, first.headers["etag"])
    assert len(await world.events(first.json["call_id"])) == 1


def _in_other_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_other_order(value[name]) for name in reversed(value)}
    return [_in_other_order(one) for one in value] if isinstance(value, list) else value


def _in_perth(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_perth(one) for name, one in value.items()}
    if isinstance(value, str) and value.endswith("+00:00"):
        return (datetime.fromisoformat(value) + timedelta(hours=8)).isoformat().replace("+00:00", "+08:00")
    return value


async def test_another_spelling_of_the_same_call_is_the_same_call(clinic: Business) -> None:
    sent = whole_call(clinic.lines[0])
    first = await clinic.deliver(sent)
    spellings = (
        _in_other_order(sent),
        _in_perth(sent),
        json.loads(json.dumps(sent).replace("+00:00", "Z")),
        {**sent, "project_id": clinic.lines[0].upper()},
    )
    for other in spellings:
        again = await clinic.key.post("/v1/calls", other)
        assert (again.status, again.json["call_id"]) == (200, first.json["call_id"]), other
    spaced = json.dumps(sent, indent=4, ensure_ascii=True).encode()
    assert (await clinic.key.post("/v1/calls", spaced)).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "something_else"},
        {"from_number": None},
        {"metadata": {"campaign": "autumn", "tags": []}},
        {"turns": []},
        {"summary": "A check-up was booked. "},
        {"started_at": "2026-03-03T08:59:59Z"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_other_content_under_the_same_name_is_refused_and_changes_nothing(
    clinic: Business, change: dict[str, Any]
) -> None:
    sent = whole_call(clinic.lines[0])
    first = await clinic.deliver(sent)
    refused = await clinic.key.post("/v1/calls", {**sent, **change})
    assert (refused.status, refused.code) == (409, "already_exists")
    assert (await clinic.key.get(first.headers["location"])).json == first.json


async def test_a_change_reported_later_does_not_make_the_first_delivery_another_call(
    clinic: Business,
) -> None:
    sent = whole_call(clinic.lines[0])
    first = await clinic.deliver(sent)
    changed = await clinic.key.patch(first.headers["location"], {"outcome": "later"}, if_match="*")
    assert changed.status == 200
    again = await clinic.key.post("/v1/calls", sent)
    assert (again.status, again.json["outcome"], again.json["version"]) == (200, "later", 2)


async def test_one_name_may_be_used_once_on_every_line(clinic: Business) -> None:
    sent = whole_call(clinic.lines[0])
    first = await clinic.deliver(sent)
    second = await clinic.deliver({**sent, "project_id": clinic.lines[1]})
    assert first.json["call_id"] != second.json["call_id"]


async def test_twenty_deliveries_at_once_make_one_call_and_one_audit_event(
    world: World, clinic: Business
) -> None:
    sent = whole_call(clinic.lines[0])
    answers = await asyncio.gather(
        *(patiently(partial(clinic.key.post, "/v1/calls", sent)) for _ in range(20))
    )
    assert sorted(one.status for one in answers) == [200] * 19 + [201]
    assert len({one.json["call_id"] for one in answers}) == 1
    (event,) = await world.events(answers[0].json["call_id"])
    assert (event["action"], event["actor_kind"]) == ("calls.call.delivered", "key")
    rows = await world.sql("SELECT count(*) FROM calls WHERE external_id = $1", sent["external_id"])
    assert rows[0][0] == 1


async def test_a_call_under_way_has_no_end_and_a_live_transcript(clinic: Business) -> None:
    call = whole_call(clinic.lines[0], status="live", ended_at=None, end_reason=None)
    answer = await clinic.deliver(call)
    assert (answer.json["status"], answer.json["duration_seconds"]) == ("live", None)
    assert answer.json["transcript_state"] == "live"


async def test_withheld_numbers_are_null(clinic: Business) -> None:
    answer = await clinic.deliver(new_call(clinic.lines[0], new_id(), from_number=None, to_number=None))
    assert (answer.json["from_number"], answer.json["to_number"]) == (None, None)


async def test_a_line_that_was_switched_off_takes_no_calls(world: World) -> None:
    answer = await world.harbour_manage.post(
        "/v1/calls", new_call("01930000-0000-7000-8000-000000000003", "x")
    )
    assert (answer.status, answer.code) == (404, "not_found")
