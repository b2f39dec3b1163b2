"""The dashboard as people use it: hours read by keyboard, days chosen one by one, a number followed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor


async def test_alice_reads_when_people_call_with_the_arrow_keys(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/?range=90d")
    heat = alice.page.get_by_role("region", name="When people call")
    finding = heat.locator("[data-finding]")
    await expect(finding).to_contain_text("Busiest:")
    plot = heat.get_by_role("group", name="When people call")
    await plot.focus()
    for key, hour in (
        ("ArrowRight", "Monday, 12 am to 1 am"),
        ("ArrowDown", "Tuesday, 12 am to 1 am"),
        ("ArrowRight", "Tuesday, 1 am to 2 am"),
        ("End", "Sunday, 11 pm to 12 am"),
        ("ArrowDown", "Sunday, 11 pm to 12 am"),
        ("ArrowUp", "Saturday, 11 pm to 12 am"),
    ):
        await plot.press(key)
        await expect(finding).to_contain_text(hour)
    await plot.press("Escape")
    await expect(finding).to_contain_text("Busiest:")
    await heat.get_by_text("View as table").click()
    cells = await heat.locator("tbody td").all_inner_texts()
    assert len(cells) == 7 * 24
    total = (
        await alice.page.get_by_role("region", name="Key figures").locator(".kpi-value").first.inner_text()
    )
    assert sum(int(cell.replace(",", "")) for cell in cells) == int(total.replace(",", ""))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_alice_chooses_days_and_follows_an_outcome_to_its_calls(
    visit: OpenVisitor, *, scripts: bool
) -> None:
    alice = await visit("alice", java_script_enabled=scripts)
    await alice.go("/")
    last = datetime.now(UTC).date()
    first = last - timedelta(days=60)
    await alice.page.get_by_text("Custom", exact=True).click()
    await alice.page.get_by_label("First day").fill(first.isoformat())
    await alice.page.get_by_label("Last day").fill(last.isoformat())
    async with alice.page.expect_navigation():
        await alice.page.get_by_role("button", name="Show these days").click()
    assert f"from={first}&to={last}" in alice.path
    outcomes = alice.page.get_by_role("region", name="Outcomes")
    row = outcomes.get_by_role("row").nth(1)
    calls = int((await row.get_by_role("cell").first.inner_text()).replace(",", ""))
    await alice.follow(row.get_by_role("link"))
    assert "outcome=" in alice.path
    assert f"from={first}&to={last}" in alice.path
    said = alice.page.get_by_role("main").filter(has_text=f"{calls:,}")
    await alice.until_there(alice.path, said)  # a count that comes too late is there the next time


async def test_tom_goes_from_all_his_clients_to_one_and_back(visit: OpenVisitor) -> None:
    tom = await visit("tom")
    await tom.go("/?range=30d")
    clients = tom.page.get_by_role("region", name="Your clients")
    link = clients.get_by_role("link").first
    name = await link.inner_text()
    await tom.follow(link)
    await expect(tom.page.get_by_role("main")).to_contain_text(f"{name}, Last 30 days")
    await tom.follow(tom.page.get_by_role("link", name="All clients"))
    await expect(clients).to_be_visible()
