"""Account exports for tests: asked for, and made as the worker makes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import msgspec

from aidial.postgres import PostgresUrls
from aidial.worker import files_of
from aidial_api.kernel.db import Database
from aidial_api.kernel.storage import Files
from aidial_api.settings import read_settings
from aidial_api.surfaces.account_exports import clearing, making
from aidial_contract.shapes.account_exports import EXPORT_CATEGORIES
from tests.people import ALICE, HARBOUR, Someone
from tests.support.askers import Asker

PATH = "/v1/account-exports"


class Place(Protocol):
    """A world or a town."""

    urls: PostgresUrls
    environ: dict[str, str]

    async def sql(self, statement: str, *values: object) -> Any:
        """One statement past every policy."""

    async def at_v1(self, someone: Someone) -> Asker:
        """A person who asks `/v1` itself."""


def new_export(*categories: str) -> dict[str, Any]:
    """The body of `POST /v1/account-exports`; of everything unless said."""
    return {"categories": list(categories or EXPORT_CATEGORIES)}


async def allow_another(place: Place, client_id: str | None = None) -> None:
    """Nothing was asked for lately, and nothing is under way, of a client or of any."""
    await place.sql(
        "UPDATE account_exports SET requested_at = requested_at - interval '3 days',"
        " status = CASE WHEN status IN ('queued', 'running') THEN 'cancelled' ELSE status END"
        " WHERE client_id = coalesce($1, client_id)",
        client_id,
    )


async def asked_export(place: Place, *categories: str) -> str:
    """An export of Harbour that Alice has just asked for; its id."""
    await allow_another(place, HARBOUR)
    answer = await (await place.at_v1(ALICE)).post(PATH, new_export(*categories))
    assert answer.status == 202, answer
    return str(answer.json["export"]["job_id"])


@asynccontextmanager
async def jobs_of(place: Place) -> AsyncIterator[tuple[Database, Files]]:
    """What the worker gives a job."""
    db = await Database.connect(place.urls.app_url, min_size=1, max_size=2)
    try:
        yield db, files_of(read_settings(place.environ))
    finally:
        await db.close()


async def make_export(place: Place, job_id: str, client_id: str = HARBOUR) -> None:
    """Make it as the worker does; the worker itself is in `tests/aidial/worker`."""
    async with jobs_of(place) as (db, files):
        await making.make(db, files, client_id=client_id, job_id=job_id)


async def clear_files(place: Place, client_id: str) -> None:
    """Delete the files that are due to go, as the worker does."""
    async with jobs_of(place) as (db, files):
        due = await place.sql(
            "DELETE FROM jobs.procrastinate_jobs WHERE task_name = 'account_exports.clear'"
            " AND args ->> 'client_id' = $1 AND scheduled_at <= now() RETURNING args::text AS args",
            client_id,
        )
        for job in due:
            await clearing.clear(db, files, **msgspec.json.decode(job["args"]))


async def waits(place: Place, task: str, job_id: str) -> list[float]:
    """In how many seconds each waiting job of an export is due, the soonest first."""
    found = await place.sql(
        "SELECT extract(epoch FROM scheduled_at - now())::float AS seconds FROM jobs.procrastinate_jobs"
        " WHERE task_name = 'account_exports.' || $1 AND args ->> 'job_id' = $2 ORDER BY scheduled_at",
        task,
        job_id,
    )
    return [row["seconds"] for row in found]


async def let_wait_pass(place: Place, job_id: str) -> None:
    """The next attempt may begin, and everything that waits for this export is due."""
    await place.sql("UPDATE account_exports SET leased_until = now() WHERE job_id = $1", job_id)
    await place.sql(
        "UPDATE jobs.procrastinate_jobs SET scheduled_at = now() WHERE args ->> 'job_id' = $1", job_id
    )


async def ready_export(place: Place) -> str:
    """An export of Harbour that can be downloaded; its id."""
    job_id = await asked_export(place, "users")
    await make_export(place, job_id)
    return job_id
