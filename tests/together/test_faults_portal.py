"""`faults.toml`, the portal's part: what people see when the API or the identity provider fails."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from tests.support.faults import FaultyWay, faulty_url
from tests.support.issuer import running_issuer
from tests.support.running_api import running_api
from tests.support.store import running_store
from tests.together.distant_billing import Distant, billing_service
from tests.together.distant_users import asking_users_at
from tests.together.fault_matrix import (
    MARGIN_S,
    TIMEOUT_MS,
    Case,
    Record,
    all_at_once,
    better_of_two,
    fits,
    matrix,
    parameters,
    timeout_ms_for,
)
from tests.together.visiting import visiting

if TYPE_CHECKING:
    from tests.support.portal import Town

BY_API = matrix().of("portal", "api")
BY_ISSUER = matrix().of("portal", "issuer")
BY_ISSUER_NEVER_MET = matrix().of("portal", "issuer, never met")
BY_STORE = matrix().of("portal", "limiter store")
BY_BILLING = matrix().of("portal", "billing")
BY_USER_SERVICE = matrix().of("portal", "user service")
QUICK = {"refuse", "silence"}
"""What the fast suite tries; the rest belongs to test-all."""
ISSUER_S = 4.0
"""One exchange with the issuer waits for 3.5 s; nobody waits for two."""
OPEN_CIRCUIT_S = 0.05
GOOD = {"start": 302, "callback": 302}


@pytest.mark.parametrize("known", [False, True], ids=["nobody known", "session known"])
@pytest.mark.parametrize(("failure", "case"), parameters(BY_API, QUICK))
@better_of_two
async def test_when_the_api_fails(
    town: Town,
    failure: str,
    case: Case,
    known: bool,  # noqa: FBT001 - a parameter of the test
    record_property: Record,
) -> None:
    async with (
        faulty_url(town.api.url) as (way, url),
        visiting(town, api_base_url=url, api_timeout_ms=timeout_ms_for(failure)) as visitor,
    ):
        if known:
            await visitor.until_well("/api/projects")
        await way.fail(failure)
        await all_at_once(await visitor.asks(), case, TIMEOUT_MS / 1_000 + MARGIN_S, GOOD, record_property)


@better_of_two
async def test_with_the_circuit_open_everything_is_answered_at_once(
    town: Town, record_property: Record
) -> None:
    """However the API fails: once the circuit is open nobody waits, and degrading goes on."""
    case = next(case for failure, case in BY_API if failure == "refuse")
    async with (
        faulty_url(town.api.url) as (way, url),
        visiting(town, api_base_url=url, api_timeout_ms=TIMEOUT_MS) as visitor,
    ):
        await way.fail("silence")
        for _ in range(5):
            assert (await visitor.ask("GET", "/api/calls")).status == 503
        took: dict[str, float] = {}
        for name, ask in (await visitor.asks()).items():
            if name in {"health", "start"}:
                continue  # asks past the circuit, and asks twice
            took[name] = math.inf
            for _ in range(20):  # a busy machine may be in the way of some, never of all
                answer = await ask()
                assert fits(answer, case.answers[name], 200), (name, answer)
                took[name] = min(took[name], answer.seconds)
                if took[name] < OPEN_CIRCUIT_S:
                    break
        slowest = max(took, key=lambda name: took[name])
        record_property("measured", f"circuit open: slowest {slowest} in {took[slowest] * 1_000:.1f} ms")
        assert took[slowest] < OPEN_CIRCUIT_S, took


async def _issuer_app() -> tuple[web.AppRunner, dict[str, str]]:
    """An issuer's discovery, and a token endpoint that refuses every code."""
    named = {"url": ""}

    async def discovery(_: web.Request) -> web.Response:
        url = named["url"]
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return web.json_response({"issuer": url} | {name: f"{url}/{path}" for name, path in ends.items()})

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"error": "invalid_grant"}, status=400)

    app = web.Application()
    app.add_routes([web.get("/.well-known/openid-configuration", discovery), web.post("/token", token)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, named


@asynccontextmanager
async def issuer_way() -> AsyncIterator[tuple[FaultyWay, str]]:
    """An issuer that calls itself by the address of a faulty way."""
    runner, named = await _issuer_app()
    try:
        async with faulty_url(f"http://127.0.0.1:{runner.addresses[0][1]}") as (way, url):
            named["url"] = url
            yield way, url
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("failure", "case"), parameters(BY_ISSUER, {"refuse"}))
@better_of_two
async def test_when_the_identity_provider_fails(
    town: Town, failure: str, case: Case, record_property: Record
) -> None:
    async with issuer_way() as (way, url), visiting(town, zitadel_issuer=url) as visitor:
        met = await visitor.start()
        assert met.location.startswith(f"{url}/authorize"), met
        pairs = "; ".join(one.partition(";")[0] for one in visitor.last_cookies)
        state = dict(part.split("=", 1) for part in met.location.partition("?")[2].split("&"))["state"]
        await way.fail(failure)
        await all_at_once(await visitor.asks(), case, ISSUER_S, GOOD, record_property)
        if "callback" not in case.answers:
            return
        back = await visitor.ask(
            "GET", f"/api/auth/callback/zitadel?code=abc&state={state}", None, f"; {pairs}"
        )
        assert fits(back, case.answers["callback"], 302), back
        assert back.seconds < ISSUER_S


@pytest.mark.parametrize(("failure", "case"), parameters(BY_ISSUER_NEVER_MET, {"refuse"}))
@better_of_two
async def test_when_the_identity_provider_was_never_there(
    town: Town, failure: str, case: Case, record_property: Record
) -> None:
    async with issuer_way() as (way, url):
        await way.fail(failure)
        async with visiting(town, zitadel_issuer=url) as visitor:
            await all_at_once(await visitor.asks(), case, ISSUER_S, GOOD, record_property)


@pytest.mark.parametrize(("failure", "case"), parameters(BY_STORE, set()))
@better_of_two
async def test_when_the_store_of_limits_fails(
    town: Town, failure: str, case: Case, record_property: Record
) -> None:
    with running_store() as store:
        async with faulty_url(store.url) as (way, url), visiting(town, limits_url=url) as visitor:
            await visitor.until_well("/api/projects")
            assert way.met > 0
            await way.fail(failure)
            await all_at_once(await visitor.asks(), case, 0.8 + MARGIN_S, GOOD, record_property)


@pytest.mark.parametrize(("failure", "case"), parameters(BY_BILLING, set()))
@better_of_two
async def test_when_the_billing_provider_fails(
    town: Town, failure: str, case: Case, record_property: Record
) -> None:
    environ = {**town.environ, "AIDIAL_BILLING_TIMEOUT_MS": f"{timeout_ms_for(failure):.0f}"}
    async with (
        billing_service() as service,
        faulty_url(service) as (way, url),
        running_api(environ, billing_provider=Distant(url)) as api,
        visiting(town, api_base_url=api.url) as visitor,
    ):
        for path in ("/api/billing/usage", "/billing/invoices"):
            await visitor.until_well(path)
        await way.fail(failure)
        await all_at_once(await visitor.asks(), case, 0.8 + MARGIN_S, GOOD, record_property)


@pytest.mark.parametrize(("failure", "case"), parameters(BY_USER_SERVICE, set()))
@better_of_two
async def test_when_the_user_service_of_the_identity_provider_fails(
    town: Town, failure: str, case: Case, record_property: Record
) -> None:
    async with (
        running_issuer() as users,  # the town's own minds by which name it is asked
        faulty_url(users.url) as (way, url),
        running_api(town.environ) as api,
        asking_users_at(api, url, timeout_ms_for(failure)),
        visiting(town, api_base_url=api.url) as visitor,
    ):
        for path in ("/api/billing/usage", "/billing/invoices"):
            await visitor.until_well(path)
        await visitor.until_phone_is_taken()
        await way.fail(failure)
        await all_at_once(await visitor.asks(), case, 0.8 + MARGIN_S, GOOD, record_property)
        await way.heal()
        await visitor.until_phone_is_taken()
