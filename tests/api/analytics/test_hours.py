"""Hours of the heat map and of the bars, where a zone is half an hour off, or its clocks go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.api.analytics.counting import fold, get, hour_of_week
from tests.api.analytics.test_counts import a_call
from tests.api.calls.lines import open_business
from tests.support.api import World

# In the week of 5 April 2026 the clocks went back in Adelaide, Sydney, Lord Howe (by half an hour), Chatham.
ODD_ZONES = (
    "Australia/Adelaide", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu", "Australia/Sydney",
)  # fmt: skip


@pytest.mark.parametrize("zone", ODD_ZONES)
async def test_hours_are_those_of_the_lines_own_clock(world: World, zone: str) -> None:
    business = await open_business(world, zone)
    changes = {
        # Half past one in the morning comes twice, or nearly.
        "Australia/Adelaide": datetime(2026, 4, 4, 16, 0, tzinfo=UTC),
        "Australia/Lord_Howe": datetime(2026, 4, 4, 14, 30, tzinfo=UTC),
        "Pacific/Chatham": datetime(2026, 4, 4, 13, 30, tzinfo=UTC),
    }
    around = changes.get(zone, datetime(2026, 4, 4, 14, 0, tzinfo=UTC))
    starts = [around + timedelta(minutes=17 * number) for number in range(-6, 12)]
    for number, start in enumerate(starts):
        ended = (start + timedelta(minutes=1)).isoformat()
        await business.deliver(
            a_call(business.lines[0], number, started_at=start.isoformat(), ended_at=ended)
        )
    await fold(world)
    local = ZoneInfo(zone)
    expected: dict[str, int] = {}
    for start in starts:
        expected[hour_of_week(start, local)] = expected.get(hour_of_week(start, local), 0) + 1
    period = {"from": "2026-04-04", "to": "2026-04-05"}
    week = await get(business.admin, "breakdown", by="hour_of_week", **period)
    assert len(week["rows"]) == 168
    assert {row["key"]: row["count"] for row in week["rows"] if row["count"]} == expected
    hours = await get(business.admin, "timeseries", interval="hour", **period)
    points = [(datetime.fromisoformat(point["at"]), point["total"]) for point in hours["points"]]
    assert sum(total for _, total in points) == len(starts)
    for (at, total), (end, _) in zip(points, [*points[1:], (starts[-1] + timedelta(days=9), 0)], strict=True):
        assert total == sum(at <= start < end for start in starts)
        assert at.astimezone(local).minute == 0 or zone in changes
