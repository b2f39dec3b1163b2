"""Alice looks at what her practice used and opens an invoice; Priya chooses a client first."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import Visitor


async def open_billing(visitor: Visitor) -> None:
    await visitor.go("/")
    await visitor.page.get_by_label("Main").get_by_role("link", name="Billing").click()


async def test_alice_compares_her_lines_with_the_whole(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await open_billing(alice)
    await expect(alice.page.get_by_role("heading", level=1, name="Usage")).to_be_visible()
    lines = alice.page.get_by_role("table", name="Usage by project")
    minutes = await lines.locator("tbody td:nth-child(3)").all_inner_texts()
    whole = await alice.page.locator(".usage-figure strong").inner_text()
    assert sum(int(one.replace(",", "")) for one in minutes) == int(whole.replace(",", ""))
    bars = alice.page.locator(".projects-table rect.usage-fill")
    widths = [float((await bar.get_attribute("width") or "0").rstrip("%")) for bar in await bars.all()]
    # In the first hours of a month nobody has talked yet.
    assert max(widths, default=0) == (0 if whole == "0" else 100)


async def test_alice_opens_what_is_still_to_pay_and_keeps_it_as_a_file(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await open_billing(alice)
    await (
        alice.page.get_by_role("group", name="Parts of billing").get_by_role("link", name="Invoices").click()
    )
    rows = alice.page.get_by_role("table", name="Invoices").locator("tbody tr")
    await expect(rows).to_have_count(3)
    await alice.page.get_by_role("group", name="Which invoices").get_by_role("link", name="Open").click()
    await expect(rows).to_have_count(1)
    number = await rows.first.locator("a").inner_text()
    await alice.follow(rows.first.locator("a"))
    await expect(alice.page.get_by_role("heading", level=1, name=f"Invoice {number}")).to_be_visible()
    download = alice.page.get_by_role("link", name=f"Download {number}")
    await expect(download).to_be_hidden()
    await alice.page.get_by_text("Download as PDF").click()
    async with alice.page.expect_download() as begun:
        await download.click()
    file = await begun.value
    assert file.suggested_filename == f"invoice-{number}.pdf"
    saved = Path(await file.path())
    assert (await asyncio.to_thread(saved.read_bytes)).startswith(b"%PDF-")


async def test_alice_is_led_to_where_she_pays(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/billing/payment-methods")
    await alice.page.get_by_role("button", name="Open the payment portal").click()
    await expect(alice.page.get_by_role("heading", level=1, name="How to pay")).to_be_visible()
    assert alice.path == "/billing/how-to-pay"


async def test_alice_says_who_is_sent_invoices(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/billing/recipients")
    field = alice.page.get_by_label("E-mail addresses, one a line")
    await field.fill("accounts@harbour-dental.example\nnobody")
    await alice.page.get_by_role("button", name="Save recipients").click()
    await expect(alice.page.get_by_role("alert")).to_contain_text("Some of this needs a change")
    await field.fill("accounts@harbour-dental.example\nowner@harbour-dental.example")
    async with alice.page.expect_navigation():
        await alice.page.get_by_role("button", name="Save recipients").click()
    await expect(field).to_have_value("accounts@harbour-dental.example\nowner@harbour-dental.example")


async def test_priya_chooses_a_client_and_sees_no_payment_methods(visit: OpenVisitor) -> None:
    priya = await visit("priya")
    await open_billing(priya)
    await priya.page.get_by_role("link", name="Open client billing of Bayside Physio").click()
    await expect(priya.page.get_by_role("heading", level=1, name="Usage")).to_be_visible()
    await expect(priya.page.locator("main")).to_contain_text("Bayside Physio")
    parts = priya.page.get_by_role("group", name="Parts of billing").get_by_role("link")
    assert await parts.all_inner_texts() == ["Usage", "Invoices"]
    await parts.nth(1).click()
    await expect(priya.page.get_by_role("table", name="Invoices")).to_be_visible()
    assert "client_id=bayside-physio" in priya.path
