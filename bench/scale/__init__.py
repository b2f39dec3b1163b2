"""Many calls of many tenants in one database: what a page, a search, an export and a delivery cost there.

The one thing a newcomer would get wrong: nothing here is about one number. Each stands beside the same over
100,000 calls, which says whether it grows, and beside the floor: the same SQL by asyncpg alone.
"""

from __future__ import annotations

import asyncio
import base64
import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import aiohttp
import asyncpg
import psycopg

from aidial.bulk.loading import Loader
from aidial.bulk.plan import Plan, tenants
from aidial.console import progress_bar
from aidial.postgres import PostgresUrls
from aidial.postgres.roles import make_database
from aidial_api.kernel.migrate import upgrade
from aidial_api.kernel.reach import Reach as DatabaseReach
from aidial_api.kernel.reach import settings_of
from aidial_api.provisioning import Provisioner
from aidial_api.surfaces.calls.question import walk_of
from aidial_contract.ids import new_api_key
from aidial_contract.params import CALL_LIST_PARAMS
from aidial_contract.query import parse_query
from aidial_contract.scope import ProjectReach, Reach
from bench.api import free_port, new_bodies
from bench.processes import server

TENANT: Final = "seed-0001"
TENANTS: Final = 41
SHARE: Final = 0.2
FEW: Final = 100_000
DAYS: Final = 90
EXPORTED: Final = 200_000
WRITERS: Final = 6
COUNTED_BY: Final = "calls_by_start"
"""The index that the last step of filling needs: the dashboards' numbers are counted by it."""
FILLED: Final = ("calls", "caller_tokens", "transcripts")
_INDEXES: Final = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = any($1::regclass[]) AND NOT indisunique AND indexrelid <> $2::regclass
"""
_TOKENS_KEY: Final = (
    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'caller_tokens_pkey'"
)
DASHBOARD: Final = {
    "key figures": "analytics/summary?range=90d",
    "calls by day": "analytics/timeseries?range=90d",
    "hours, feelings, outcomes, agents, lines": "analytics/breakdowns?range=90d&limit=8"
    "&by=hour_of_week,sentiment,outcome,agent,project",
}
PAGE_MS, SEARCH_MS, GROWTH, EXPORT_A_S, INGEST_A_S, EXPORT_MIB = 3.0, 25.0, 1.5, 20_000, 150, 50
Pairs = tuple[tuple[str, str], ...]
SINGLES: Final[tuple[Pairs, ...]] = (
    (),
    (("status", "missed"),),
    (("status", "completed"),),
    (("outcome", "complaint"),),
    (("outcome", "do_not_call"),),
    (("outcome", "nobody-says-this"),),
    (("sentiment", "upset"),),
    (("resolution", "escalated"),),
    (("type", "recall"),),
    (("agent", "agent-harbour-dental-matilda"),),
    (("channel", "sms"),),
    (("direction", "outbound"),),
    (("sms_status", "failed"),),
    (("email_status", "sent"),),
    (("attention", "yes"),),
    (("attention", "no"),),
    (("booking", "yes"),),
    (("booking", "no"),),
    (("transfer", "yes"),),
    (("follow_up", "yes"),),
    (("min_duration", "600"),),
    (("max_duration", "10"),),
)
PAIRS: Final[tuple[Pairs, ...]] = (
    (("status", "completed"), ("sentiment", "upset")),
    (("status", "completed"), ("direction", "outbound")),
    (("status", "missed"), ("sentiment", "upset")),
    (("outcome", "appointment_booked"), ("sentiment", "positive")),
    (("outcome", "complaint"), ("resolution", "escalated")),
    (("type", "new_booking"), ("booking", "yes")),
    (("attention", "yes"), ("sentiment", "upset")),
    (("follow_up", "yes"), ("resolution", "follow_up_required")),
    (("direction", "inbound"), ("channel", "sms")),
    (("status", "completed"), ("min_duration", "300")),
)
CALLERS: Final[tuple[Pairs, ...]] = (
    (("caller", "+61491570156"),),
    (("caller", "156"),),
    (("caller", "6151"),),
    (("caller", "70156"),),
    (("caller", "999999"),),
)
SEARCHES: Final[tuple[Pairs, ...]] = (
    (("q", "booked"),),
    (("q", "complaint refund"),),
    (("q", "voicemail"),),
    (("q", "hippopotamus"),),
)


@dataclass(frozen=True, slots=True)
class Side:
    """One database with an API before it: the tenant's busiest project and a key that reads and writes."""

    name: str
    urls: PostgresUrls
    project_id: str
    key: str
    api_url: str
    api_pid: int

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request carries."""
        return {"x-api-key": self.key}

    def page(self, pairs: Pairs, **more: str) -> str:
        """The address of a page."""
        return (
            f"{self.api_url}/v1/calls?{urlencode([('project_id', self.project_id), *pairs, *more.items()])}"
        )


async def filled(urls: PostgresUrls, master_key: bytes, calls: int, until: datetime) -> None:
    """Write the calls, as the superuser and with the indexes made afterwards: in a fifth of the time."""
    plan = Plan(tenants(calls, TENANTS, SHARE, TENANT), until, DAYS, 1)
    async with without_indexes(urls):
        with progress_bar("Writing calls", calls) as show:
            await Loader(urls.superuser_url, master_key, plan).load(show)


@asynccontextmanager
async def without_indexes(urls: PostgresUrls) -> AsyncIterator[None]:
    """Take the indexes that nothing is checked by off what is filled, and make them anew at the end.

    The key of callers' tokens goes too: each call adds rows all over it, and it is larger than any memory.
    """
    connection = await asyncpg.connect(urls.superuser_url)
    try:
        again = []
        for name, text in await connection.fetch(_INDEXES, FILLED, COUNTED_BY):
            await connection.execute(f"DROP INDEX {name}")
            again.append(text)
        key = await connection.fetchval(_TOKENS_KEY)
        await connection.execute("ALTER TABLE caller_tokens DROP CONSTRAINT caller_tokens_pkey")
        again.append(f"ALTER TABLE caller_tokens ADD CONSTRAINT caller_tokens_pkey {key}")
        yield
        await connection.execute("SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 2")
        with progress_bar("Making indexes", len(again)) as show:
            for made, text in enumerate(again, 1):
                await connection.execute(text, timeout=3_600)
                show(made)
        await connection.execute("VACUUM (ANALYZE) calls, transcripts, caller_tokens", timeout=3_600)
    finally:
        await connection.close()


def database(urls: PostgresUrls, name: str) -> PostgresUrls:
    """One more migrated database of the server."""
    with psycopg.connect(urls.for_database("postgres").superuser_url, autocommit=True) as connection:
        make_database(connection, name)
    own = urls.for_database(name)
    upgrade(own.owner_url)
    return own


@asynccontextmanager
async def side(folder: Path, name: str, urls: PostgresUrls, master_key: bytes) -> AsyncIterator[Side]:
    """Start an API before a database that was filled."""
    key, _ = new_api_key("test")
    await Provisioner(urls.owner_url, master_key, "").add_key(
        TENANT, key, scope="manage", description="bench"
    )
    connection = await asyncpg.connect(urls.superuser_url)
    project_id = await connection.fetchval(
        "SELECT project_id::text FROM calls WHERE client_id = $1 GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
        TENANT,
    )
    await connection.close()
    port = free_port()
    env = {
        "BENCH_FOLDER": str(folder),
        "DATABASE_URL": urls.app_url,
        "AIDIAL_MASTER_KEY": base64.b64encode(master_key).decode(),
        "ZITADEL_ISSUER": "http://127.0.0.1:9",
        "AIDIAL_API_AUDIENCE": "aidial-api",
        "AIDIAL_LIMITS_SCALE": "100000",
        "AIDIAL_LIMIT_CALL_EXPORT_ROWS": str(EXPORTED),
    }
    command = ["-c", f"from aidial_api.server import serve; serve('127.0.0.1', {port})"]
    url = f"http://127.0.0.1:{port}"
    with server(f"api-{name}", command, env, f"{url}/v1/health/live") as pid:
        yield Side(name, urls, project_id, key, url, pid)


async def _median_ms(http: aiohttp.ClientSession, url: str, headers: Mapping[str, str], times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        async with http.get(url, headers=headers) as answer:
            body = await answer.read()
        taken.append((time.perf_counter() - started) * 1_000)
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            raise RuntimeError(f"{url} answered {answer.status}: {body[:200]!r}")
    return statistics.median(taken)


async def _urls_of(http: aiohttp.ClientSession, one: Side, pairs: Pairs) -> tuple[str, str]:
    """A first page, which counts, and a page deep in the list: that after one in the middle of the days."""
    middle = (datetime.now(UTC) - timedelta(days=DAYS / 2)).date().isoformat()
    deep = one.page(pairs, to=middle)
    async with http.get(deep, headers=one.headers) as answer:
        cursor = (await answer.json())["next_cursor"]
    return one.page(pairs), deep if cursor is None else f"{deep}&cursor={cursor}"


async def _floor_ms(connection: asyncpg.Connection, one: Side, pairs: Pairs, times: int) -> float:
    """The page's own statement by asyncpg alone."""
    query = parse_query([("project_id", one.project_id), *pairs], CALL_LIST_PARAMS)
    reach = Reach((TENANT,), (ProjectReach(TENANT, one.project_id, "Australia/Sydney"),))
    question = walk_of(reach, query, None)
    statement, values = question.rows(21), (*settings_of(DatabaseReach((TENANT,))), *question.values)
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        await connection.fetch(statement, *values)
        taken.append((time.perf_counter() - started) * 1_000)
    return statistics.median(taken)


async def pages(
    sides: Sequence[Side], what: str, asked: Sequence[Pairs], limit_ms: float, times: int
) -> None:
    """Print the first page and a deep one of each, on every side, beside the floor of the first side."""
    big = sides[0]
    print(f"\n{what}: p50 ms; target {limit_ms:g}, and {GROWTH:g} times that of {FEW:,} calls")
    print(f"  {'':44} {'floor':>7} {'deep':>7} {'few':>7} {'times':>6} {'first':>7} {'few':>7}")
    connection = await asyncpg.connect(
        big.urls.app_url, server_settings={"jit": "off", "random_page_cost": "1.1"}
    )
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for pairs in asked:
            firsts, deeps = [], []
            urls = [await _urls_of(http, one, pairs) for one in sides]
            for _ in range(3):
                for at, one in enumerate(sides):
                    firsts.append((at, await _median_ms(http, urls[at][0], one.headers, times)))
                    deeps.append((at, await _median_ms(http, urls[at][1], one.headers, times)))
            first, first_few = (min(ms for at, ms in firsts if at == side) for side in (0, 1))
            deep, deep_few = (min(ms for at, ms in deeps if at == side) for side in (0, 1))
            named = {name for name, _ in pairs} & {"caller", "q"}
            floor = "" if named else f"{await _floor_ms(connection, big, pairs, times):.2f}"
            met = deep <= limit_ms and deep <= GROWTH * max(deep_few, 1.0) and first <= limit_ms
            name = " ".join("=".join(pair) for pair in pairs) or "no filter"
            print(
                f"  {name:44} {floor:>7} {deep:7.2f} {deep_few:7.2f} {deep / deep_few:6.2f} {first:7.2f}"
                f" {first_few:7.2f}  {'met' if met else 'MISSED'}",
                flush=True,
            )
    await connection.close()


def _memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no memory of the API's process")


async def exports(one: Side) -> None:
    """Print how fast calls are exported and what memory it takes, beside COPY of the same calls."""
    connection = await asyncpg.connect(one.urls.superuser_url)
    since = await connection.fetchval(
        "SELECT min(started_at) FROM (SELECT started_at FROM calls"
        " WHERE client_id = $1 AND project_id = $2::uuid"
        f" ORDER BY started_at DESC LIMIT {EXPORTED * 9 // 10}) c",
        TENANT,
        one.project_id,
    )
    url = f"{one.api_url}/v1/calls/export?" + urlencode(
        {"project_id": one.project_id, "from": since.isoformat()}
    )
    idle = most = _memory_mib(one.api_pid)
    lines, started = 0, time.perf_counter()
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as http,
        http.get(url, headers=one.headers) as answer,
    ):
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            raise RuntimeError(f"the export answered {answer.status}: {await answer.text()}")
        async for piece in answer.content.iter_any():
            lines += piece.count(b"\r\n")
            most = max(most, _memory_mib(one.api_pid))
    ours = lines / (time.perf_counter() - started)
    floor_started = time.perf_counter()
    copied = await connection.copy_from_query(
        "SELECT * FROM calls WHERE client_id = $1 AND project_id = $2::uuid AND started_at >= $3",
        TENANT,
        one.project_id,
        since,
        output=_forget,
        format="csv",
    )
    floor = int(copied.split()[1]) / (time.perf_counter() - floor_started)
    await connection.close()
    met = ours >= EXPORT_A_S and most - idle < EXPORT_MIB
    print(f"\nExport of {lines:,} calls: target {EXPORT_A_S:,} a second, {EXPORT_MIB} MiB above idle")
    print(f"  {'floor: COPY of the same calls':44} {floor:10,.0f} a second")
    print(
        f"  {'GET /v1/calls/export':44} {ours:10,.0f} a second, {most - idle:.0f} MiB above {idle:.0f}"
        f"  {'met' if met else 'MISSED'}"
    )


async def _forget(_piece: bytes) -> None:
    """Take what COPY gives."""


async def deliveries(one: Side, count: int) -> None:
    """Print how many calls of twenty turns one API process takes a second, over several connections."""
    bodies = list(new_bodies(one.project_id, count))
    headers = {**one.headers, "content-type": "application/json"}

    async def write(http: aiohttp.ClientSession) -> None:
        while bodies:
            async with http.post(f"{one.api_url}/v1/calls", data=bodies.pop(), headers=headers) as answer:
                if answer.status != 201:  # noqa: PLR2004 - HTTP
                    raise RuntimeError(f"a delivery answered {answer.status}: {await answer.text()}")

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        started = time.perf_counter()
        async with asyncio.TaskGroup() as writers:
            for _ in range(WRITERS):
                writers.create_task(write(http))
        ours = count / (time.perf_counter() - started)
    floor = await _inserts_a_second(one, count)
    print(f"\nIngest over {WRITERS} connections: target {INGEST_A_S} calls a second")
    print(f"  {'floor: INSERT of the stored rows, COMMIT each':44} {floor:10,.0f} a second")
    met = "met" if ours >= INGEST_A_S else "MISSED"
    print(f"  {'POST /v1/calls, 20 turns':44} {ours:10,.0f} a second  {met}")


async def _inserts_a_second(one: Side, count: int) -> float:
    """The rows of the newest calls once more, each in a transaction: what the database alone can take."""
    connection = await asyncpg.connect(one.urls.superuser_url)
    columns = ", ".join(
        row["attname"]
        for row in await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'calls'::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = '' AND attname NOT IN ('call_id', 'external_id')"
        )
    )
    ids = await connection.fetch(
        "SELECT call_id FROM calls WHERE client_id = $1 AND project_id = $2::uuid"
        " ORDER BY started_at DESC LIMIT $3",
        TENANT,
        one.project_id,
        count,
    )
    insert = (
        f"INSERT INTO calls (call_id, external_id, {columns}) SELECT gen_random_uuid(), 'floor-' ||"
        f" gen_random_uuid(), {columns} FROM calls WHERE client_id = $1 AND call_id = $2"
    )
    started = time.perf_counter()
    for row in ids:
        await connection.execute(insert, TENANT, row["call_id"])
    spent = time.perf_counter() - started
    # Their numbers were sealed for other calls, so nobody could open them.
    await connection.execute(
        "DELETE FROM calls WHERE client_id = $1 AND project_id = $2::uuid AND external_id LIKE 'floor-%'",
        TENANT,
        one.project_id,
    )
    await connection.close()
    return len(ids) / spent


async def dashboards(sides: Sequence[Side], times: int) -> None:
    """Print what a dashboard of 90 days asks of a whole tenant, each alone and then all at once."""
    print(f"\nDashboard of 90 days: p50 ms; target {SEARCH_MS:g}, and {GROWTH:g} times that of {FEW:,} calls")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for name, asked in {
            **{name: (path,) for name, path in DASHBOARD.items()},
            "all": (*DASHBOARD.values(),),
        }.items():
            taken: list[list[float]] = [[] for _ in sides]
            for _ in range(3 * times):
                for at, one in enumerate(sides):
                    started = time.perf_counter()
                    await asyncio.gather(*(_answered(http, one, path) for path in asked))
                    taken[at].append((time.perf_counter() - started) * 1_000)
            many, few = (statistics.median(each) for each in taken)
            met = "met" if many <= SEARCH_MS and many <= GROWTH * max(few, 1.0) else "MISSED"
            print(f"  {name:44} {many:7.2f} {few:7.2f} {many / few:6.2f}  {met}", flush=True)


async def _answered(http: aiohttp.ClientSession, one: Side, path: str) -> None:
    async with http.get(f"{one.api_url}/v1/{path}", headers=one.headers) as answer:
        body = await answer.read()
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")


async def measure(sides: Sequence[Side], *, times: int, delivered: int) -> None:
    """Print everything."""
    await pages(sides, "A page by one filter", SINGLES, PAGE_MS, times)
    await pages(sides, "A page by two", PAIRS, PAGE_MS, times)
    await pages(sides, "Calls of a caller", CALLERS, SEARCH_MS, times)
    await pages(sides, "Words of summaries", SEARCHES, SEARCH_MS, times)
    await dashboards(sides, times)
    await exports(sides[0])
    await deliveries(sides[0], delivered)


async def run(folder: Path, urls: PostgresUrls, master_key: bytes, *, calls: int, requests: int) -> None:
    """Fill two databases of one server, the first with `calls`, and print what is measured."""
    until = datetime.now(UTC).replace(microsecond=0)
    async with AsyncExitStack() as stack:
        sides = []
        for name, count in (("many", calls), ("few", FEW)):
            own = await asyncio.to_thread(database, urls, name)
            await filled(own, master_key, count, until)
            sides.append(await stack.enter_async_context(side(folder, name, own, master_key)))
        await measure(sides, times=max(10, requests // 10), delivered=max(100, requests * 2))
