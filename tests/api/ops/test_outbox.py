"""What AiDial's own people see of messages to people: that they went, to whom roughly, and no more."""

from __future__ import annotations

import msgspec

from tests.people import HARBOUR
from tests.support.api import World
from tests.support.deliveries import MANAGER, by_smtp, delivered_call, post, queue, send_due
from tests.support.smtp import mail_server


async def test_omar_reads_messages_page_by_page_and_is_written_down(world: World) -> None:
    call_id = await delivered_call(world)
    for name in ("a", "b", "c"):
        await queue(world, call_id, f"{name}@harbour.example")
    await send_due(world)
    first = await world.omar.get("/v1/ops/outbox?limit=2&state=kept&channel=email")
    assert first.status == 200, first
    shown = first.json["messages"]
    assert [one["recipient"] for one in shown] == ["c...@harbour.example", "b...@harbour.example"]
    assert {(one["client_id"], one["about_id"], one["sent_by"]) for one in shown} == {
        (HARBOUR, call_id, "outbox")
    }
    assert [(one["state"], one["sent_at"]) for one in shown] == [("kept", None)] * 2
    assert "Caller: +61 ... 567" in shown[0]["text"]
    cursor = first.json["next_cursor"]
    second = await world.omar.get(f"/v1/ops/outbox?limit=2&state=kept&channel=email&cursor={cursor}")
    assert second.json["messages"][0]["recipient"] == "a...@harbour.example"
    other_list = await world.omar.get(f"/v1/ops/outbox?limit=2&cursor={cursor}")
    assert (other_list.status, other_list.json["code"]) == (400, "invalid_cursor")
    events = await world.events("deliveries")
    assert events[-1]["action"] == "ops.outbox.viewed"
    assert (events[-1]["client_id"], events[-1]["actor_id"]) == (None, world.user_ids["omar"])
    read = second.json["messages"]
    assert events[-1]["technical"] is not None
    technical = msgspec.json.decode(events[-1]["technical"])
    assert technical["messages"] == len(read)
    assert technical["delivery_ids"] == [one["delivery_id"] for one in read]
    assert sorted(technical["client_ids"]) == sorted({one["client_id"] for one in read})


async def test_of_mail_that_left_there_is_no_text(world: World) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    with mail_server() as mailbox:
        await send_due(world, post(world, **by_smtp(mailbox.port)))
    (one,) = [
        one
        for one in (await world.ada.get("/v1/ops/outbox?limit=100")).json["messages"]
        if one["about_id"] == call_id
    ]
    assert (one["state"], one["sent_by"], one["subject"], one["text"]) == ("sent", "smtp", None, None)


async def test_what_waits_says_why_and_until_when(world: World) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    await send_due(world, post(world, **by_smtp(1)))
    answer = await world.omar.get("/v1/ops/outbox?state=failed,gave_up&limit=100")
    (one,) = [one for one in answer.json["messages"] if one["about_id"] == call_id]
    assert (one["failure"], one["attempts"]) == ("unreachable_ConnectionRefusedError", 1)
    assert one["next_attempt_at"] is not None
    assert MANAGER not in str(answer.json)
