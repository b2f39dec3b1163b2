"""What goes on when something else does not answer: the API, the issuer."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.matrix.portal_expected import assert_is_error
from tests.people import ALICE, BEN
from tests.support.portal import open_town
from tests.support.postgres import PostgresServer
from tests.together.fault_matrix import better_of_two
from tests.together.newcomers import SESSION, another_portal, at, cookies_of, look, newcomer

if TYPE_CHECKING:
    from tests.support.portal import Town

NOWHERE = "http://127.0.0.1:1"
TIMEOUT_MS = 400.0
MARGIN_S = 0.1
OPEN_CIRCUIT_S = 0.05


@contextmanager
def silent() -> Iterator[str]:
    """The address of something that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("trouble", ["away", "silent"])
@better_of_two
async def test_an_api_in_trouble_leaves_navigation_going_and_calls_503(town: Town, trouble: str) -> None:
    browser = await town.of(ALICE)
    with silent() as quiet:
        base = NOWHERE if trouble == "away" else quiet
        async with another_portal(town, api_base_url=base, api_timeout_ms=TIMEOUT_MS) as url:
            there = at(browser, url)
            # State is told within the time of one call, and degrades.
            page = await look(there, "/api/session/state")
            assert page.status == 200
            assert page.json == {
                "state": "unknown",
                "idle_expires_at": None,
                "absolute_expires_at": None,
                "degraded": True,
            }
            page = await look(there, "/api/calls")
            assert_is_error(
                page, "calls", "dependency_unavailable" if trouble == "away" else "dependency_timeout"
            )
            assert page.json["retryable"] is True
            page = await look(there, "/calls")
            assert page.status == 503
            # Without the registry there are no sessions to look after, which is told by name.
            page = await look(there, "/api/sessions")
            assert_is_error(page, "protected", "session_service_unavailable")
            assert (await look(there, "/sign-in")).status == 200
            page = await look(there, "/api/auth/session")
            assert page.json["user"]["email"] == ALICE.email


async def test_a_touch_degrades_too_and_keeps_asking_for_its_proof(town: Town) -> None:
    browser = await town.of(ALICE)
    token = (await browser.get("/api/session/csrf")).json["csrf_token"]
    kept = cookies_of(browser)
    async with another_portal(town, api_base_url=NOWHERE) as url, town.stranger() as clean:
        header = "; ".join(f"{name}={kept[name]}" for name in (SESSION, "aidial.csrf"))
        own = {"cookie": header, "sec-fetch-site": "same-origin"}
        page = await at(clean, url).ask("POST", "/api/session/touch", headers=own)
        assert_is_error(page, "transport", "csrf_missing")
        page = await at(clean, url).ask("POST", "/api/session/touch", headers=own | {"x-csrf-token": token})
        assert (page.status, page.json["state"], page.json["degraded"]) == (200, "unknown", True)


@better_of_two
async def test_a_silent_api_is_given_up_in_time_and_an_open_circuit_at_once(town: Town) -> None:
    browser = await town.of(ALICE)
    with silent() as quiet:
        async with another_portal(town, api_base_url=quiet, api_timeout_ms=TIMEOUT_MS) as url:
            there = at(browser, url)
            took = []
            for _ in range(5):
                started = time.perf_counter()
                assert (await look(there, "/api/calls")).status == 503
                took.append(time.perf_counter() - started)
            # The quickest of several: the machine may be busy, the portal may not be slow each time.
            assert TIMEOUT_MS / 1_000 <= min(took) < TIMEOUT_MS / 1_000 + MARGIN_S, took
            took = []
            for _ in range(10):
                started = time.perf_counter()
                assert_is_error(await look(there, "/api/calls"), "calls", "dependency_unavailable")
                took.append(time.perf_counter() - started)
            assert min(took) < OPEN_CIRCUIT_S, took


async def test_one_signs_out_of_the_browser_while_the_api_is_away(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser, another_portal(town, api_base_url=NOWHERE) as url:
        there = at(browser, url)
        token = (await there.get("/api/auth/csrf")).json["csrfToken"]
        page = await there.post_form("/api/auth/signout", {"csrfToken": token, "callbackUrl": "/sign-in"})
        assert page.status == 302
        assert page.headers["clear-site-data"] == '"cache", "storage"'
        assert SESSION not in cookies_of(browser)


@pytest.fixture
async def mortal(postgres_server: PostgresServer, worker_id: str) -> AsyncIterator[Town]:
    """A town of one's own, whose issuer may be stopped."""
    async with open_town(postgres_server.migrated_database(f"aidial_mortal_{worker_id}")) as opened:
        yield opened


async def test_while_the_issuer_is_away_people_go_on_and_nobody_new_comes_in(mortal: Town) -> None:
    alice, ben = await mortal.of(ALICE), await mortal.of(BEN)
    await asyncio.to_thread(mortal.identity.stop)
    for path in ("/api/calls", "/calls", "/api/session/state", "/account"):
        assert (await alice.get(path)).status == 200, path
    assert (await alice.change("POST", "/api/session/touch")).status == 200
    health = await alice.get("/api/health")
    assert health.status == 200
    assert health.json["status"] == "warn"
    assert {name: one["status"] for name, one in health.json["checks"].items()} == {
        "api": "pass",
        "issuer": "warn",
    }
    token = (await ben.get("/api/auth/csrf")).json["csrfToken"]
    page = await ben.post_form("/api/auth/signout", {"csrfToken": token, "callbackUrl": "/sign-in"})
    assert page.status == 302
    assert SESSION not in cookies_of(ben)
    async with another_portal(mortal) as url, mortal.stranger() as stranger:
        there = at(stranger, url)
        assert (await there.get("/sign-in")).status == 200
        token = (await there.get("/api/auth/csrf")).json["csrfToken"]
        page = await there.post_form("/api/auth/signin/zitadel", {"csrfToken": token, "callbackUrl": "/"})
        assert page.status == 302
        assert "error=OAuthSignin" in page.location
        # A portal that never met the issuer knows the people by their cookies all the same.
        assert (await look(at(alice, url), "/api/calls")).status == 200
