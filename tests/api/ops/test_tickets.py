"""The queue of support tickets: every tenant's, for those who answer, and for nobody else."""

from __future__ import annotations

from typing import Any

import msgspec

from aidial_contract.ids import new_id
from tests.api.support.tickets import changed, opened
from tests.people import HARBOUR, NORTHSIDE, NORTHSIDE_LINE
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
    oldest = [one["ticket_id"] for one in await queue(world.omar, "sort=oldest")]
    assert oldest == sorted(set(oldest))
    assert [one for one in oldest if one in {*mine, theirs}] == [*mine, theirs]
    newest = [one["ticket_id"] for one in await queue(world.ada, "sort=newest")]
    assert newest == oldest[::-1]
    harbours = await queue(world.omar, f"tenant={HARBOUR}")
    assert {one["client_id"] for one in harbours} == {HARBOUR}
    assert set(mine) <= {one["ticket_id"] for one in harbours}
    assert await queue(world.omar, "tenant=harbour") == []


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
    assert technical == {"tickets": 1, "client_ids": [first["tickets"][0]["client_id"]]}
    for other in ("sort=newest", f"sort=oldest&tenant={NORTHSIDE}", "sort=oldest&status=open"):
        answer = await world.omar.get(f"/v1/ops/tickets?limit=1&{other}&cursor={first['next_cursor']}")
        assert (answer.status, answer.code) == (400, "invalid_cursor")


async def test_customers_and_partners_have_no_queue(world: World) -> None:
    lost = await world.alice.get(f"/v1/tickets/{new_id()}")
    for someone in (world.alice, world.priya, world.mallory):
        answer = await someone.get("/v1/ops/tickets")
        assert (answer.status, answer.code) == (lost.status, lost.code)
