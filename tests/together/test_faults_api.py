"""`faults.toml`, the API's part: what is answered when PostgreSQL or the identity provider fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from aidial_api.kernel.billing.port import BillingProvider
from aidial_contract.headers import BUDGET_MS
from aidial_contract.ids import new_id
from tests.support.api import World
from tests.support.faults import faulty_url
from tests.support.issuer import Issuer, running_issuer
from tests.support.objects import Objects, running_objects
from tests.support.recordings import ready_call, wav
from tests.support.running_api import RunningApi, running_api
from tests.support.store import running_store
from tests.support.world_calls import CALLS
from tests.together.distant_billing import Distant, billing_service
from tests.together.distant_users import asking_users_at
from tests.together.fault_matrix import (
    MARGIN_S,
    RECOVERED_S,
    TIMEOUT_MS,
    Ask,
    Case,
    Record,
    Seen,
    all_at_once,
    better_of_two,
    matrix,
    parameters,
    timeout_ms_for,
)

BY_DATABASE = matrix().of("api", "database")
BY_ISSUER = matrix().of("api", "issuer")
BY_ISSUER_NEVER_MET = matrix().of("api", "issuer, never met")
BY_STORE = matrix().of("api", "limiter store")
BY_BILLING = matrix().of("api", "billing")
BY_FILES = matrix().of("api", "storage")
BY_USER_SERVICE = matrix().of("api", "user service")
GOOD = {"deliver": 201, "sign_in": 201}
SOUND = wav(0.1)
PHONE = {"mobile": "0412 345 678"}
PATIENT_MS = 1_500.0
"""For those who are to be answered well, also on a busy machine."""
SLOWEST_MS = 20_000.0
"""For those whose time is not what is tested."""
TRICKLE_BUDGET_MS = 150.0
"""What a caller has left while PostgreSQL trickles: its least answers, one known asker's, take 200 ms."""


@dataclass
class Callers:
    """Everybody who asks one API. `bearer` are the headers of a person of that API's issuer.

    `budget_ms` is what each of them has left, when they say so.
    """

    world: World
    api: RunningApi
    bearer: dict[str, str]
    budget_ms: float | None = None

    def asks(self) -> dict[str, Ask]:
        """One request of each class of route."""
        key, alice = self.world.harbour_manage.headers, self.world.alice
        call = {**CALLS[0][1], "external_id": f"fault-{new_id()}"}
        recording = f"/v1/calls/{self.world.calls['front-1']}/recording"
        sound = {**key, "content-type": "audio/wav"}
        new = {"id_token": self.world.id_token(alice.someone), "device_label": "Firefox on Linux"}
        bearer = {"authorization": alice.headers["authorization"]}
        return {
            "read": lambda: self.ask("GET", "/v1/calls", key),
            "deliver": lambda: self.ask("POST", "/v1/calls", key, call),
            "recording": lambda: self.ask("PUT", recording, sound, SOUND),
            "person": lambda: self.ask("GET", "/v1/session-context", self.bearer),
            "invoices": lambda: self.ask("GET", "/v1/invoices", alice.headers),
            "usage": lambda: self.ask("GET", "/v1/usage", alice.headers),
            "state": lambda: self.ask("GET", f"/v1/sessions/{alice.session_id}/state", alice.headers),
            "sign_in": lambda: self.ask("POST", "/v1/sessions", bearer, new),
            "codes": lambda: self.ask("POST", "/v1/second-factor/sms", alice.headers, PHONE),
            "health": lambda: self.ask("GET", "/v1/health", {}),
            "live": lambda: self.ask("GET", "/v1/health/live", {}),
            "errors": lambda: self.ask("GET", "/v1/errors", {}),
        }

    async def ask(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> Seen:
        """One request on a connection of its own."""
        if self.budget_ms is not None:
            headers = {**headers, BUDGET_MS: f"{self.budget_ms:.0f}"}
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            started = time.perf_counter()
            sent = {"data": body} if isinstance(body, bytes) else {"json": body}
            async with http.request(method, self.api.url + path, headers=headers, **sent) as got:
                text = await got.read()
                return Seen(got.status, text, "", time.perf_counter() - started)

    async def until_well(self, *names: str) -> float:
        """Ask each of these until it is answered well; how long that took."""
        started = time.perf_counter()
        async with asyncio.timeout(RECOVERED_S):
            for name in names:
                while (await self.asks()[name]()).status != 200:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.05)
        return time.perf_counter() - started


@asynccontextmanager
async def impatient(
    world: World, timeout_ms: float, billing: BillingProvider | None = None, **environ: str
) -> AsyncIterator[RunningApi]:
    """An API over the world's database that gives a request little time."""
    own = {"AIDIAL_REQUEST_TIMEOUT_MS": f"{timeout_ms:.0f}", "AIDIAL_DATABASE_CONNECTIONS": "8"}
    async with running_api({**world.environ, **own, **environ}, billing_provider=billing) as api:
        yield api


@pytest.mark.parametrize("known", [False, True], ids=["nobody known", "askers known"])
@pytest.mark.parametrize(("failure", "case"), parameters(BY_DATABASE, {"refuse"}))
@better_of_two
async def test_when_postgresql_fails_and_comes_back(
    world: World,
    failure: str,
    case: Case,
    known: bool,  # noqa: FBT001 - a parameter of the test
    record_property: Record,
) -> None:
    # The driver takes garbage for the beginning of something long, and waits for the rest. And who asks while
    # everything works needs more time than who asks PostgreSQL in vain.
    timeout_ms = TIMEOUT_MS if failure in {"garbage", "trickle"} else timeout_ms_for(failure)
    async with (
        faulty_url(world.urls.app_url) as (way, url),
        impatient(world, timeout_ms, DATABASE_URL=url) as api,
    ):
        callers = Callers(world, api, world.alice.headers)
        await ready_call(world, world.harbour_manage)
        if known:
            await callers.until_well("read", "state", "person")
        await way.fail(failure)
        callers.budget_ms = TRICKLE_BUDGET_MS if failure == "trickle" else None
        longest_s = TIMEOUT_MS / 1_000 + MARGIN_S
        asks = callers.asks()
        health = asks.pop("health")
        await all_at_once(asks, case, longest_s, GOOD, record_property)
        await all_at_once({"health": health}, case, 0.8 + MARGIN_S, GOOD, record_property)
        await way.heal()
        callers.budget_ms = None
        took_s = await callers.until_well("read", "state", "health")
        record_property("measured", f"{failure}: well again after {took_s:.2f} s")


@asynccontextmanager
async def own_issuer() -> AsyncIterator[tuple[Any, Issuer]]:
    """An issuer that calls itself by the address of a faulty way."""
    async with running_issuer() as issuer, faulty_url(issuer.url) as (way, url):
        issuer.url = url
        yield way, issuer


def _stranger(issuer: Issuer) -> dict[str, str]:
    return {"authorization": f"Bearer {issuer.access_token(f'stranger-{new_id()}')}"}


@pytest.mark.parametrize(("failure", "case"), parameters(BY_ISSUER, {"refuse"}))
@better_of_two
async def test_when_the_identity_provider_fails(
    world: World, failure: str, case: Case, record_property: Record
) -> None:
    async with own_issuer() as (way, issuer), impatient(world, PATIENT_MS, ZITADEL_ISSUER=issuer.url) as api:
        callers = Callers(world, api, _stranger(issuer))
        await callers.until_well("person")
        await way.fail(failure)
        callers.bearer = _stranger(issuer)
        await all_at_once(callers.asks(), case, PATIENT_MS / 1_000 + MARGIN_S, GOOD, record_property)


@pytest.mark.parametrize(("failure", "case"), parameters(BY_ISSUER_NEVER_MET, {"refuse"}))
@better_of_two
async def test_when_the_identity_provider_was_never_there(
    world: World, failure: str, case: Case, record_property: Record
) -> None:
    async with own_issuer() as (way, issuer):
        await way.fail(failure)
        async with impatient(world, PATIENT_MS, ZITADEL_ISSUER=issuer.url) as api:
            callers = Callers(world, api, _stranger(issuer))
            await all_at_once(callers.asks(), case, PATIENT_MS / 1_000 + MARGIN_S, GOOD, record_property)


@pytest.mark.parametrize(("failure", "case"), parameters(BY_STORE, {"silence"}))
@better_of_two
async def test_when_the_store_of_limits_fails(
    world: World, failure: str, case: Case, record_property: Record
) -> None:
    with running_store() as store:
        async with (
            faulty_url(store.url) as (way, url),
            impatient(world, PATIENT_MS, AIDIAL_LIMITS_URL=url) as api,
        ):
            callers = Callers(world, api, world.alice.headers)
            await callers.until_well("read")
            assert way.met > 0
            await way.fail(failure)
            await all_at_once(callers.asks(), case, 0.8 + MARGIN_S, GOOD, record_property)


@pytest.mark.parametrize(("failure", "case"), parameters(BY_BILLING, {"refuse"}))
@better_of_two
async def test_when_the_billing_provider_fails(
    world: World, failure: str, case: Case, record_property: Record
) -> None:
    async with (
        billing_service() as service,
        faulty_url(service) as (way, url),
        impatient(
            world, SLOWEST_MS, Distant(url), AIDIAL_BILLING_TIMEOUT_MS=f"{timeout_ms_for(failure):.0f}"
        ) as api,
    ):
        callers = Callers(world, api, world.alice.headers)
        await callers.until_well("usage", "invoices")
        await way.fail(failure)
        await all_at_once(callers.asks(), case, 0.8 + MARGIN_S, GOOD, record_property)


@pytest.mark.parametrize(("failure", "case"), parameters(BY_USER_SERVICE, {"refuse"}))
@better_of_two
async def test_when_the_user_service_of_the_identity_provider_fails(
    world: World, failure: str, case: Case, record_property: Record
) -> None:
    async with (
        faulty_url(world.issuer.url) as (way, url),
        impatient(world, SLOWEST_MS) as api,
        asking_users_at(api, url, timeout_ms_for(failure)),
    ):
        callers = Callers(world, api, world.alice.headers)
        await callers.until_well("codes", "person")
        assert way.met > 0
        await way.fail(failure)
        await all_at_once(callers.asks(), case, 0.8 + MARGIN_S, GOOD, record_property)
        await way.heal()
        await callers.until_well("codes")


@pytest.fixture(scope="module")
def objects() -> Iterator[Objects]:
    """A real S3 server."""
    with running_objects() as running:
        yield running


@pytest.mark.parametrize(("failure", "case"), parameters(BY_FILES, {"refuse"}))
@better_of_two
async def test_when_the_store_of_files_fails(
    world: World, objects: Objects, failure: str, case: Case, record_property: Record
) -> None:
    await ready_call(world, world.harbour_manage)
    timeout = f"{timeout_ms_for(failure):.0f}"
    async with (
        faulty_url(f"http://127.0.0.1:{objects.port}") as (way, _),
        impatient(
            world, SLOWEST_MS, None, AIDIAL_STORAGE_TIMEOUT_MS=timeout, **objects.environ(way.port)
        ) as api,
    ):
        callers = Callers(world, api, world.alice.headers)
        await callers.until_well("recording")
        await way.fail(failure)
        await all_at_once(callers.asks(), case, 0.8 + MARGIN_S, GOOD, record_property)
        await way.heal()
        await callers.until_well("recording", "health")
