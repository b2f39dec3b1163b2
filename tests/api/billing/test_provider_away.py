"""The billing provider refuses, hangs or talks nonsense, and nothing but billing notices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from aidial_api.kernel.billing import desk
from aidial_api.kernel.billing.port import Page
from aidial_api.settings import read_settings
from tests.api.billing.accounts import Troubled, is_away
from tests.people import ALICE, BELLA, HARBOUR, MALLORY, NORTHSIDE
from tests.support.api import RunningApi, World, running_api
from tests.support.askers import SignedIn, health_when, patiently

TIMEOUT_MS = 3_000
"""Short beside a person's patience, long beside a busy machine: a good answer is never late."""
RETURN = {"return_url": "https://portal.example/billing/payment-methods"}


@pytest.fixture
async def provider() -> Troubled:
    return Troubled()


@pytest.fixture
async def api(world: World, provider: Troubled) -> AsyncIterator[RunningApi]:
    """An API of its own whose provider may get into trouble."""
    own = {"AIDIAL_BILLING_TIMEOUT_MS": f"{TIMEOUT_MS}", "AIDIAL_REQUEST_TIMEOUT_MS": "60000"}
    environ = {**world.environ, **own}
    async with running_api(environ, billing_provider=provider) as running:
        yield running


@pytest.fixture
async def alice(world: World, api: RunningApi) -> SignedIn:
    return await world.sign_in(ALICE, api=api)


def paths(world: World) -> tuple[str, ...]:
    invoice_id = world.invoices["harbour-1"]
    return "/v1/invoices", f"/v1/invoices/{invoice_id}", f"/v1/invoices/{invoice_id}/pdf"


@pytest.mark.parametrize("trouble", ["refuses", "hangs"])
async def test_what_needs_the_provider_says_so_in_time_and_the_rest_works(
    world: World,
    api: RunningApi,
    alice: SignedIn,
    provider: Troubled,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desk, "FAILURES_IN_A_ROW", 1_000)
    assert (await alice.get("/v1/usage")).json["is_current"] is True
    provider.trouble = trouble
    for path in paths(world):
        began = time.monotonic()
        assert is_away(await alice.get(path)), path
        assert time.monotonic() - began < 10
    assert is_away(await alice.post("/v1/payment-portal", RETURN))
    assert (await alice.get("/v1/calls")).status == 200
    assert (await alice.get("/v1/billing-recipients")).status == 200
    health = (await health_when(alice, lambda said: said["status"] == "warn")).json
    assert health["status"] == "warn"
    assert health["checks"]["billing"]["status"] == "warn"
    assert health["checks"]["database"]["status"] == "pass"


@pytest.mark.parametrize("trouble", ["refuses", "hangs"])
async def test_usage_seen_before_is_shown_with_its_age(
    world: World, alice: SignedIn, provider: Troubled, trouble: str
) -> None:
    # What others' tests saw within the minute would be shown instead of what this one sees.
    await world.sql("DELETE FROM billing_usage_seen WHERE client_id = $1", HARBOUR)
    now = (await alice.get("/v1/usage")).json
    assert now["is_current"] is True
    provider.trouble = trouble
    then = (await alice.get("/v1/usage")).json
    assert then["is_current"] is False, then
    assert datetime.fromisoformat(then["as_of"]) <= datetime.now(UTC)
    assert then["projects"] == now["projects"]
    await world.sql("DELETE FROM billing_usage_seen WHERE client_id = $1", HARBOUR)
    assert is_away(await alice.get("/v1/usage"))
    provider.trouble = None
    assert (await alice.get("/v1/usage")).json["is_current"] is True


async def test_usage_is_kept_at_most_once_a_minute(world: World, alice: SignedIn) -> None:
    await world.sql("DELETE FROM billing_usage_seen WHERE client_id = $1", HARBOUR)
    kept = []
    for _ in range(3):
        assert (await alice.get("/v1/usage")).status == 200
        (row,) = await world.sql("SELECT as_of FROM billing_usage_seen WHERE client_id = $1", HARBOUR)
        kept.append(row["as_of"])
    assert len(set(kept)) == 1


async def test_nonsense_is_not_passed_on(
    world: World, alice: SignedIn, provider: Troubled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "FAILURES_IN_A_ROW", 1_000)
    invoice = (await alice.get(f"/v1/invoices/{world.invoices['harbour-1']}")).json["invoice"]
    assert invoice
    rows: Any = ["not an invoice"]
    nonsense = ("<html>", 17, {"total": "NaN"}, Page(rows, None), b"GIF89a", "javascript:alert(1)")
    for said in nonsense:
        provider.trouble = said
        for path in paths(world):
            answer = await alice.get(path)
            assert is_away(answer), (said, path)
            assert b"GIF89a" not in answer.body
        assert is_away(await alice.post("/v1/payment-portal", RETURN)), said
        usage = await alice.get("/v1/usage")
        assert is_away(usage) or usage.json["is_current"] is False


@pytest.mark.parametrize(
    "url", ["http://elsewhere.example/pay", "//elsewhere.example", "https://a b", "https://user\\@x", 7, ""]
)
async def test_nobody_is_sent_to_an_address_that_is_not_safe(
    alice: SignedIn, provider: Troubled, url: object
) -> None:
    provider.trouble = url or None
    answer = await alice.post("/v1/payment-portal", RETURN)
    assert is_away(answer) if url else answer.status == 201


async def test_a_provider_that_keeps_failing_is_left_alone_for_a_while(
    alice: SignedIn, provider: Troubled
) -> None:
    provider.trouble = "refuses"
    for _ in range(5):
        assert is_away(await alice.get("/v1/invoices"))
    assert provider.asked == desk.FAILURES_IN_A_ROW
    provider.trouble = None
    async with asyncio.timeout(20):
        while (await alice.get("/v1/invoices")).status != 200:  # noqa: ASYNC110 - the desk has no bell
            await asyncio.sleep(0.05)


async def test_a_crowd_that_waits_for_the_provider_does_not_take_the_database_from_calls(
    world: World, alice: SignedIn, provider: Troubled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "FAILURES_IN_A_ROW", 1_000)
    provider.trouble = "hangs"
    async with asyncio.TaskGroup() as crowd:
        waiting = [crowd.create_task(patiently(partial(alice.get, "/v1/invoices"))) for _ in range(40)]
        calls = [crowd.create_task(patiently(partial(alice.get, "/v1/calls"))) for _ in range(10)]
    assert all(is_away(one.result()) for one in waiting)
    assert {one.result().status for one in calls} == {200}
    assert provider.asked < 40
    assert provider.most_hanging <= desk.AT_ONCE
    assert read_settings(world.environ).database_connections / 2 > desk.AT_ONCE


async def test_the_callers_own_time_is_not_used_up(world: World, provider: Troubled) -> None:
    environ = {**world.environ, "AIDIAL_BILLING_TIMEOUT_MS": "60000", "AIDIAL_REQUEST_TIMEOUT_MS": "60000"}
    async with running_api(environ, billing_provider=provider) as api:
        alice = await world.sign_in(ALICE, api=api)
        provider.trouble = "hangs"
        # Without its share kept back the answer would be that the request's own time was over.
        assert is_away(await alice.get("/v1/invoices", x_aidial_budget_ms="6000"))


async def test_callers_in_a_hurry_do_not_shut_billing_for_the_others(
    alice: SignedIn, provider: Troubled
) -> None:
    provider.trouble = "hangs"
    while provider.asked < 2 * desk.FAILURES_IN_A_ROW:
        hurried = await alice.get("/v1/invoices", x_aidial_budget_ms="45")
        assert hurried.status == 503
    provider.trouble = None
    assert (await alice.get("/v1/invoices")).status == 200


async def test_one_tenants_books_that_do_not_add_up_shut_billing_for_nobody_else(
    world: World, api: RunningApi, alice: SignedIn, provider: Troubled
) -> None:
    mallory = await world.sign_in(MALLORY, api=api)
    provider.troubles_only = frozenset({HARBOUR})
    for trouble in ("refuses", "hangs", {"total": "NaN"}):
        provider.trouble = trouble
        for _ in range(2 * desk.FAILURES_IN_A_ROW):
            assert is_away(await alice.get("/v1/invoices"))
        assert (await mallory.get("/v1/invoices")).status == 200


async def test_the_books_of_two_tenants_shut_billing_for_no_third_while_it_is_answered(
    world: World, api: RunningApi, alice: SignedIn, provider: Troubled
) -> None:
    mallory, bella = [await world.sign_in(one, api=api) for one in (MALLORY, BELLA)]
    provider.troubles_only = frozenset({HARBOUR, NORTHSIDE})
    provider.trouble = "refuses"
    for _ in range(2 * desk.FAILURES_IN_A_ROW):
        assert is_away(await alice.get("/v1/invoices"))
        assert is_away(await mallory.get("/v1/invoices"))
        assert (await bella.get("/v1/invoices")).status == 200


async def test_a_provider_that_fails_several_tenants_is_left_alone_by_all(
    world: World, api: RunningApi, alice: SignedIn, provider: Troubled
) -> None:
    mallory, bella = [await world.sign_in(one, api=api) for one in (MALLORY, BELLA)]
    provider.trouble = "refuses"
    for _ in range(desk.FAILURES_IN_A_ROW):
        assert is_away(await alice.get("/v1/invoices"))
        assert is_away(await mallory.get("/v1/invoices"))
    asked = provider.asked
    assert is_away(await bella.get("/v1/invoices"))
    assert provider.asked == asked
