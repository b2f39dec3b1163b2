"""What was sent to whom: everybody of a tenant sees what is theirs to see, page by page."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.reports import store
from aidial_contract.ids import new_id
from tests.people import AFTER_HOURS, BAYSIDE, FRONT_DESK, HARBOUR, NORTHSIDE
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.deliveries import queue
from tests.support.reports import given_report

PATH = "/v1/deliveries"
SHOWN = {
    "delivery_id",
    "kind",
    "channel",
    "project_id",
    "project_name",
    "about_id",
    "month",
    "recipient",
    "state",
    "attempts",
    "failure",
    "created_at",
    "next_attempt_at",
    "sent_at",
}


async def listed(asker: Asker, about: str, query: str = "") -> list[dict[str, Any]]:
    """What somebody sees of the messages about one thing, whatever other tests sent."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await asker.get(f"{PATH}?limit=100{query}{cursor}")
        assert answer.status == 200, answer
        found += [one for one in answer.json["deliveries"] if one["about_id"] == about]
        if answer.json["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer.json['next_cursor']}"


async def test_everybody_of_the_tenant_sees_what_was_sent_about_their_lines(world: World) -> None:
    about = new_id()
    await queue(world, about, "zelda@harbour.example")
    await queue(world, about, "+61412000777", kind="call_summary", channel="sms")
    await world.sql(
        "UPDATE deliveries SET state = 'gave_up', failure = 'recipient_refused_550', attempts = 2"
        " WHERE about_id = $1 AND channel = 'sms'",
        about,
    )
    sms, mail = await listed(world.alice, about)
    for asker in (world.alice, world.ben, world.chloe):
        assert await listed(asker, about) == [sms, mail]
        assert set(mail) == SHOWN
        assert (mail["recipient"], mail["state"], mail["failure"]) == ("z...@harbour.example", "queued", None)
        assert (sms["kind"], sms["recipient"], sms["state"]) == ("call_summary", "+61 ... 777", "gave_up")
        assert (sms["failure"], sms["attempts"]) == ("recipient_refused_550", 2)
        assert (sms["project_id"], sms["project_name"]) == (FRONT_DESK, "Front desk")
    assert await listed(world.alice, about, "&state=gave_up") == [sms]
    assert await listed(world.alice, about, "&kind=call_transcript,monthly_report") == [mail]
    for asker in (world.mallory, world.carla):
        answer = await asker.get(PATH)
        assert answer.status == 404 or about not in answer.body.decode()
    for denied in (world.priya, world.tom, world.ada, world.omar, world.harbour_manage):
        assert (await denied.get(PATH)).status in {403, 404}


async def test_a_line_out_of_reach_is_not_in_it_and_what_is_about_all_is(world: World) -> None:
    about, report_id = new_id(), await given_report(world, "2026-02")
    await queue(world, about)
    await world.sql("UPDATE deliveries SET project_id = $2 WHERE about_id = $1", about, AFTER_HOURS)
    await queue(world, report_id, kind="monthly_report")
    await world.sql("UPDATE deliveries SET project_id = NULL WHERE about_id = $1", report_id)
    assert len(await listed(world.alice, about)) == 1
    assert await listed(world.chloe, about) == []
    (seen,) = await listed(world.chloe, report_id)
    assert (seen["kind"], seen["month"], seen["project_id"]) == ("monthly_report", "2026-02", None)


async def test_pages_go_on_where_the_one_before_ended(world: World) -> None:
    about = new_id()
    for number in range(5):
        await queue(world, about, f"reader{number}@harbour.example")
    first = (await world.alice.get(f"{PATH}?limit=2")).json
    second = (await world.alice.get(f"{PATH}?limit=2&cursor={first['next_cursor']}")).json
    ids = [one["delivery_id"] for one in (*first["deliveries"], *second["deliveries"])]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 4
    for asker, query in ((world.alice, "state=sent&"), (world.mallory, "")):
        answer = await asker.get(f"{PATH}?{query}cursor={first['next_cursor']}")
        assert answer.code == "invalid_cursor"
    assert (await world.alice.get(f"{PATH}?kind=letters")).code == "unsupported_query_value"


async def test_a_page_is_read_from_the_index_of_its_line(world: World) -> None:
    services = world.api.app.services
    assert services is not None
    await world.sql(
        "INSERT INTO deliveries (client_id, delivery_id, project_id, kind, channel, about_id, mask,"
        " recipient, recipient_mark, recipient_shown, state)"
        " SELECT client_id, gen_random_uuid(), project_id, 'call_transcript', 'email', gen_random_uuid(),"
        " true, '', decode(repeat('00', 32), 'hex'), 'a...@b.example', 'kept'"
        " FROM projects, generate_series(1, 600) WHERE client_id = any($1)",
        [HARBOUR, BAYSIDE, NORTHSIDE],
    )
    try:
        await world.sql("ANALYZE deliveries")
        async with services.db.transaction(Reach((HARBOUR,)), read_only=True) as tx:
            plan = await tx.fetchval(
                f"EXPLAIN (FORMAT JSON) {store.DELIVERIES}",
                HARBOUR,
                [FRONT_DESK, AFTER_HOURS],
                None,
                None,
                None,
                21,
            )
    finally:
        await world.sql("DELETE FROM deliveries WHERE recipient = ''")
    assert "Seq Scan on deliveries" not in plan
    assert '"Relation Name": "deliveries"' in plan
    assert plan.count("deliveries_of_project") == 2, plan
