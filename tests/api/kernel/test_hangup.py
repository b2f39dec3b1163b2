"""SIGHUP reads the configuration again: what is lost is told, and what is repaired works again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from aidial_api.kernel.db import NOTHING
from aidial_api.settings import read_settings
from aidial_contract.headers import API_KEY
from aidial_serving import hangups
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.processes import free_ports
from tests.support.running_api import running_api

START_LIMIT_S = 30


@dataclass
class Served:
    """`aidial api` in a process of its own; `audience` is the file its audience is read from."""

    process: Process
    audience: Path
    http: aiohttp.ClientSession

    async def hang_up(self) -> None:
        """Tell it to read its configuration again."""
        self.process.send_signal(signal.SIGHUP)

    async def until(
        self, path: str, status: int, headers: dict[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        """Ask until the answer has a status."""
        async with asyncio.timeout(START_LIMIT_S):
            while True:
                try:
                    async with self.http.get(path, headers=headers) as answer:
                        await answer.read()
                        if answer.status == status:
                            return answer
                except aiohttp.ClientConnectionError:
                    pass
                await asyncio.sleep(0.02)


@asynccontextmanager
async def served(world: World, folder: Path) -> AsyncIterator[Served]:
    (port,) = free_ports(1)
    audience = folder / "audience"
    audience.write_text(world.environ["AIDIAL_API_AUDIENCE"])
    environ = {**os.environ, **world.environ, "AIDIAL_API_AUDIENCE_FILE": str(audience)}
    del environ["AIDIAL_API_AUDIENCE"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "aidial",
        "api",
        "--port",
        str(port),
        env=environ,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            running = Served(process, audience, http)
            await running.until("/v1/health/live", 200)
            yield running
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_a_lost_value_is_told_by_everything_and_a_good_hang_up_repairs_it(
    world: World, tmp_path: Path
) -> None:
    async with served(world, tmp_path) as api:
        key = Asker(api.http, {API_KEY: world.harbour_read.key})
        assert (await key.get("/v1/projects")).status == 200
        api.audience.write_text("")
        await api.hang_up()
        health = await api.until("/v1/health", 503)
        assert health.headers["retry-after"] == "1"
        body = await health.json(content_type=None)
        assert (body["status"], body["checks"]["configuration"]["status"]) == ("fail", "fail")
        for path in ("/v1/projects", "/v1/nothing", "/v1/errors", "/v1/openapi.json"):
            answer = await key.get(path)
            assert (answer.status, answer.code) == (500, "configuration_invalid"), path
        assert (await key.get("/v1/health/live")).status == 200
        api.audience.write_text("somebody-else")
        await api.hang_up()
        await api.until("/v1/health", 200)
        assert (await key.get("/v1/projects")).status == 200
        answer = await Asker(api.http, world.alice.headers).get("/v1/projects")
        assert (answer.status, answer.code) == (401, "token_invalid")
        api.audience.write_text(world.environ["AIDIAL_API_AUDIENCE"])
        await api.hang_up()
        await api.until("/v1/projects", 200, world.alice.headers)


async def test_settings_that_cannot_be_used_are_as_good_as_none(world: World) -> None:
    async with running_api(world.environ) as api:
        nowhere = "postgresql://aidial_app@127.0.0.1:1/nothing"
        await api.app.reload(read_settings({**world.environ, "DATABASE_URL": nowhere}))
        answer = await Asker(api.http).get("/v1/errors")
        assert (answer.status, answer.code) == (500, "configuration_invalid")
        await api.app.reload(read_settings(world.environ))
        assert (await Asker(api.http).get("/v1/errors")).status == 200


async def test_hang_ups_without_end_leave_no_connection_behind(world: World) -> None:
    async def connections() -> int:
        (row,) = await world.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'aidial api%'"
        )
        return int(row["count"])

    before = await connections()
    async with running_api(world.environ) as api:
        key = Asker(api.http, {API_KEY: world.harbour_read.key})
        own = await connections() - before
        for number in range(8):
            await api.app.reload(read_settings({**world.environ, "AIDIAL_API_AUDIENCE": f"nr-{number}"}))
            assert (await key.get("/v1/projects")).status == 200
        async with asyncio.timeout(20):
            while await connections() > before + 2 * own:  # noqa: ASYNC110 - PostgreSQL tells nobody
                await asyncio.sleep(0.1)


async def test_a_request_under_way_ends_with_the_services_it_began_with(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hangups, "LOOKED_AT_S", 0.01)
    async with running_api(world.environ) as api:
        former = api.app.services
        assert former is not None
        async with api.http.get("/v1/calls/live", headers={API_KEY: world.harbour_read.key}) as live:
            assert live.status == 200
            await api.app.reload(read_settings({**world.environ, "AIDIAL_API_AUDIENCE": "another"}))
            await asyncio.sleep(0.2)
            assert former.under_way == 1
            async with former.db.transaction(NOTHING) as tx:
                assert await tx.fetchval("SELECT 1") == 1
        async with asyncio.timeout(10):
            while former.under_way:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/health+json", "application/health+json"),
        ("application/json", "application/json"),
        ("*/*", "application/health+json"),
        ("application/*", "application/health+json"),
        ("text/html, application/json;q=0.9", "application/json"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/health", "/v1/health/live"])
async def test_health_answers_whoever_takes_json(
    world: World, path: str, accept: str, content_type: str
) -> None:
    answer = await world.anonymous.get(path, accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (200, content_type)
    assert answer.json["status"] in {"pass", "warn"}


async def test_health_is_not_for_those_who_take_no_json(world: World) -> None:
    answer = await world.anonymous.get("/v1/health", accept="text/html")
    assert (answer.status, answer.code) == (406, "not_acceptable")
