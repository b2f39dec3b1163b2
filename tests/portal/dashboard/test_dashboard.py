"""The dashboard: figures, chart, and the same as JSON and CSV."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.people import ADA, ALICE, BAYSIDE, BELLA, CHLOE, FRONT_DESK, OLD_LINE, PHYSIO_LINE, TOM
from tests.support.portal import Town
from tests.support.world_calls import new_call

LATE_S = 5
MORE_THAN_A_PAGE = 105
"""The numbers come a hundred keys at a time unless asked for more."""
SHOWN = 8


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


@pytest.mark.parametrize(("range_", "bars"), [("today", 24), ("7d", 7), ("30d", 30), ("90d", 14)])
async def test_each_range_has_its_bars(town: Town, range_: str, bars: int) -> None:
    page = await (await town.of(ALICE)).get(f"/?range={range_}")
    found = page.text.count('class="chart-item"')
    # 90 days touch 13 or 14 weeks, and a day with a clock change has an hour more or less.
    assert abs(found - bars) <= (1 if range_ in {"today", "90d"} else 0)


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


async def test_a_call_is_in_every_number_seconds_after_it_was_delivered(
    town: Town, record_property: Callable[[str, object], None]
) -> None:
    bella = await town.of(BELLA)
    # That day, even if midnight comes in between.
    begun_at = datetime.now(ZoneInfo("Australia/Perth"))
    day = begun_at.date()
    today = f"from={day}&to={day}"

    async def numbers() -> tuple[float, int, int]:
        summary = (await bella.get(f"/api/analytics/summary?{today}")).json
        series = (await bella.get(f"/api/analytics/timeseries?{today}&interval=hour")).json
        found = (await bella.get(f"/api/analytics/breakdown?{today}&by=agent&limit=1000")).json
        return (
            summary["kpis"]["total_calls"]["value"],
            sum(point["total"] for point in series["points"]),
            sum(row["count"] for row in found["rows"]),
        )

    before = await numbers()
    age = datetime.now(UTC) - begun_at
    call = new_call(PHYSIO_LINE, "just-now", age=age, ended_at=None, status="live", end_reason=None)
    begun = time.monotonic()
    await town.deliver(BAYSIDE, call)
    after = await numbers()
    page = await bella.get(f"/?{today}")
    took_s = time.monotonic() - begun
    record_property("measured", f"from ingest to the dashboard: {took_s * 1000:.0f} ms")
    assert after == tuple(number + 1 for number in before)
    assert re.search(rf"Total calls {after[0]:.0f}\b", page.words)
    assert took_s < LATE_S


async def test_the_chart_can_be_taken_along_as_csv(town: Town) -> None:
    bella = await town.of(BELLA)
    link = next(iter((await bella.get("/?range=30d")).links("/api/analytics/timeseries.csv")))
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


async def test_every_number_leads_to_its_calls_and_every_table_to_its_csv(town: Town) -> None:
    call = new_call(
        PHYSIO_LINE,
        "with-everything",
        sentiment={"caller": "upset"},
        outcome="=1+1",
        booking={"at": "2026-12-01T09:00:00+11:00"},
    )
    await town.deliver(BAYSIDE, call)
    bella = await town.of(BELLA)
    page = await bella.get("/?range=30d")
    for words in ("When people call", "How callers felt", "Outcomes", "Busiest agents", "Leads captured"):
        assert words in page.words
    for filters in ("booking=yes", "sentiment=upset", "outcome=booked", "agent=reception"):
        link = f"/calls?range=30d&{filters}"
        assert link in page.links("/calls"), filters
        counted = (await bella.get("/api" + link.replace("range=30d&", "limit=100&"))).json["matching"]
        assert counted["count"] > 0
    files = [link for link in page.links("/api/analytics/") if ".csv" in link]
    assert len(files) == 6
    for link in files:
        answer = await bella.get(link)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/csv")
        assert ".csv" in answer.headers["content-disposition"]
    outcomes = await bella.get("/api/analytics/breakdown.csv?by=outcome&range=30d")
    assert next(csv.reader(io.StringIO(outcomes.text))) == ["outcome", "name", "calls"]
    assert "'=1+1" in outcomes.text


async def test_the_csv_of_a_table_has_every_agent_where_the_page_has_the_busiest(town: Town) -> None:
    # A day on which no other test has a call.
    age = timedelta(days=60)
    started = datetime.now(UTC) - age
    agents = {f"agent-{number}" for number in range(MORE_THAN_A_PAGE)}
    for agent in agents:
        of_agent = {"agent": {"id": agent, "name": agent}, "turns": []}
        await town.deliver(BAYSIDE, new_call(PHYSIO_LINE, f"of-{agent}", age=age, **of_agent))
    bella = await town.of(BELLA)
    days = f"from={started - timedelta(days=1):%Y-%m-%d}&to={started + timedelta(days=1):%Y-%m-%d}"
    page = await bella.get(f"/?{days}")
    assert f"{MORE_THAN_A_PAGE - SHOWN} calls in others" in page.words
    (link,) = (one for one in page.links("/api/analytics/breakdown.csv") if "by=agent" in one)
    lines = csv.DictReader(io.StringIO((await bella.get(link)).text))
    assert {line["agent"] for line in lines} == agents


async def test_days_are_chosen_one_by_one(town: Town) -> None:
    bella = await town.of(BELLA)
    page = await bella.get("/?from=2026-03-01&to=2026-03-31")
    assert page.status == 200
    assert "1 Mar 2026 to 31 Mar 2026" in page.words
    assert page.text.count('class="chart-item"') == 31
    assert "/calls?from=2026-03-01&to=2026-03-31&status=missed" in page.links("/calls")
    for query, words in (
        ("from=2026-03-02&to=2026-03-01", "The last day is before the first"),
        ("from=2024-01-01&to=2026-03-01", "Choose at most 366 days"),
        ("from=yesterday&to=", "Enter a day"),
    ):
        page = await bella.get(f"/?{query}")
        assert (page.status, words in page.words) == (422, True), query
        assert "Last 7 days" in page.words


async def test_what_calls_are_made_of_is_json_too(town: Town) -> None:
    bella = await town.of(BELLA)
    found = (await bella.get("/api/analytics/breakdown?by=sentiment&range=90d")).json
    assert set(found) == {"by", "rows"}
    assert [row["key"] for row in found["rows"]] == ["positive", "neutral", "upset", "unknown"]
    total = (await bella.get("/api/analytics/summary?range=90d")).json["kpis"]["total_calls"]["value"]
    assert sum(row["count"] for row in found["rows"]) == total
    wrong = await bella.get("/api/analytics/breakdown?by=weather")
    assert (wrong.status, wrong.json["code"]) == (400, "unsupported_query_value")


async def test_a_partner_sees_the_clients_beside_one_another_and_then_one(town: Town) -> None:
    tom = await town.of(TOM)
    page = await tom.get("/")
    assert "Your clients" in page.words
    assert "Front desk, Harbour Dental" in page.words
    link = f"/?client_id={BAYSIDE}"
    assert link in page.links("/?")
    one = await tom.get(link)
    assert "Bayside Physio, Last 7 days" in one.words
    assert "All clients" in one.words
    assert "Your clients" not in one.words
    rows = list(csv.DictReader(io.StringIO((await tom.get("/api/analytics/clients.csv")).text)))
    assert BAYSIDE in {row["client_id"] for row in rows}
    assert "Your clients" not in (await (await town.of(ALICE)).get("/")).words


async def test_outcomes_are_read_as_the_list_reads_them(town: Town) -> None:
    """A published label, somebody's own words as they are, and a code that nobody named in words."""
    term = "INSERT INTO project_terms (client_id, project_id, kind, code, label, place)"
    desk = "Handed to the front desk"
    await town.sql(f"{term} VALUES ($1, $2, 'outcome', 'xfer_desk', $3, 0)", BAYSIDE, PHYSIO_LINE, desk)
    try:
        # As calls have them that came before there was a taxonomy.
        said = {"xfer_desk": desk, "VIP callback": "VIP callback", "sent_away": "Sent away"}
        for outcome in said:
            call_id = await town.deliver(BAYSIDE, new_call(PHYSIO_LINE, f"said {outcome}"))
            await town.sql("UPDATE calls SET outcome = $2 WHERE call_id = $1", call_id, outcome)
        bella = await town.of(BELLA)
        page, listed = await bella.get("/"), await bella.get("/calls?limit=100")
        for words in said.values():
            assert words in page.words
            assert words in listed.words
        assert "Vip callback" not in page.words
        assert "Xfer desk" not in page.words
        rows = list(csv.DictReader(io.StringIO((await bella.get("/api/analytics/breakdown.csv")).text)))
        named = {row["outcome"]: row["name"] for row in rows}
        assert (named["xfer_desk"], named["VIP callback"]) == (desk, "")
        # Whoever reaches the line not at all reads no word of its taxonomy.
        assert desk not in (await (await town.of(ALICE)).get("/")).words
    finally:
        await town.sql("DELETE FROM project_terms WHERE project_id = $1", PHYSIO_LINE)
