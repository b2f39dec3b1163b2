"""The queue of support tickets: every tenant's, for those who answer, and for nobody else."""

from __future__ import annotations

from typing import Any

import msgspec

from aidial_contract.ids import new_id
from tests.api.kernel.strict import allow_only
from tests.api.support.tickets import changed, opened
from tests.people import HARBOUR, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.askers import Asker


async def queue(asker: Asker, query: str) -> list[dict[str, Any]]:
    """All pages of the queue, two tickets a page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await asker.get(f"/v1/ops/tickets?limit=2&{query}{cursor}")
        assert answer.status == 200, answer
        found += answer.json["tickets"]
        if answer.json["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer.json['next_cursor']}"


async def test_omar_reads_what_every_tenant_asked_by_age(world: World) -> None:
    mine = [(await opened(world.alice))["ticket_id"] for _ in range(3)]
    theirs = (await opened(world.mallory, project_id=NORTHSIDE_LINE))["ticket_id"]
    # An id may say another age than the ticket's own, as those of the demo do.
    lost = "ffffffff-ffff-7fff-bfff-ffffffffffff"
    await world.sql("UPDATE tickets SET ticket_id = $1 WHERE ticket_id = $2", lost, mine[1])
    mine[1] = lost
    by_age = await queue(world.omar, "sort=oldest")
    assert [one["created_at"] for one in by_age] == sorted(one["created_at"] for one in by_age)
    oldest = [one["ticket_id"] for one in by_age]
    assert len(oldest) == len(set(oldest))
    assert [one for one in oldest if one in {*mine, theirs}] == [*mine, theirs]
    newest = [one["ticket_id"] for one in await queue(world.ada, "sort=newest")]
    assert newest == oldest[::-1]


async def test_what_waits_is_told_from_what_does_not(world: World) -> None:
    ticket = await opened(world.alice, priority="high", category="billing")
    waiting = "status=open,waiting_on_support&priority=high&category=billing"
    assert ticket["ticket_id"] in [one["ticket_id"] for one in await queue(world.omar, waiting)]
    answered = await changed(
        world.omar, ticket, 1, f"?client_id={HARBOUR}", status="waiting_on_customer", owner="me"
    )
    assert answered.status == 200, answered
    assert ticket["ticket_id"] not in [one["ticket_id"] for one in await queue(world.omar, waiting)]
    (now,) = [
        one
        for one in await queue(world.omar, "status=waiting_on_customer")
        if one["ticket_id"] == ticket["ticket_id"]
    ]
    assert now["owner"]["name"] == "Omar Example"
    assert not {"body", "recipients", "comments"} & now.keys()


async def test_looking_is_written_down_and_a_cursor_is_good_for_its_own_list(world: World) -> None:
    await opened(world.alice)
    await opened(world.alice)
    first = (await world.omar.get("/v1/ops/tickets?limit=1&sort=oldest")).json
    event = (await world.events("tickets"))[-1]
    assert (event["action"], event["actor_id"]) == ("ops.tickets.viewed", world.user_ids["omar"])
    technical = msgspec.json.decode(event["technical"] or "")
    shown = first["tickets"][0]
    assert technical == {
        "tickets": 1,
        "client_ids": [shown["client_id"]],
        "ticket_ids": [shown["ticket_id"]],
    }
    for other in ("sort=newest", "sort=oldest&priority=low", "sort=oldest&status=open"):
        answer = await world.omar.get(f"/v1/ops/tickets?limit=1&{other}&cursor={first['next_cursor']}")
        assert (answer.status, answer.code) == (400, "invalid_cursor")


async def test_a_tenant_closed_to_omars_address_is_not_in_his_queue(world: World) -> None:
    """Its tickets are 403 to him one by one, so a list of everybody's does not show them either."""
    ticket = await opened(world.alice)
    path = f"/v1/tickets/{ticket['ticket_id']}?client_id={HARBOUR}"
    async with allow_only(world, world.api, HARBOUR, "203.0.113.0/24"):
        assert (await world.omar.get(path)).code == "ip_not_allowed"
        assert HARBOUR not in {one["client_id"] for one in await queue(world.omar, "sort=newest")}
    assert ticket["ticket_id"] in [one["ticket_id"] for one in await queue(world.omar, "sort=newest")]


async def test_customers_and_partners_have_no_queue(world: World) -> None:
    lost = await world.alice.get(f"/v1/tickets/{new_id()}")
    for someone in (world.alice, world.priya, world.mallory):
        answer = await someone.get("/v1/ops/tickets")
        assert (answer.status, answer.code) == (lost.status, lost.code)
