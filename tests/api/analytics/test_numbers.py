"""The dashboard's numbers: equal to a recount, cut at a line's midnight, beside the period before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from tests.api.calls.lines import Business, open_business
from tests.people import FRONT_DESK, NORTHSIDE, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.world_calls import new_call

ZONE = ZoneInfo("Australia/Sydney")
# The clocks go forward on Sunday 4 October 2026: that day has 23 hours.
FIRST = datetime(2026, 9, 21, 0, 30, tzinfo=ZONE)
COUNT = 90
KPIS = {
    "total_calls", "talk_minutes", "average_duration_seconds", "positive_sentiment", "completed_calls",
    "missed_calls", "failed_calls", "bookings", "transfers", "leads_captured",
}  # fmt: skip
TOTALS = ("total", "completed", "missed", "failed", "talk_seconds")


def _call(line: str, number: int) -> dict[str, Any]:
    started = FIRST.astimezone(UTC) + timedelta(hours=6 * number)
    status = ("completed", "completed", "missed", "failed", "unknown")[number % 5]
    return new_call(
        line,
        f"numbers-{number}",
        status=status,
        started_at=started.isoformat(),
        ended_at=(started + timedelta(seconds=10 * (number % 9))).isoformat(),
        end_reason="unknown",
        sentiment={"caller": ("positive", "upset", "unknown", "neutral")[number % 4]},
        turns=[],
    )


@pytest.fixture(scope="module")
async def calls() -> list[dict[str, Any]]:
    return [_call("", number) for number in range(COUNT)]


@pytest.fixture(scope="module")
async def counted(world: World, calls: list[dict[str, Any]]) -> Business:
    business = await open_business(world, "Australia/Sydney", "Australia/Perth")
    for number, call in enumerate(calls):
        await business.deliver({**call, "project_id": business.lines[number % 2]})
    return business


def recount(calls: Iterable[dict[str, Any]]) -> dict[str, float]:
    """The KPIs of some calls, counted here."""
    some = list(calls)
    done = [one for one in some if one["status"] == "completed"]
    lengths = [_seconds(one) for one in done]
    felt = [one["sentiment"]["caller"] for one in some if one["sentiment"]["caller"] != "unknown"]
    return {
        "total_calls": len(some),
        "talk_minutes": round(sum(lengths) / 60, 4),
        "average_duration_seconds": round(sum(lengths) / len(lengths), 4) if lengths else 0,
        "positive_sentiment": round(felt.count("positive") / len(felt), 4) if felt else 0,
        "completed_calls": len(done),
        "missed_calls": sum(one["status"] == "missed" for one in some),
        "failed_calls": sum(one["status"] == "failed" for one in some),
        "bookings": sum("booking" in one for one in some),
        "transfers": sum("transfer" in one for one in some),
        "leads_captured": sum("follow_up" in one for one in some),
    }


def _seconds(call: dict[str, Any]) -> int:
    length = datetime.fromisoformat(call["ended_at"]) - datetime.fromisoformat(call["started_at"])
    return int(length.total_seconds())


def within(calls: list[dict[str, Any]], since: datetime, until: datetime) -> list[dict[str, Any]]:
    return [one for one in calls if since <= datetime.fromisoformat(one["started_at"]) < until]


def midnight(day: str, *, later: int = 0) -> datetime:
    return datetime.combine(
        datetime.fromisoformat(day).date() + timedelta(days=later), datetime.min.time(), ZONE
    )


async def get(asker: Asker, what: str, **query: str) -> Any:
    answer = await asker.get(f"/v1/analytics/{what}?" + urlencode(query))
    assert answer.status == 200, answer
    return answer.json


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [("2026-09-28", "2026-10-04", 7), ("2026-10-04", "2026-10-04", 1), ("2026-09-21", "2026-10-13", 23)],
)
async def test_the_numbers_of_a_period_are_those_of_a_recount(
    counted: Business, calls: list[dict[str, Any]], first: str, last: str, days: int
) -> None:
    summary = await get(counted.admin, "summary", **{"from": first, "to": last})
    since, until = midnight(first), midnight(last, later=1)
    now = recount(within(calls, since, until))
    before = recount(within(calls, midnight(first, later=-days), since))
    assert set(summary["kpis"]) == KPIS
    assert {name: kpi["value"] for name, kpi in summary["kpis"].items()} == now
    assert {name: kpi["previous"] for name, kpi in summary["kpis"].items()} == before
    for name, kpi in summary["kpis"].items():
        change = now[name] / before[name] - 1 if before[name] else None
        assert kpi["change"] == (None if change is None else pytest.approx(change, abs=1e-3)), name
    assert summary["range"]["timezone"] == "Australia/Sydney"
    assert datetime.fromisoformat(summary["range"]["since"]) == since
    assert datetime.fromisoformat(summary["range"]["until"]) == until


async def test_every_day_has_a_bar_and_they_add_up(counted: Business, calls: list[dict[str, Any]]) -> None:
    series = await get(counted.admin, "timeseries", **{"from": "2026-09-20", "to": "2026-10-15"})
    assert series["interval"] == "day"
    points = series["points"]
    assert len(points) == 26
    for number, point in enumerate(points):
        since = midnight("2026-09-20", later=number)
        assert datetime.fromisoformat(point["at"]) == since
        day = within(calls, since, midnight("2026-09-20", later=number + 1))
        assert point["total"] == len(day)
        assert point["completed"] == sum(one["status"] == "completed" for one in day)
        assert point["talk_seconds"] == sum(_seconds(one) for one in day if one["status"] == "completed")
    assert sum(point["total"] for point in points) == COUNT


async def test_longer_periods_are_shown_by_weeks_that_begin_on_monday(counted: Business) -> None:
    series = await get(counted.admin, "timeseries", **{"from": "2026-09-16", "to": "2026-11-01"})
    assert series["interval"] == "week"
    starts = [datetime.fromisoformat(point["at"]).astimezone(ZONE) for point in series["points"]]
    assert {(start.weekday(), start.hour) for start in starts} == {(0, 0)}
    assert sum(point["total"] for point in series["points"]) == COUNT
    asked = await get(
        counted.admin, "timeseries", **{"from": "2026-09-16", "to": "2026-11-01", "interval": "day"}
    )
    assert len(asked["points"]) == 47
    for name in TOTALS:
        assert sum(p[name] for p in asked["points"]) == sum(p[name] for p in series["points"])


async def test_staff_count_their_own_line_only(counted: Business, calls: list[dict[str, Any]]) -> None:
    period = {"from": "2026-09-01", "to": "2026-10-31"}
    of_staff = await get(counted.staff, "summary", **period)
    of_line = await get(counted.admin, "summary", project_id=counted.lines[0], **period)
    assert of_staff["kpis"] == of_line["kpis"]
    assert of_staff["kpis"]["total_calls"]["value"] == len(calls[::2])
    other = await get(counted.admin, "summary", project_id=counted.lines[1], **period)
    assert other["kpis"]["total_calls"]["value"] == len(calls[1::2])
    assert other["range"]["timezone"] == "Australia/Perth"


async def test_nobody_counts_what_they_do_not_reach(world: World) -> None:
    for what in ("summary", "timeseries"):
        for asker, query in (
            (world.chloe, f"client_id={NORTHSIDE}"),
            (world.alice, f"project_id={NORTHSIDE_LINE}"),
            (world.mallory, f"project_id={FRONT_DESK}"),
        ):
            assert (await asker.get(f"/v1/analytics/{what}?{query}")).status == 404
    assert (await get(world.alice, "summary", range="90d"))["kpis"]["total_calls"]["value"] >= 4


@pytest.mark.parametrize(
    ("query", "status", "fields"),
    [
        ("range=7d&from=2026-01-01", 422, ["query.range"]),
        ("from=2026-01-01", 422, ["query.to"]),
        ("to=2026-01-01", 422, ["query.from"]),
        ("from=2026-01-02&to=2026-01-01", 422, ["query.to"]),
        ("from=2025-01-01&to=2026-01-02", 422, ["query.to"]),
        ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", 422, ["query.to"]),
        ("range=1y", 400, ["query.range"]),
        ("interval=minute", 400, ["query.interval"]),
        ("status=completed", 400, ["query.status"]),
    ],
)
async def test_a_period_that_is_none_is_named(
    world: World, query: str, status: int, fields: list[str]
) -> None:
    answer = await world.alice.get(f"/v1/analytics/timeseries?{query}")
    assert answer.status == status
    assert [one["field"] for one in answer.json["field_errors"]] == fields


async def test_a_whole_year_and_a_day_is_the_most(world: World) -> None:
    await get(world.alice, "timeseries", **{"from": "2024-01-01", "to": "2024-12-31"})
    for named in ("today", "7d", "30d", "90d"):
        await get(world.alice, "summary", range=named)
