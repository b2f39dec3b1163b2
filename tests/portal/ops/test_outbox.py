"""The outbox as AiDial's own people see it: to whom roughly, what became of it, what it would have said."""

from __future__ import annotations

from tests.people import ALICE, OMAR, PRIYA
from tests.support.deliveries import by_smtp, post, queue, send_due
from tests.support.portal import Town


async def test_omar_reads_a_message_and_sees_nobodys_address(town: Town) -> None:
    await queue(town, town.calls["front-1"], "dentist@harbour.example")
    await send_due(town)
    omar = await town.of(OMAR)
    page = await omar.get("/ops/outbox?state=kept")
    assert page.status == 200
    for words in ("Call on Front desk", "d...@harbour.example", "Kept, not sent", "Opening this page"):
        assert words in page.words
    assert "Good morning, how can I help?" in page.words
    assert "dentist@" not in page.text
    assert "+61291234567" not in page.text
    listed = (await omar.get("/api/ops/outbox?limit=1&channel=email")).json["messages"]
    assert listed[0]["recipient"] == "d...@harbour.example"


async def test_what_failed_says_why(town: Town) -> None:
    await queue(town, town.calls["front-2"], "dentist@harbour.example")
    await send_due(town, post(town, **by_smtp(1)))
    page = await (await town.of(OMAR)).get("/ops/outbox?state=failed")
    assert "The server does not answer" in page.words
    none = await (await town.of(OMAR)).get("/ops/outbox?state=gave_up&channel=sms")
    assert "No messages match" in none.words


async def test_nobody_else_has_an_outbox(town: Town) -> None:
    for someone in (ALICE, PRIYA):
        person = await town.of(someone)
        for path in ("/ops/outbox", "/api/ops/outbox"):
            assert (await person.get(path)).status == 404
