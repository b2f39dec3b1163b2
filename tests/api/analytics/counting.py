"""A tenant's numbers as the API tells them, and as somebody counts them call by call."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aidial_api.kernel import call_counts
from aidial_api.kernel.db import Database
from tests.api.calls.lines import Business
from tests.support.api import World
from tests.support.askers import Asker

BYS = (
    "outcome", "sentiment", "status", "agent", "capability", "channel", "direction", "hour_of_week",
    "project", "client",
)  # fmt: skip
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CAPABILITIES = {"bookings": "booking", "transfers": "transfer", "lead_capture": "follow_up"}


@asynccontextmanager
async def worker_database(world: World) -> AsyncIterator[Database]:
    """The database as the worker has it."""
    db = await Database.connect(world.urls.app_url, min_size=1, max_size=2)
    try:
        yield db
    finally:
        await db.close()


async def fold(world: World) -> None:
    """What the worker does every few seconds."""
    async with worker_database(world) as db:
        await call_counts.fold(db)


async def get(asker: Asker, what: str, **query: str) -> Any:
    """One answer of analytics."""
    answer = await asker.get(f"/v1/analytics/{what}?" + urlencode(query))
    assert answer.status == 200, answer
    return answer.json


async def told(asker: Asker, **period: str) -> dict[str, dict[str, float]]:
    """Every breakdown (keys of no calls left out) and the KPIs' values."""
    found = await get(asker, "breakdowns", by=",".join(BYS), **period)
    assert [one["by"] for one in found["breakdowns"]] == list(BYS)
    numbers = {
        one["by"]: {row["key"]: row["count"] for row in one["rows"] if row["count"]}
        for one in found["breakdowns"]
    }
    summary = await get(asker, "summary", **period)
    numbers["kpis"] = {name: kpi["value"] for name, kpi in summary["kpis"].items()}
    return numbers


async def counted(world: World, business: Business, zone: str, since: datetime, until: datetime) -> Any:
    """The same, counted from the calls themselves."""
    rows = await world.sql("SELECT * FROM calls WHERE client_id = $1", business.client_id)
    return numbers_of([row for row in rows if since <= row["started_at"] < until], ZoneInfo(zone))


def numbers_of(calls: Iterable[Any], zone: ZoneInfo) -> dict[str, dict[str, float]]:
    """Numbers of stored calls."""
    some = list(calls)
    completed = [one for one in some if one["status"] == "completed"]
    lengths = [one["duration_seconds"] for one in completed if one["duration_seconds"] is not None]
    felt = [one["sentiment_caller"] for one in some if one["sentiment_caller"] != "unknown"]
    has = {key: sum(one[name] is not None for one in some) for key, name in CAPABILITIES.items()}
    columns = {
        "outcome": "outcome",
        "sentiment": "sentiment_caller",
        "status": "status",
        "agent": "agent_id",
        "channel": "channel",
        "direction": "direction",
        "client": "client_id",
    }
    numbers: dict[str, dict[str, float]] = {
        by: dict(Counter(one[name] for one in some)) for by, name in columns.items()
    }
    numbers["project"] = dict(Counter(str(one["project_id"]) for one in some))
    numbers["capability"] = {key: count for key, count in has.items() if count}
    numbers["hour_of_week"] = dict(Counter(hour_of_week(one["started_at"], zone) for one in some))
    numbers["kpis"] = {
        "total_calls": len(some),
        "completed_calls": len(completed),
        "missed_calls": sum(one["status"] == "missed" for one in some),
        "failed_calls": sum(one["status"] == "failed" for one in some),
        "talk_minutes": round(sum(lengths) / 60, 4),
        "average_duration_seconds": round(sum(lengths) / len(lengths), 4) if lengths else 0,
        "positive_sentiment": round(felt.count("positive") / len(felt), 4) if felt else 0,
        "bookings": has["bookings"],
        "transfers": has["transfers"],
        "leads_captured": has["lead_capture"],
    }
    return numbers


def hour_of_week(moment: datetime, zone: ZoneInfo) -> str:
    """As the heat map names it."""
    local = moment.astimezone(zone)
    return f"{DAYS[local.weekday()]}-{local.hour:02}"
