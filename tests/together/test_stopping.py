"""SIGTERM under load: real processes, real requests under way, and nobody's answer is cut.

The one thing a newcomer would get wrong: the callers here speak HTTP by hand. A client library repeats a
request on a lost connection without a word, and would hide what this looks for.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg
import pytest

from aidial_contract.headers import API_KEY
from tests.people import ALICE, HARBOUR
from tests.serving.serving import Line, line
from tests.support.processes import free_ports
from tests.together.fault_matrix import Record
from tests.together.newcomers import SESSION, cookies_of

if TYPE_CHECKING:
    from tests.support.portal import Town

pytestmark = pytest.mark.slow
CALLERS = 12
ANSWERED = 5 * CALLERS
"""So much load there was, however slow the machine is, before it is told to stop."""
START_LIMIT_S = 40
WAITING = """SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE d.datname = current_database() AND l.relation = 'calls'::regclass AND NOT l.granted"""


@dataclass
class Load:
    """Callers who ask again and again on kept connections, and what became of every request they sent."""

    port: int
    requests: tuple[str, ...]
    seen: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    told_to_leave: int = 0

    async def call(self, number: int) -> None:
        """Ask until nobody listens any more."""
        turn = number
        while True:
            try:
                async with line(self.port) as one:
                    turn = await self._keep_asking(one, turn)
            except ConnectionError:
                self.seen["refused"] += 1
                return

    async def _keep_asking(self, one: Line, turn: int) -> int:
        while True:
            turn += 1
            await one.say(self.requests[turn % len(self.requests)])
            try:
                status, headers, _ = await one.heard()
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                self.lost.append(f"{type(error).__name__} {error}")
                raise ConnectionError from None
            self.seen[str(status)] += 1
            if headers.get("connection") == "close":
                self.told_to_leave += 1
                assert await one.ended()
                return turn


def _request(method: str, path: str, headers: Mapping[str, str], body: str = "") -> str:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body])


@asynccontextmanager
async def process(command: str, environ: Mapping[str, str]) -> AsyncIterator[tuple[Process, int]]:
    """`aidial api` or `aidial portal` on a port of its own, answering."""
    (port,) = free_ports(1)
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aidial", command, "--port", str(port),
        env={**os.environ, **environ}, stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    try:
        live = "/v1/health/live" if command == "api" else "/api/health/live"
        async with asyncio.timeout(START_LIMIT_S):
            while not await _answers(port, live):
                assert made.returncode is None, "it ended instead of starting"
                await asyncio.sleep(0.05)
        yield made, port
    finally:
        if made.returncode is None:
            made.kill()
        await made.wait()


async def _answers(port: int, path: str) -> bool:
    try:
        async with line(port) as one:
            await one.say(_request("GET", path, {}))
            return (await one.heard())[0] == 200
    except ConnectionError:
        return False


async def _stop_under_load(made: Process, load: Load) -> float:
    """Let them call, say SIGTERM, wait for the end; how long the end took."""
    callers = [asyncio.create_task(load.call(number)) for number in range(CALLERS)]
    async with asyncio.timeout(START_LIMIT_S):
        while load.seen["200"] < ANSWERED:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)
    started = time.perf_counter()
    made.send_signal(signal.SIGTERM)
    async with asyncio.timeout(15):
        await asyncio.gather(*callers)
        await made.wait()
    return time.perf_counter() - started


async def test_an_api_that_stops_under_load_cuts_no_answer(town: Town, record_property: Record) -> None:
    key = {API_KEY: town.keys[HARBOUR]}
    requests = (
        _request("GET", "/v1/calls", key),
        _request("GET", "/v1/projects", key),
        _request("POST", "/v1/calls", key, '{"external_id":"stopping"}'),
        _request("GET", "/v1/errors", {}),
    )
    async with process("api", town.environ) as (made, port):
        load = Load(port, requests)
        took = await _stop_under_load(made, load)
    record_property("measured", f"api: {load.seen}, stopped in {took:.2f} s, {len(load.lost)} lost")
    assert not load.lost, load.lost
    assert load.seen["refused"] == load.told_to_leave == CALLERS
    assert set(load.seen) == {"200", "422", "refused"}
    assert made.returncode in {0, -signal.SIGTERM}


async def test_a_portal_that_stops_under_load_cuts_no_answer(town: Town, record_property: Record) -> None:
    browser = await town.of(ALICE)
    settings = town.settings
    environ = {
        "NEXTAUTH_SECRET": settings.nextauth_secret,
        "NEXTAUTH_URL": settings.nextauth_url,
        "AIDIAL_API_BASE_URL": town.api.url,
        "AIDIAL_API_TIMEOUT_MS": "10000",
        "ZITADEL_ISSUER": settings.zitadel_issuer,
        "ZITADEL_CLIENT_ID": settings.zitadel_client_id,
        "ZITADEL_CLIENT_SECRET": settings.zitadel_client_secret,
        "AIDIAL_HOSTS": "127.0.0.1",
        "AIDIAL_LIMITS_SCALE": "1000",
    }
    cookie = {"Cookie": f"{SESSION}={cookies_of(browser)[SESSION]}"}
    paths = ("/api/calls", "/calls", "/api/session/state", "/sign-in")
    async with process("portal", environ) as (made, port):
        load = Load(port, tuple(_request("GET", path, cookie) for path in paths))
        took = await _stop_under_load(made, load)
    record_property("measured", f"portal: {load.seen}, stopped in {took:.2f} s, {len(load.lost)} lost")
    assert not load.lost, load.lost
    assert load.seen["refused"] == load.told_to_leave == CALLERS
    assert set(load.seen) == {"200", "refused"}
    assert made.returncode in {0, -signal.SIGTERM}


@pytest.mark.parametrize("released", [True, False], ids=["in time", "never"])
async def test_what_takes_longer_is_waited_for_but_not_for_ever(town: Town, released: bool) -> None:  # noqa: FBT001
    """A request that hangs on a lock: answered when the lock goes, or 503 when the stop's time is over."""
    stop_ms = 20_000 if released else 2_500
    environ = {**town.environ, "AIDIAL_STOP_TIMEOUT_MS": str(stop_ms)}
    holder = await asyncpg.connect(town.urls.superuser_url)
    try:
        async with process("api", environ) as (made, port), line(port) as chloe:
            lock = holder.transaction()
            await lock.start()
            await holder.execute("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE")
            await chloe.say(_request("GET", "/v1/calls", {API_KEY: town.keys[HARBOUR]}))
            async with asyncio.timeout(START_LIMIT_S):
                while not await holder.fetchval(WAITING):  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.02)
            started = time.perf_counter()
            made.send_signal(signal.SIGTERM)
            if released:
                await asyncio.sleep(1.2)
                await lock.rollback()
            status, headers, body = await chloe.heard()
            assert headers["connection"] == "close"
            assert status == (200 if released else 503), body
            assert released or b'"dependency_unavailable"' in body
            async with asyncio.timeout(20):
                await made.wait()
            took_s = time.perf_counter() - started
            # Where all were answered, well before the stop's own time was over; else that ended it.
            assert took_s < 10 if released else 2.4 <= took_s < 8
    finally:
        await holder.close()
