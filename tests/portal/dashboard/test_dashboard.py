"""The dashboard: figures, chart, and the same as JSON and CSV."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from tests.people import ADA, ALICE, BAYSIDE, BELLA, CHLOE, FRONT_DESK, OLD_LINE, PHYSIO_LINE, TOM
from tests.support.portal import Town
from tests.support.world_calls import new_call


async def test_alice_sees_key_figures_and_the_calls_of_each_day(town: Town) -> None:
    page = await (await town.of(ALICE)).get("/")
    assert page.status == 200
    for figure in (
        "Total calls",
        "Talk minutes",
        "Average duration",
        "Positive sentiment",
        "Missed",
        "Failed",
    ):
        assert figure in page.words
    assert page.text.count('class="chart-item"') == 7
    assert "Last 7 days, Sydney time" in page.words


@pytest.mark.parametrize(("range_", "bars"), [("today", 7), ("7d", 7), ("30d", 30), ("90d", 14)])
async def test_each_range_has_its_bars(town: Town, range_: str, bars: int) -> None:
    page = await (await town.of(ALICE)).get(f"/?range={range_}")
    found = page.text.count('class="chart-item"')
    assert found in ({13, 14} if range_ == "90d" else {bars})


async def test_an_unknown_range_is_the_usual_one(town: Town) -> None:
    page = await (await town.of(ALICE)).get("/?range=eternity")
    assert (page.status, "Last 7 days" in page.words) == (200, True)


async def test_links_keep_the_project_and_the_range(town: Town) -> None:
    page = await (await town.of(ALICE)).get(f"/?range=30d&project_id={FRONT_DESK}")
    assert f"/calls?project_id={FRONT_DESK}&range=30d&status=missed" in page.links("/calls")
    assert f"/calls?project_id={FRONT_DESK}" in page.links("/calls")
    assert f"/?range=30d&project_id={OLD_LINE}" in page.links("/?")


async def test_the_total_is_the_calls_own_count(town: Town) -> None:
    for number in range(3):
        age = timedelta(days=1, hours=number)
        await town.deliver(BAYSIDE, new_call(PHYSIO_LINE, f"counted-{number}", age=age))
    bella = await town.of(BELLA)
    listed = (await bella.get("/api/calls?limit=100")).json["matching"]["count"]
    summary = (await bella.get("/api/analytics/summary?range=90d")).json
    series = (await bella.get("/api/analytics/timeseries?range=90d&interval=day")).json
    assert summary["kpis"]["total_calls"]["value"] == listed
    assert sum(point["total"] for point in series["points"]) == listed
    page = await bella.get("/?range=90d")
    assert re.search(rf"Total calls {listed}\b", page.words)


async def test_the_chart_can_be_taken_along_as_csv(town: Town) -> None:
    bella = await town.of(BELLA)
    link = next(iter((await bella.get("/?range=30d")).links("/api/analytics/")))
    answer = await bella.get(link)
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == 30
    assert set(lines[0]) == {"starts_at", "total", "completed", "missed", "failed", "talk_seconds"}


async def test_the_numbers_refuse_what_they_do_not_know(town: Town) -> None:
    answer = await (await town.of(ALICE)).get("/api/analytics/summary?range=eternity")
    assert answer.status == 400
    assert answer.json["ok"] is False
    assert answer.json["code"] == "unsupported_query_value"
    assert answer.json["field_errors"][0]["field"] == "query.range"


async def test_chloe_has_a_dashboard_of_her_project_only(town: Town) -> None:
    chloe = await town.of(CHLOE)
    page = await chloe.get("/")
    assert page.status == 200
    assert "Front desk" in page.words
    assert "All projects" not in page.words


async def test_a_partner_chooses_among_the_projects_of_assigned_clients(town: Town) -> None:
    page = await (await town.of(TOM)).get("/")
    assert f"/?project_id={PHYSIO_LINE}" in page.links("/?")
    assert "Bayside Physio" in page.words


async def test_operators_are_taken_to_operations(town: Town) -> None:
    ada = await town.of(ADA)
    page = await ada.get("/")
    assert (page.status, page.location) == (302, "/ops")
    assert (await ada.get("/api/analytics/summary")).status == 404
