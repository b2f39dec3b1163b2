"""The queue of support tickets as AiDial's own people see it."""

from __future__ import annotations

from tests.people import ALICE, OMAR, PRIYA
from tests.support.portal import Town
from tests.support.tickets import new_ticket


async def test_omar_finds_what_waits_and_who_asked(town: Town) -> None:
    alice = await town.of(ALICE)
    made = await alice.change("POST", "/api/support/tickets", new_ticket(subject="The queue's own ticket"))
    assert made.status == 201, made
    omar = await town.of(OMAR)
    page = await omar.get("/ops/tickets?limit=100")
    assert page.status == 200
    for words in (
        "The queue's own ticket",
        "harbour-dental",
        "Technical",
        "Normal priority, 0 replies",
        "Nobody yet",
    ):
        assert words in page.words
    assert "Since this morning" not in page.text
    closed = await omar.get("/ops/tickets?status=closed&priority=low&category=account")
    assert "No tickets match" in closed.words
    listed = (await omar.get("/api/ops/tickets?limit=100")).json["tickets"]
    assert made.json["ticket"]["ticket_id"] in [one["ticket_id"] for one in listed]


async def test_nobody_else_has_a_queue(town: Town) -> None:
    for someone in (ALICE, PRIYA):
        person = await town.of(someone)
        for path in ("/ops/tickets", "/api/ops/tickets"):
            assert (await person.get(path)).status == 404
