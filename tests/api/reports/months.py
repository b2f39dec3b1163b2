"""A clinic's months: calls of some day, and the worker's job at a moment of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from aidial.worker import post_of
from aidial_api.kernel.db import Database
from aidial_api.kernel.months import begin_of, moved
from aidial_api.settings import read_settings
from aidial_api.surfaces.reports.making import make
from aidial_contract.ids import new_id
from tests.api.settings.clinics import Clinic
from tests.support.api import World
from tests.support.askers import Answer
from tests.support.world_calls import new_call

ZONE = "Australia/Hobart"
PATH = "/v1/settings/reports"
NAMES = ["practice@hill-street.example", "Owner@hill-street.example"]
MONTH = "2026-06"
SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    """A moment of Hobart's clocks: `2026-07-01 06:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def summary(*recipients: str, enabled: bool = True) -> dict[str, Any]:
    return {"monthly_summary": {"enabled": enabled, "recipients": list(recipients)}}


async def turn_on(clinic: Clinic, *recipients: str) -> Answer:
    """Alice has the summary sent."""
    answer = await clinic.save(PATH, summary(*(recipients or NAMES)))
    assert answer.status == 200, answer
    return answer


async def ring(clinic: Clinic, when: datetime, **changes: Any) -> str:
    """A call that began then and took three minutes."""
    times = {"started_at": when.isoformat(), "ended_at": (when + timedelta(minutes=3)).isoformat()}
    call = new_call(clinic.project_id, f"month-{new_id()}", **(times | changes))
    answer = await clinic.key.post("/v1/calls", call)
    assert answer.status == 201, answer
    return str(answer.json["call_id"])


@asynccontextmanager
async def database(world: World) -> AsyncIterator[Database]:
    """The worker's."""
    db = await Database.connect(world.urls.app_url, min_size=1, max_size=4)
    try:
        yield db
    finally:
        await db.close()


async def run(clinic: Clinic, month: str, moment: datetime) -> None:
    """The worker's job of a month, when its clock says `moment`."""
    files = post_of(read_settings(clinic.world.environ)).files
    async with database(clinic.world) as db:
        await make(db, files, client_id=clinic.client_id, month=month, clock=lambda: moment)


async def asked(clinic: Clinic, *, forget: bool = True) -> list[tuple[str, datetime]]:
    """The months that were asked for, and when; forgotten, as if they had run."""
    rows = await clinic.world.sql(
        "SELECT args::text AS args, scheduled_at FROM jobs.procrastinate_jobs"
        " WHERE task_name = 'reports.make' AND args ->> 'client_id' = $1 AND status = 'todo'"
        " ORDER BY args ->> 'month'",
        clinic.client_id,
    )
    if forget:
        await clinic.world.sql(
            "DELETE FROM jobs.procrastinate_jobs"
            " WHERE task_name = 'reports.make' AND args ->> 'client_id' = $1",
            clinic.client_id,
        )
    return [(msgspec.json.decode(row["args"])["month"], row["scheduled_at"]) for row in rows]


async def made(clinic: Clinic) -> list[asyncpg.Record]:
    """Its reports, the oldest month first."""
    return await clinic.world.sql(
        "SELECT * FROM monthly_reports WHERE client_id = $1 ORDER BY month", clinic.client_id
    )


async def messages(clinic: Clinic) -> list[asyncpg.Record]:
    """What its people are sent, the oldest first."""
    return await clinic.world.sql(
        "SELECT * FROM deliveries WHERE client_id = $1 ORDER BY delivery_id", clinic.client_id
    )


def turn_of(month: str) -> datetime:
    """When a month's report is due."""
    return begin_of(moved(month, 1), ZONE) + timedelta(hours=6)
