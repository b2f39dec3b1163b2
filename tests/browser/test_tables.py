"""On a wide screen a table is a table: what makes cards of its rows on phones stays on phones."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("path", ["/calls", "/audit-log", "/support", "/billing/invoices"])
async def test_on_a_wide_screen_every_cell_stands_under_its_head(visit: OpenVisitor, path: str) -> None:
    alice = await visit("alice")
    assert await alice.go(path) == 200
    shapes = await alice.page.evaluate(SHAPES)
    assert shapes
    assert [shape for shape in shapes if shape != ["table-row", True]] == []
