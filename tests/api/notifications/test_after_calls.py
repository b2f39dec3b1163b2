"""Who is told of a call, once it is over: those the project names, once each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from aidial_contract.ids import new_id
from tests.people import FRONT_DESK
from tests.support.api import World
from tests.support.askers import Answer
from tests.support.deliveries import delivered_call, deliveries, send_due
from tests.support.ids import without_ids
from tests.support.world_calls import new_call

PATH = f"/v1/projects/{FRONT_DESK}/settings/notifications"
OFF = {
    "email_transcript": {"enabled": False, "mask": True, "recipients": []},
    "sms_summary": {"enabled": False, "recipients": []},
}
ON = {
    "email_transcript": {"enabled": True, "mask": True, "recipients": ["Desk@harbour.example"]},
    "sms_summary": {"enabled": True, "recipients": ["0412 000 111", "+64 21 123 4567"]},
}
KEPT = ON | {"sms_summary": {"enabled": True, "recipients": ["+61412000111", "+64211234567"]}}


async def save(world: World, value: Any) -> Answer:
    version = (await world.alice.get(PATH)).json["version"]
    return await world.alice.put(PATH, {"expected_version": version, "value": value})


@pytest.fixture
async def on(world: World) -> AsyncIterator[None]:
    """Notifications of Harbour's front desk are on, and off again afterwards."""
    answer = await save(world, ON)
    assert answer.status == 200, answer
    yield
    await save(world, OFF)


async def told(world: World, call_id: str) -> list[tuple[str, str, str]]:
    """To whom, what and how it went."""
    return [(row["kind"], row["recipient_shown"], row["state"]) for row in await deliveries(world, call_id)]


EVERYBODY = [
    ("call_transcript", "D...@harbour.example", "kept"),
    ("call_summary", "+61 ... 111", "kept"),
    ("call_summary", "+64 ... 567", "kept"),
]


@pytest.mark.usefixtures("on")
async def test_a_whole_call_is_told_once_to_everybody(world: World) -> None:
    call = new_call(FRONT_DESK, f"told-{new_id()}")
    call_id = (await world.harbour_manage.post("/v1/calls", call)).json["call_id"]
    assert (await world.harbour_manage.post("/v1/calls", call)).status == 200
    await send_due(world)
    assert await told(world, call_id) == EVERYBODY
    again = await world.harbour_manage.post("/v1/calls", call)
    assert again.status == 200
    await send_due(world)
    assert len(await deliveries(world, call_id)) == 3


@pytest.mark.usefixtures("on")
async def test_a_live_call_is_told_when_it_ends_and_not_again_when_it_is_corrected(world: World) -> None:
    now = datetime.now(UTC).isoformat()
    live = {"status": "live", "started_at": now, "ended_at": None, "end_reason": None}
    call_id = await delivered_call(world, **live)
    path = f"/v1/calls/{call_id}"
    await send_due(world)
    assert await told(world, call_id) == []

    async def change(**patch: Any) -> None:
        etag = (await world.harbour_manage.get(path)).headers["etag"]
        headers = {"if-match": etag}
        answer = await world.harbour_manage.ask("PATCH", path, patch, headers=headers)
        assert answer.status == 200, answer

    await change(resolution="matrix")
    await send_due(world)
    assert await told(world, call_id) == []
    await change(status="missed", ended_at=now, end_reason="missed")
    await send_due(world)
    assert await told(world, call_id) == EVERYBODY
    (mail, *_) = await deliveries(world, call_id)
    assert msgspec.json.decode(mail["content"])["subject"].startswith("Missed call on Front desk")
    await change(status="completed", end_reason="caller_hangup")
    await send_due(world)
    assert len(await deliveries(world, call_id)) == 3


@pytest.mark.usefixtures("on")
async def test_nobody_is_told_of_old_calls_that_are_brought_in(world: World) -> None:
    old = new_call(FRONT_DESK, f"told-{new_id()}", age=timedelta(hours=25))
    answer = await world.harbour_manage.post("/v1/calls", old)
    assert answer.status == 201, answer
    await send_due(world)
    assert await told(world, answer.json["call_id"]) == []
    ends_later = old | {"external_id": f"told-{new_id()}", "status": "live"}
    answer = await world.harbour_manage.post("/v1/calls", ends_later | {"ended_at": None, "end_reason": None})
    assert answer.status == 201, answer
    path = f"/v1/calls/{answer.json['call_id']}"
    etag = (await world.harbour_manage.get(path)).headers["etag"]
    patch = {"status": "completed", "ended_at": old["ended_at"], "end_reason": "caller_hangup"}
    changed = await world.harbour_manage.ask("PATCH", path, patch, headers={"if-match": etag})
    assert changed.status == 200, changed
    await send_due(world)
    assert await told(world, answer.json["call_id"]) == []
    recent = new_call(FRONT_DESK, f"told-{new_id()}", age=timedelta(hours=23))
    answer = await world.harbour_manage.post("/v1/calls", recent)
    await send_due(world)
    assert await told(world, answer.json["call_id"]) == EVERYBODY


async def test_nobody_is_told_while_both_are_off_and_nothing_is_queued(world: World) -> None:
    call_id = await delivered_call(world)
    jobs = await world.sql(
        "SELECT 1 FROM jobs.procrastinate_jobs WHERE args ->> 'call_id' = $1 AND task_name LIKE 'notif%'",
        call_id,
    )
    assert jobs == []
    await send_due(world)
    assert await told(world, call_id) == []


async def test_each_is_on_for_itself(world: World) -> None:
    assert (await save(world, ON | {"sms_summary": OFF["sms_summary"]})).status == 200
    try:
        call_id = await delivered_call(world)
        await send_due(world)
        assert await told(world, call_id) == EVERYBODY[:1]
    finally:
        await save(world, OFF)


@pytest.mark.usefixtures("on")
async def test_whole_recipients_are_for_the_editor_alone(world: World) -> None:
    document = (await world.alice.get(PATH)).json
    assert document["working"] == KEPT
    # The world's mail stays in the outbox.
    assert document["reaches"] == {"email": False, "sms": False}
    summary = (await world.ben.get(PATH)).json
    assert summary["mode"] == "summary"
    assert summary["working"]["email_transcript"]["recipients"] == ["D...@harbour.example"]
    assert summary["working"]["sms_summary"]["recipients"] == ["+61 ... 111", "+64 ... 567"]
    assert summary["restricted"] == ["email_transcript/recipients", "sms_summary/recipients"]
    assert summary["counts"] == {"email_transcript/recipients": 1, "sms_summary/recipients": 2}
    for somebody in (world.chloe, world.priya, world.tom, world.mallory):
        assert (await somebody.get(PATH)).status == 404
    kept = [
        str(dict(row))
        for table in ("project_settings", "project_settings_history", "audit_events", "deliveries")
        for row in await world.sql(f"SELECT * FROM {table}")
    ]
    for whole in ("Desk@harbour", "desk@harbour", "+61412000111", "412000111"):
        assert not any(whole in row for row in kept)


@pytest.mark.parametrize(
    ("value", "field", "code"),
    [
        (
            ON | {"email_transcript": {"enabled": True, "recipients": []}},
            "email_transcript/recipients",
            "required",
        ),
        (ON | {"sms_summary": {"enabled": True, "recipients": []}}, "sms_summary/recipients", "required"),
        (
            ON | {"email_transcript": {"enabled": False, "recipients": ["nobody"]}},
            "email_transcript/recipients/0",
            "format",
        ),
        (
            ON | {"email_transcript": {"enabled": False, "recipients": ["a@b.example", "A@b.example"]}},
            "email_transcript/recipients/1",
            "repeated",
        ),
        (
            ON | {"sms_summary": {"enabled": True, "recipients": ["123"]}},
            "sms_summary/recipients/0",
            "format",
        ),
        (
            ON | {"sms_summary": {"enabled": True, "recipients": ["02 9123 4567"]}},
            "sms_summary/recipients/0",
            "format",
        ),
        *(
            (
                ON | {"sms_summary": {"enabled": True, "recipients": [number]}},
                "sms_summary/recipients/0",
                "format",
            )
            for number in (
                *("+247 4xxxx", "0412 FLOWER", "+870 773 111 632", "+881 6 1234 5678", "+882 16 1234 5678"),
                *("+883 5100 1234 5678", "+888 1234 5678", "+979 1 2345 6789"),
            )
        ),
        (
            ON | {"sms_summary": {"enabled": True, "recipients": ["0412000111", "+61 412 000 111"]}},
            "sms_summary/recipients/1",
            "repeated",
        ),
    ],
)
async def test_a_wrong_recipient_is_named_by_its_place_alone(
    world: World, value: Any, field: str, code: str
) -> None:
    answer = await save(world, value)
    assert (answer.status, answer.json["code"]) == (422, "validation_failed")
    (error,) = answer.json["field_errors"]
    assert (error["field"], error["code"]) == (f"/value/{field}", code)
    assert b"nobody" not in answer.body
    assert "9123" not in without_ids(answer.body.decode())
