"""Lines in several zones: a day is each line's own, for numbers, lists and exports alike."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from aidial_api.surfaces.calls import listing, question
from tests.api.analytics.counting import fold, get, hour_of_week
from tests.api.analytics.test_counts import a_call
from tests.api.calls.lines import Business, open_business
from tests.support.api import World

# Lines whose today is never the same day, and one whose clocks went forward that week.
EARLY, LATE, SYDNEY = "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Sydney"
DAY = "2026-10-04"
BEGINS = datetime(2026, 10, 2, 0, 30, tzinfo=UTC)
NUMBERS = (*range(0, 60, 3), *range(60, 120, 12))
"""Hours after that, in which a call begins: fewer later on, so that no two days are alike."""


@pytest.fixture(scope="module")
async def spread(world: World) -> Business:
    """A call in each of those hours, to each line in turn: more than four days of them."""
    business = await open_business(world, SYDNEY, EARLY, LATE)
    for place, number in enumerate(NUMBERS):
        start = BEGINS + timedelta(hours=number)
        await business.deliver(
            a_call(
                business.lines[place % 3],
                number,
                started_at=start.isoformat(),
                ended_at=(start + timedelta(minutes=1)).isoformat(),
                outcome=f"outcome {place % 3}",
            )
        )
    await fold(world)
    return business


def clock(number: int) -> datetime:
    """What the clocks of the call's line showed."""
    zone = (SYDNEY, EARLY, LATE)[NUMBERS.index(number) % 3]
    return (BEGINS + timedelta(hours=number)).astimezone(ZoneInfo(zone))


def of_days(first: str, last: str) -> list[datetime]:
    clocks = [clock(number) for number in NUMBERS]
    return [one for one in clocks if first <= one.date().isoformat() <= last]


async def matching(business: Business, **query: str) -> int:
    answer = await business.admin.get("/v1/calls?" + urlencode(query))
    assert answer.status == 200, answer
    return int(answer.json["matching"]["count"])


async def test_a_day_holds_the_same_calls_in_numbers_list_and_export(spread: Business) -> None:
    wanted = of_days(DAY, DAY)
    day = {"from": DAY, "to": DAY}
    assert 3 < len(wanted) < len(NUMBERS)
    assert await matching(spread, **day) == len(wanted)
    summary = await get(spread.admin, "summary", **day)
    assert summary["kpis"]["total_calls"]["value"] == len(wanted)
    before = of_days("2026-10-03", "2026-10-03")
    assert summary["kpis"]["total_calls"]["previous"] == len(before)
    exported = 0
    for line in spread.lines:
        answer = await spread.admin.get("/v1/calls/export?" + urlencode(day | {"project_id": line}))
        rows = list(csv.reader(io.StringIO(answer.body.decode())))
        exported += len(rows) - 1
        alone = await get(spread.admin, "summary", project_id=line, **day)
        assert alone["kpis"]["total_calls"]["value"] == len(rows) - 1
    assert exported == len(wanted)


async def test_bars_and_hours_are_those_each_lines_clock_shows(spread: Business) -> None:
    wanted = of_days(DAY, DAY)
    day = {"from": DAY, "to": DAY}
    hours = await get(spread.admin, "timeseries", interval="hour", **day)
    # That night two o'clock was skipped in Sydney, whose bars they are; others' calls of it are at one.
    shown: Counter[int] = Counter(1 if one.hour == 2 else one.hour for one in wanted)
    sydney = ZoneInfo(SYDNEY)
    found = {
        datetime.fromisoformat(point["at"]).astimezone(sydney).hour: point["total"]
        for point in hours["points"]
        if point["total"]
    }
    assert found == dict(shown)
    week = await get(spread.admin, "breakdowns", by="hour_of_week,sentiment,project,outcome", **day)
    by = {one["by"]: {row["key"]: row["count"] for row in one["rows"]} for one in week["breakdowns"]}
    heat = Counter(hour_of_week(one, one.tzinfo) for one in wanted)  # type: ignore[arg-type]
    assert {key: count for key, count in by["hour_of_week"].items() if count} == dict(heat)
    for name in ("sentiment", "project", "outcome"):
        assert sum(by[name].values()) == len(wanted), name
    days = await get(spread.admin, "timeseries", interval="day", **{"from": "2026-10-02", "to": "2026-10-06"})
    assert [point["total"] for point in days["points"]] == [
        len(of_days(f"2026-10-0{number}", f"2026-10-0{number}")) for number in range(2, 7)
    ]


async def test_the_commonest_of_all_lines_are_given(spread: Business) -> None:
    period = {"from": "2026-10-01", "to": "2026-10-08"}
    every = await get(spread.admin, "breakdown", by="outcome", **period)
    assert len(every["rows"]) == 3
    assert sum(row["count"] for row in every["rows"]) == len(NUMBERS)
    some = await get(spread.admin, "breakdown", by="outcome", limit="2", **period)
    assert some["rows"] == every["rows"][:2]


async def test_moments_are_the_same_everywhere(spread: Business) -> None:
    since, until = BEGINS + timedelta(hours=30), BEGINS + timedelta(hours=60)
    moments = {"from": since.isoformat(), "to": until.isoformat()}
    wanted = sum(since <= BEGINS + timedelta(hours=number) < until for number in NUMBERS)
    summary = await get(spread.admin, "summary", **moments)
    series = await get(spread.admin, "timeseries", **moments)
    assert summary["kpis"]["total_calls"]["value"] == wanted
    assert sum(point["total"] for point in series["points"]) == wanted


async def test_a_day_up_to_a_moment_has_a_bar_for_every_call(spread: Business) -> None:
    until = BEGINS + timedelta(hours=60, minutes=1)
    period = {"from": "2026-10-03", "to": until.isoformat()}
    summary = await get(spread.admin, "summary", **period)
    series = await get(spread.admin, "timeseries", interval="day", **period)
    assert summary["kpis"]["total_calls"]["value"] == await matching(spread, **period) > 0
    shown = {
        datetime.fromisoformat(point["at"]).astimezone(ZoneInfo(SYDNEY)).date().isoformat(): point["total"]
        for point in series["points"]
    }
    counted = Counter(
        clock(number).date().isoformat()
        for number in NUMBERS
        if clock(number).date().isoformat() >= "2026-10-03" and BEGINS + timedelta(hours=number) < until
    )
    assert {day: total for day, total in shown.items() if total} == dict(counted)


async def test_the_hour_that_clocks_show_twice_is_two_bars(world: World) -> None:
    business = await open_business(world, SYDNEY, "Australia/Melbourne", "Australia/Brisbane")
    # 2:30 am in Sydney and Melbourne before and after their clocks go back; 1:30 and 2:30 am in Brisbane.
    moments = ("2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z")
    for place, line in enumerate(business.lines):
        for number, moment in enumerate(moments):
            ends = moment.replace(":30:00", ":31:00")
            await business.deliver(a_call(line, 2 * place + number, started_at=moment, ended_at=ends))
    await fold(world)
    series = await get(
        business.admin, "timeseries", **{"from": "2026-04-05", "to": "2026-04-05"}, interval="hour"
    )
    assert [point["total"] for point in series["points"][:5]] == [0, 1, 3, 2, 0]
    assert len(series["points"]) == 25


async def test_today_is_each_lines_own(world: World) -> None:
    business = await open_business(world, EARLY, LATE)
    now = datetime.now(UTC)
    for number, line in enumerate(business.lines):
        await business.deliver(
            a_call(
                line, number, started_at=now.isoformat(), ended_at=(now + timedelta(seconds=5)).isoformat()
            )
        )
    assert await matching(business, range="today") == 2
    for name in ("today", "7d", "90d"):
        summary = await get(business.admin, "summary", range=name)
        series = await get(business.admin, "timeseries", range=name)
        assert summary["kpis"]["total_calls"]["value"] == await matching(business, range=name) == 2
        assert sum(point["total"] for point in series["points"]) == 2
    for line in business.lines:
        assert await matching(business, range="today", project_id=line) == 1


@pytest.mark.parametrize("more", [{"from": DAY}, {"to": DAY}])
async def test_a_list_has_a_named_range_or_days_never_both(world: World, more: dict[str, Any]) -> None:
    answer = await world.alice.get("/v1/calls?" + urlencode({"range": "7d"} | more))
    assert answer.status == 422
    assert [one["field"] for one in answer.json["field_errors"]] == ["query.range"]


async def test_a_list_of_named_days_does_not_go_on_in_those_of_the_next_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (await world.alice.get("/v1/calls?range=90d&limit=1")).json
    for module in (listing, question):
        monkeypatch.setattr(module, "utc_now", lambda: datetime.now(UTC) + timedelta(days=1))
    answer = await world.alice.get(f"/v1/calls?range=90d&limit=1&cursor={first['next_cursor']}")
    assert (answer.status, answer.code) == (400, "invalid_cursor")


async def test_a_page_of_a_named_range_goes_on(world: World) -> None:
    first = (await world.alice.get("/v1/calls?range=90d&limit=1")).json
    second = await world.alice.get(f"/v1/calls?range=90d&limit=1&cursor={first['next_cursor']}")
    assert second.status == 200
    assert second.json["calls"][0]["call_id"] != first["calls"][0]["call_id"]
