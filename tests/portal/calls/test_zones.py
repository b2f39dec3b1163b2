"""Days and times of calls: the project's, whoever looks and from wherever."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from aidial_contract.ids import new_id
from tests.people import BAYSIDE, BELLA, FRONT_DESK, PHYSIO_LINE, TOM
from tests.portal.calls.test_list import shown
from tests.support.portal import Town
from tests.support.world_calls import new_call

AHEAD, BEHIND = "Pacific/Kiritimati", "Pacific/Pago_Pago"
"""A tenant and its only line, whose today is never the same day."""


@pytest.fixture
async def far_apart(town: Town) -> AsyncIterator[str]:
    """A call to that line, just now; its id."""
    await town.sql("UPDATE clients SET timezone = $2 WHERE client_id = $1", BAYSIDE, AHEAD)
    await town.sql("UPDATE projects SET timezone = $2 WHERE project_id = $1", PHYSIO_LINE, BEHIND)
    try:
        yield await town.deliver(BAYSIDE, new_call(PHYSIO_LINE, new_id(), age=timedelta()))
    finally:
        for table, key, value in (("clients", "client_id", BAYSIDE), ("projects", "project_id", PHYSIO_LINE)):
            await town.sql(f"UPDATE {table} SET timezone = 'Australia/Perth' WHERE {key} = $1", value)


async def test_with_one_project_days_and_times_are_its_own(town: Town, far_apart: str) -> None:
    async with town.visitor(BELLA) as bella:
        listed = await bella.get("/calls?range=today&limit=100")
        assert far_apart in shown(listed)
        assert "Times are in Pago Pago time (SST)." in listed.words
        dashboard = await bella.get("/?range=today")
        assert "Today, Pago Pago time" in dashboard.words
        count = re.search(r"Total calls (\d+)", dashboard.words)
        assert count is not None
        assert int(count[1]) == len(shown(listed))
        review = await bella.get(f"/calls?expand={far_apart}", hx_request="true")
        assert re.search(r"Started \d+ \w+ \d{4}, \d+:\d\d [ap]m SST", review.words)
        offer = await bella.get("/calls?range=today")
        first = re.search(r'name="from" value="([^"]+)"', offer.text[offer.text.index("data-export-form") :])
        assert first is not None
        assert first[1] == (datetime.now(UTC) - timedelta(hours=11)).date().isoformat()


async def test_with_several_zones_each_call_has_its_projects_own(town: Town, far_apart: str) -> None:
    async with town.visitor(TOM) as tom:
        listed = await tom.get("/calls?range=today&limit=100")
        assert {far_apart, town.calls["front-1"]} & set(shown(listed)) >= {far_apart}
        assert "Each time is in the time zone of the call's project." in listed.words
        row = listed.text[listed.text.index(f'data-call="{far_apart}"') :]
        assert re.search(r'role="tooltip">[^<]* SST</span>', row[: row.index("</tr>")])
        review = await tom.get(f"/calls?expand={far_apart}", hx_request="true")
        assert re.search(r"Started \d+ \w+ \d{4}, \d+:\d\d [ap]m SST", review.words)
        dashboard = await tom.get("/?range=7d")
        assert "Last 7 days, each project's own time" in dashboard.words
        assert dashboard.words.count("ach project's own time") == 3
        for narrowed, zone in ((f"project_id={FRONT_DESK}", "Sydney"), (f"client_id={BAYSIDE}", "Pago Pago")):
            assert f"Times are in {zone} time" in (await tom.get(f"/calls?{narrowed}")).words
            assert f"Last 7 days, {zone} time" in (await tom.get(f"/?{narrowed}")).words


@pytest.mark.parametrize(("zone", "zones"), [("Australia/Melbourne", 1), ("Australia/Brisbane", 2)])
async def test_zones_whose_clocks_agree_are_one(town: Town, far_apart: str, zone: str, zones: int) -> None:
    await town.sql("UPDATE projects SET timezone = $2 WHERE project_id = $1", PHYSIO_LINE, zone)
    async with town.visitor(TOM) as tom:
        listed, dashboard = await tom.get("/calls?range=today"), await tom.get("/?range=7d")
        assert far_apart in shown(listed)
        assert bool(re.search(r"Times are in (Sydney|Melbourne) time", listed.words)) == (zones == 1)
        assert bool(re.search(r"Last 7 days, (Sydney|Melbourne) time", dashboard.words)) == (zones == 1)
