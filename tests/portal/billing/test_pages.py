"""What people read of their billing, and what they read while the billing service is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aidial_contract.limits import CIRCUIT_IN_A_ROW
from tests.api.billing.accounts import Troubled
from tests.people import ADA, ALICE, BAYSIDE, BEN, CHLOE, HARBOUR, NORTHSIDE, PRIYA, TOM
from tests.support.api import running_api
from tests.support.portal import Browser, Town
from tests.together.newcomers import another_portal, at


async def test_alice_compares_her_usage_with_her_plan(town: Town) -> None:
    alice = await town.of(ALICE)
    assert (await alice.get("/billing")).location == "/billing/usage"
    page = await alice.get("/billing/usage")
    assert page.status == 200
    for words in ("of 300 included minutes", "Starter, $149.00 a month", "By project", "Front desk", "GST"):
        assert words in page.words
    assert 'class="usage-bar"' in page.text
    assert {"/billing/usage", "/billing/invoices", "/billing/payment-methods", "/billing/recipients"} <= set(
        page.links("/billing")
    )


async def test_alice_filters_her_invoices_and_opens_one(town: Town) -> None:
    alice = await town.of(ALICE)
    page = await alice.get("/billing/invoices")
    first, second = (f"/billing/invoices/{town.invoices[f'harbour-{n}']}" for n in (1, 2))
    assert {first, second} <= set(page.links("/billing/invoices/"))
    paid = await alice.get("/billing/invoices?status=paid")
    assert paid.links("/billing/invoices/") == [first]
    assert "HARBOUR-DENTAL-0002" not in paid.words
    one = await alice.get(first)
    for words in ("Invoice HARBOUR-DENTAL-0001", "Harbour Dental", "$163.90", "$14.90", "Still to pay $0.00"):
        assert words in one.words
    assert f"/api/billing/invoices/{town.invoices['harbour-1']}/pdf" in one.links("/api/")
    assert "recorded in the activity log" in one.words
    strange = await alice.get("/billing/invoices?status=void&cursor=nonsense")
    assert strange.location == "/billing/invoices"


async def test_ben_pays_but_does_not_say_who_is_sent_invoices(town: Town) -> None:
    ben = await town.of(BEN)
    page = await ben.get("/billing/payment-methods")
    assert page.status == 200
    assert "/billing/recipients" not in page.links("/billing")
    assert (await ben.get("/billing/recipients")).status == 404
    to_pay = await ben.get("/billing/how-to-pay")
    assert "HARBOUR-DENTAL-0002" in to_pay.words
    assert "HARBOUR-DENTAL-0001" not in to_pay.words


async def test_priya_chooses_a_client_first(town: Town) -> None:
    priya = await town.of(PRIYA)
    for path in ("/billing", "/billing/usage", "/billing/invoices"):
        assert (await priya.get(path)).location == "/partner/billing"
    page = await priya.get("/partner/billing")
    assert "Bayside Physio" in page.words
    assert "Northside" not in page.words
    assert f"/billing/usage?client_id={BAYSIDE}" in page.links("/billing")
    usage = await priya.get(f"/billing/usage?client_id={HARBOUR}")
    assert usage.status == 200
    assert "Harbour Dental" in usage.words
    tabs = [link for link in usage.links("/billing") if "client_id" in link]
    assert set(tabs) == {f"/billing/usage?client_id={HARBOUR}", f"/billing/invoices?client_id={HARBOUR}"}
    invoices = await priya.get(f"/billing/invoices?client_id={HARBOUR}")
    one = f"/billing/invoices/{town.invoices['harbour-1']}?client_id={HARBOUR}"
    assert one in invoices.links("/billing/invoices/")
    assert (await priya.get(one)).status == 200
    assert (await priya.get(f"/billing/usage?client_id={NORTHSIDE}")).status == 404
    for path in ("/billing/payment-methods", "/billing/how-to-pay", "/billing/recipients"):
        assert (await priya.get(f"{path}?client_id={HARBOUR}")).status == 404


@pytest.mark.parametrize("someone", [CHLOE, TOM, ADA], ids=lambda one: one.name)
async def test_the_others_have_no_pages(town: Town, someone: object) -> None:
    browser = await town.of(someone)  # type: ignore[arg-type]
    for path in ("/billing", "/billing/usage", "/billing/invoices", "/billing/payment-methods"):
        assert (await browser.get(path)).status == 404
    assert (await browser.get("/partner/billing")).status == 404


async def test_the_menu_leads_each_to_their_own(town: Town) -> None:
    alice, priya = await (await town.of(ALICE)).get("/calls"), await (await town.of(PRIYA)).get("/calls")
    chloe = await (await town.of(CHLOE)).get("/calls")
    assert "/billing/usage" in alice.links("/billing")
    assert not alice.links("/partner/billing")
    assert priya.links("/partner/billing")
    assert not priya.links("/billing")
    assert not chloe.links("/billing")
    assert (await (await town.of(ALICE)).get("/partner/billing")).status == 404


@pytest.fixture
async def away(town: Town) -> AsyncIterator[tuple[Browser, Troubled]]:
    """Alice at a portal whose API's billing provider may get into trouble."""
    provider = Troubled()
    environ = {**town.environ, "AIDIAL_BILLING_TIMEOUT_MS": "700"}
    async with (
        running_api(environ, billing_provider=provider) as api,
        another_portal(town, api_base_url=api.url) as url,
    ):
        yield at(await town.of(ALICE), url), provider


@pytest.mark.parametrize("trouble", ["refuses", "hangs", "<html>"])
async def test_while_billing_is_away_its_pages_say_so_and_the_rest_works(
    away: tuple[Browser, Troubled], town: Town, trouble: str
) -> None:
    alice, provider = away
    async with asyncio.timeout(20):
        # In 700 ms, which a busy machine may not do each time.
        while (await alice.get("/billing/usage")).status != 200:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
    provider.trouble = trouble
    for path in (
        "/billing/invoices",
        f"/billing/invoices/{town.invoices['harbour-1']}",
        "/billing/how-to-pay",
    ):
        page = await alice.get(path)
        assert page.status == 503
        assert int(page.headers["retry-after"]) >= 1
        assert "The billing service is not answering" in page.words
        assert "No invoice yet" not in page.words
        assert "/billing/usage" in page.links("/billing")
    usage = await alice.get("/billing/usage")
    assert usage.status == 200
    assert "Not up to date." in usage.words
    for path in ("/calls", "/", "/billing/payment-methods", "/billing/recipients"):
        assert (await alice.get(path)).status == 200


async def test_billing_in_trouble_never_opens_the_circuit_to_the_api(
    away: tuple[Browser, Troubled],
) -> None:
    alice, provider = away
    provider.trouble = "refuses"
    for _ in range(2 * CIRCUIT_IN_A_ROW):
        page = await alice.get("/api/billing/invoices")
        assert page.status == 503
        assert page.json["error"]["code"] == "billing_provider_unavailable"
        assert page.json["error"]["details"]["retry_after_seconds"] == int(page.headers["retry-after"])
    assert (await alice.get("/api/calls")).status == 200
    opened = await alice.change("POST", "/api/billing/payment-portal")
    assert opened.json["error"]["code"] == "billing_provider_unavailable"


async def test_nobody_is_led_to_a_place_that_is_not_safe(away: tuple[Browser, Troubled]) -> None:
    alice, provider = away
    provider.trouble = "http://elsewhere.example/pay"
    page = await alice.change("POST", "/api/billing/payment-portal")
    assert (page.status, page.json["error"]["code"]) == (503, "billing_provider_unavailable")
    assert "elsewhere" not in page.text
