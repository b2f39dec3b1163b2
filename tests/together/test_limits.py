"""Four real processes and one real store: together they let through what one would, to the request."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from aidial_contract.headers import API_KEY
from tests.matrix.portal_visitors import BY_NAME, papers_of
from tests.support.api import World
from tests.support.portal import Town
from tests.support.processes import free_ports, running
from tests.support.store import running_store
from tests.together.fault_matrix import better_of_two

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
PROCESSES = 4
PATIENT = {"AIDIAL_LIMIT_STORE_TIMEOUT": "5000"}
"""This machine may keep the store waiting."""
AMOUNT = 200


async def statuses(
    urls: list[str], method: str, path: str, headers: dict[str, str], each: int
) -> Counter[int]:
    """Everything at once, from every process: how often each status was answered."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=40), cookie_jar=aiohttp.DummyCookieJar()
    ) as http:

        async def one(url: str) -> int:
            async with http.request(method, url + path, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return answer.status

        return Counter(await asyncio.gather(*(one(url) for _ in range(each) for url in urls)))


async def until_shared(urls: list[str], path: str) -> None:
    """Until every process counts in the store: one that came to it late counts by itself for a moment."""
    async with asyncio.timeout(30), aiohttp.ClientSession() as http:
        for url in urls:
            while True:
                async with http.get(url + path) as answer:
                    checks = (await answer.json(content_type=None))["checks"]
                if checks["limiter_store"]["status"] == "pass":
                    break
                await asyncio.sleep(0.05)


async def test_four_api_processes_let_exactly_the_amount_of_a_key_through(
    world: World, tmp_path: Path
) -> None:
    ports = free_ports(PROCESSES)
    with running_store() as store:
        own = {
            "AIDIAL_LIMITS_SCALE": "1",
            "AIDIAL_LIMITS_URL": store.url,
            **PATIENT,
            "AIDIAL_LIMIT_READS": f"{AMOUNT}/h",
            "AIDIAL_LIMIT_READS_BURST": f"{AMOUNT}/h",
            "AIDIAL_DATABASE_CONNECTIONS": "4",
        }
        with running("api", ports, {**world.environ, **own}, tmp_path / "log"):
            urls = [f"http://127.0.0.1:{port}" for port in ports]
            await until_shared(urls, "/v1/health")
            counted = await statuses(urls, "GET", "/v1/projects", {API_KEY: world.harbour_read.key}, 150)
    assert counted == {200: AMOUNT, 429: 150 * PROCESSES - AMOUNT}


async def test_four_portal_processes_let_exactly_the_amount_of_a_session_and_of_an_address_through(
    town: Town, tmp_path: Path
) -> None:
    ports = free_ports(PROCESSES)
    settings = town.settings
    with running_store() as store:
        environ = {
            "NEXTAUTH_SECRET": settings.nextauth_secret,
            "NEXTAUTH_URL": settings.nextauth_url,
            "AIDIAL_API_BASE_URL": settings.api_base_url,
            "AIDIAL_API_TIMEOUT_MS": "10000",
            "ZITADEL_ISSUER": settings.zitadel_issuer,
            "ZITADEL_CLIENT_ID": settings.zitadel_client_id,
            "ZITADEL_CLIENT_SECRET": settings.zitadel_client_secret,
            "AIDIAL_HOSTS": ",".join(f"127.0.0.1:{port}" for port in ports),
            "AIDIAL_LIMITS_URL": store.url,
            **PATIENT,
            "AIDIAL_LIMIT_PORTAL_SESSION": f"{AMOUNT}/h",
            "AIDIAL_LIMIT_PORTAL_SIGN_IN_STARTS": f"{AMOUNT}/h",
        }
        with running("portal", ports, environ, tmp_path / "log"):
            urls = [f"http://127.0.0.1:{port}" for port in ports]
            await until_shared(urls, "/api/health")
            alice = (await papers_of(town, BY_NAME["alice"])).headers(unsafe=False)
            of_session = await statuses(urls, "GET", "/api/projects", alice, 100)
            of_address = await statuses(urls, "POST", "/api/auth/signin/zitadel", {}, 100)
    assert of_session == {200: AMOUNT, 429: 100 * PROCESSES - AMOUNT}
    assert of_address[429] == 100 * PROCESSES - AMOUNT


@better_of_two
async def test_a_killed_store_costs_no_answer_of_a_running_process(world: World, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with running_store() as store:
        own = {"AIDIAL_LIMITS_URL": store.url, "AIDIAL_METRICS_PORT": str(free_ports(1)[0])}
        with running("api", [port], {**world.environ, **own}, tmp_path / "log"):
            async with aiohttp.ClientSession(headers={API_KEY: world.harbour_read.key}) as http:
                until, killed, seen = time.monotonic() + 3, False, Counter[int]()
                slowest = 0.0
                while time.monotonic() < until:
                    if not killed and until - time.monotonic() < 2:
                        store.stop()
                        killed = True
                    started = time.perf_counter()
                    async with http.get(url + "/v1/projects") as answer:
                        await answer.read()
                        seen[answer.status] += 1
                    slowest = max(slowest, time.perf_counter() - started)
                async with http.get(f"http://127.0.0.1:{own['AIDIAL_METRICS_PORT']}/metrics") as answer:
                    metrics = await answer.text()
                async with http.get(url + "/v1/health") as answer:
                    health = await answer.json(content_type=None)
    assert set(seen) == {200}
    assert slowest < 1
    assert 'aidial_limits_store_up{service="api"} 0.0' in metrics
    assert 'aidial_limits_fallbacks_total{service="api"}' in metrics
    assert health["checks"]["limiter_store"]["status"] == "warn"
