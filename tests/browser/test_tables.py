"""On a wide screen a table is a table, and on a phone its rows are cards: neither is seen on the other."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.access import too_wide
from tests.browser.conftest import OpenVisitor

SHAPES = """() => [...document.querySelectorAll("table tbody tr.row-item")].map((row) => {
  const heads = [...row.closest("table").querySelectorAll("thead th")];
  const cells = [...row.cells];
  const apart = heads.length === cells.length
    ? Math.max(...cells.map((cell, at) =>
        Math.abs(cell.getBoundingClientRect().left - heads[at].getBoundingClientRect().left)))
    : 0;
  return [getComputedStyle(row).display, apart < 1];
})"""
CARDS = """() => [...document.querySelectorAll(".calls-table .row-item")].map((row) => {
  const look = getComputedStyle(row);
  const box = row.getBoundingClientRect();
  const shown = (name) => {
    const cell = row.querySelector(name);
    const at = cell.getBoundingClientRect();
    const within = at.left >= box.left && at.right <= box.right
      && at.top >= box.top && at.bottom <= box.bottom;
    return getComputedStyle(cell).display !== "table-cell" && cell.checkVisibility() && within
      && cell.innerText.trim() !== "" ? at : null;
  };
  const [caller, when, status, outcome] =
    [".col-caller", ".col-when", ".col-status", ".col-outcome"].map(shown);
  return {
    isCard: look.display === "grid" && parseFloat(look.borderTopWidth) > 0
      && parseFloat(look.borderRadius) > 0 && parseFloat(look.marginBottom) > 0,
    // Who called, with what became of it at its side; below it when, and the outcome below that.
    isStacked: !!caller && !!when && !!status && !!outcome
      && caller.bottom <= when.top && when.bottom <= outcome.top && caller.right <= status.left,
  };
})"""
CARD = {"isCard": True, "isStacked": True}


@pytest.mark.parametrize("path", ["/calls", "/audit-log", "/support", "/billing/invoices"])
async def test_on_a_wide_screen_every_cell_stands_under_its_head(visit: OpenVisitor, path: str) -> None:
    alice = await visit("alice")
    assert await alice.go(path) == 200
    shapes = await alice.page.evaluate(SHAPES)
    assert shapes
    assert [shape for shape in shapes if shape != ["table-row", True]] == []


@pytest.mark.parametrize("width", [390, 320])
async def test_on_a_phone_every_call_is_a_card_and_nothing_is_sideways(
    visit: OpenVisitor, width: int
) -> None:
    alice = await visit("alice", viewport={"width": width, "height": 844})
    assert await alice.go("/calls") == 200
    cards = await alice.page.evaluate(CARDS)
    assert cards
    assert [card for card in cards if card != CARD] == []
    assert await too_wide(alice) == []
    # The head is the choice of order; what else it says is left to screen readers.
    table = alice.page.get_by_role("table", name="Calls")
    for name in ("Started", "Duration"):
        await expect(table.get_by_role("link", name=name)).to_be_in_viewport()
    await expect(table.get_by_role("columnheader", name="Caller")).to_have_css("position", "absolute")
    await expect(alice.page.locator(".row-item .col-agent").first).to_be_hidden()
