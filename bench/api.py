"""The API's figures: the list over many rows and the delivery of a call, beside their floors."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import asyncpg
import msgspec

from aidial.postgres import EmbeddedPostgres, PostgresUrls
from aidial_api.kernel.crypto import MasterKey, TenantKeys
from aidial_api.kernel.db import Database
from aidial_api.kernel.migrate import upgrade
from aidial_api.kernel.reach import Reach, begin_text
from aidial_api.provisioning import NewClient, NewProject, Provisioner
from aidial_api.surfaces.calls.store import CALL_COLUMNS
from aidial_contract.ids import new_api_key, new_id
from bench.floors import FLOOR
from bench.load import Subject, measure
from bench.processes import server
from bench.rows import fill, utc_now

CLIENT = "bench-dental"
LIST_SQL = (
    f"SELECT {CALL_COLUMNS} FROM calls c WHERE c.client_id = $1 AND c.project_id = $2::uuid"
    " AND c.started_at >= now() - interval '30 days' AND c.started_at < now()"
    " ORDER BY c.started_at DESC, c.call_id DESC LIMIT 21"
)
TURNS = (
    "Thanks for calling, this call may be recorded. How can I help?",
    "Hi, I need to book a check-up, and my number is 0412 345 678.",
    "Of course. Would Thursday at half past two suit you?",
    "Thursday is fine. My e-mail is sam.lee at example dot com.",
    "Lovely, you are booked for Thursday at 2:30 pm.",
)


@dataclass(frozen=True, slots=True)
class Ground:
    """A database with one tenant, a running API, and a key for it."""

    folder: Path
    urls: PostgresUrls
    env: dict[str, str]
    master_key: bytes
    project_id: str
    key: str
    api_url: str
    api_pid: int
    provisioner: Provisioner


def free_port() -> int:
    """A port nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def database(folder: Path) -> Iterator[PostgresUrls]:
    """A fresh, migrated database."""
    with EmbeddedPostgres(folder / "pg") as postgres:
        urls = postgres.start()
        upgrade(urls.owner_url)
        yield urls


@asynccontextmanager
async def ground(
    folder: Path, urls: PostgresUrls, issuer: str, portal_client_id: str
) -> AsyncIterator[Ground]:
    """Provision the tenant and start the API."""
    master_key = os.urandom(32)
    provisioner = Provisioner(urls.owner_url, master_key, issuer)
    project_id = new_id()
    project = NewProject(project_id=project_id, display_name="Front desk", timezone="Australia/Sydney")
    await provisioner.add_client(
        NewClient(client_id=CLIENT, name="Bench Dental", timezone="Australia/Sydney", projects=(project,))
    )
    key, _ = new_api_key("test")
    await provisioner.add_key(CLIENT, key, scope="manage", description="bench")
    port = free_port()
    env = {
        "BENCH_FOLDER": str(folder),
        "DATABASE_URL": urls.app_url,
        "AIDIAL_MASTER_KEY": base64.b64encode(master_key).decode(),
        "ZITADEL_ISSUER": issuer,
        "ZITADEL_CLIENT_ID": portal_client_id,
        "AIDIAL_API_AUDIENCE": "aidial-api",
        "AIDIAL_LIMITS_SCALE": "100000",
    }
    command = ["-c", f"from aidial_api.server import serve; serve('127.0.0.1', {port})"]
    url = f"http://127.0.0.1:{port}"
    with server("api", command, env, f"{url}/v1/health/live") as pid:
        yield Ground(folder, urls, env, master_key, project_id, key, url, pid, provisioner)


async def fill_to(base: Ground, count: int) -> None:
    """Add `count` calls to the tenant."""
    db = await Database.connect(base.urls.app_url)
    async with db.transaction(Reach((CLIENT,))) as tx:
        tenant_key = await TenantKeys(MasterKey(base.master_key)).get(tx, CLIENT)
    await db.close()
    await fill(base.urls.superuser_url, tenant_key, base.project_id, count, utc_now())


async def list_figures(base: Ground, *, rounds: int, requests: int) -> list[Subject]:
    """The list with filters project + dates: without its count, with it, and the two floors."""
    now = utc_now()
    since, until = (now - timedelta(days=30)).date().isoformat(), now.date().isoformat()
    page = f"{base.api_url}/v1/calls?project_id={base.project_id}&from={since}&to={until}"
    headers = {"x-api-key": base.key}
    async with aiohttp.ClientSession() as http, http.get(page, headers=headers) as answer:
        cursor = (await answer.json())["next_cursor"]
    port = free_port()
    floor_env = {
        **base.env,
        "BENCH_BEGIN": begin_text(Reach((CLIENT,))),
        "BENCH_SQL": LIST_SQL,
        "BENCH_CLIENT": CLIENT,
        "BENCH_PROJECT": base.project_id,
    }
    floor_url = f"http://127.0.0.1:{port}"
    with server("floor", ["-m", "bench.floors", str(port)], floor_env, f"{floor_url}/bare") as floor_pid:
        subjects = [
            Subject("floor: bare Starlette answer", floor_pid, f"{floor_url}/bare"),
            Subject("floor: same SQL by asyncpg, bare answer", floor_pid, f"{floor_url}/sql"),
            Subject("GET /v1/calls, page without count", base.api_pid, f"{page}&cursor={cursor}", headers),
            Subject("GET /v1/calls, first page with count", base.api_pid, page, headers),
        ]
        await measure(subjects, rounds=rounds, requests=requests)
    return subjects


def new_bodies(project_id: str, count: int) -> Sequence[bytes]:
    """Deliveries of 20 turns each."""
    now = utc_now()
    bodies = []
    for number in range(count):
        started = now - timedelta(minutes=number)
        turns = [
            {"speaker": "agent" if at % 2 == 0 else "caller", "text": TURNS[at % 5], "start_ms": at * 4_000}
            for at in range(20)
        ]
        bodies.append(
            msgspec.json.encode(
                {
                    "project_id": project_id,
                    "external_id": f"delivery-{number}-{new_id()}",
                    "channel": "voice",
                    "direction": "inbound",
                    "status": "completed",
                    "started_at": started,
                    "answered_at": started,
                    "ended_at": started + timedelta(seconds=80),
                    "end_reason": "caller_hangup",
                    "from_number": "+61491570006",
                    "to_number": "+61255500001",
                    "agent": {"id": "agent-1", "name": "Matilda"},
                    "summary": "The caller booked a check-up for Thursday afternoon.",
                    "turns": turns,
                }
            )
        )
    return bodies


async def ingest_figures(base: Ground, *, rounds: int, requests: int) -> list[Subject]:
    """`POST /v1/calls` with 20 turns: validation, redaction, encryption, audit, durable; and two floors."""
    headers = {"x-api-key": base.key, "content-type": "application/json"}
    first, *bodies = new_bodies(base.project_id, 1 + rounds * requests + requests // 4)
    url = f"{base.api_url}/v1/calls"
    async with aiohttp.ClientSession() as http, http.post(url, data=first, headers=headers) as answer:
        call_id = (await answer.json())["call_id"]
    port = free_port()
    floor_env = {
        **base.env,
        "BENCH_BEGIN": begin_text(Reach((CLIENT,))),
        "BENCH_CLIENT": CLIENT,
        "BENCH_CALL": call_id,
    }
    floor_url = f"http://127.0.0.1:{port}"
    with server("floor", ["-m", "bench.floors", str(port)], floor_env, f"{floor_url}/bare") as floor_pid:
        subjects = [
            Subject("floor: bare Starlette answer", floor_pid, f"{floor_url}/bare"),
            Subject(
                "floor: same INSERT by asyncpg, bare answer", floor_pid, f"{floor_url}/insert", {}, bodies
            ),
            Subject("POST /v1/calls, 20 turns", base.api_pid, url, headers, bodies),
        ]
        await measure(subjects, rounds=rounds, requests=requests)
    await _forget_floor(base)
    return subjects


async def _forget_floor(base: Ground) -> None:
    """Take the floor's calls away: their numbers were sealed for another call, so nobody could open them."""
    connection = await asyncpg.connect(base.urls.superuser_url)
    of_floor = "(SELECT call_id FROM calls WHERE client_id = $1 AND starts_with(external_id, $2))"
    for table in ("caller_tokens", "transcripts", "calls"):
        await connection.execute(
            f"DELETE FROM {table} WHERE client_id = $1 AND call_id IN {of_floor}", CLIENT, FLOOR
        )
    await connection.close()
