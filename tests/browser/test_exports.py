"""Alice makes files of her calls, and thinks better of it."""

from __future__ import annotations

import csv
import re
from io import StringIO
from pathlib import Path

from playwright.async_api import Route, expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import Visitor


async def opened(visitor: Visitor) -> None:
    """The dialog of her first project's calls."""
    projects = (await visitor.ask("/api/projects"))["projects"]
    button = visitor.page.get_by_role("button", name=re.compile(r"^Export \d+ calls?$"))
    # A count that takes too long on a busy machine is said to be many, and is there the next time.
    await visitor.until_there(f"/calls?project_id={projects[0]['project_id']}&range=30d", button)
    await button.click()
    await expect(visitor.page.get_by_role("dialog")).to_be_visible()


def contents(path: Path) -> bytes:
    """What was saved."""
    return path.read_bytes()


async def test_alice_exports_her_calls_with_summaries_and_says_why(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await opened(alice)
    dialog = alice.page.get_by_role("dialog")
    heading = await dialog.get_by_role("heading").inner_text()
    count = int(re.sub(r"\D", "", heading))
    await expect(dialog.get_by_label("Why you need them")).to_be_hidden()
    await dialog.get_by_label("Summary").check()
    await dialog.get_by_label("Why you need them").fill("Monthly review")
    async with alice.page.expect_download() as downloading:
        await dialog.get_by_role("button", name=re.compile("^Export")).click()
    download = await downloading.value
    assert re.fullmatch(r"calls-[a-z0-9-]+-\d{4}-\d\d-\d\d\.csv", download.suggested_filename)
    text = contents(await download.path()).decode()
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert len(rows) == count
    assert "summary" in rows[0]
    await expect(dialog.get_by_role("status")).to_contain_text(f"{count:,} call")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_be_hidden()


async def test_alice_cancels_and_nothing_is_saved(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    saved: list[object] = []

    def note(download: object) -> None:
        saved.append(download)

    alice.page.on("download", note)

    async def never(route: Route) -> None:
        """Left without an answer, as a slow export is."""

    await alice.page.route("**/api/calls/export?*", never)
    await opened(alice)
    dialog = alice.page.get_by_role("dialog")
    await dialog.get_by_role("button", name=re.compile("^Export")).click()
    await expect(dialog.get_by_role("status")).to_contain_text("Preparing")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog.get_by_role("status")).to_have_text("Cancelled. Nothing was saved.")
    await alice.page.unroute_all(behavior="ignoreErrors")
    assert saved == []


# An export that stops half way until `goOn()`, as one of a busy day does.
SLOW = """() => {
  const real = window.fetch;
  window.fetch = (url, options) => {
    if (!String(url).includes("/api/calls/export")) return real(url, options);
    const total = Number(document.querySelector("dialog [data-export-form]").dataset.count);
    const bytes = (n) => new TextEncoder().encode("a,call\\n".repeat(n));
    const body = new ReadableStream({ async start(to) {
      to.enqueue(bytes(1 + Math.floor(total / 2)));
      await new Promise((go) => { window.goOn = go; });
      to.enqueue(bytes(1));
      await new Promise((go) => { window.goOn = go; });
      to.close();
    } });
    return Promise.resolve(new Response(body));
  };
}"""
WARNS = "() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))"


async def test_alice_reads_how_long_it_still_takes_and_is_asked_before_she_leaves(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await opened(alice)
    await alice.page.evaluate(SLOW)
    dialog = alice.page.get_by_role("dialog")
    assert await alice.page.evaluate(WARNS) is False
    await dialog.get_by_role("button", name=re.compile("^Export")).click()
    status = dialog.get_by_role("status")
    await expect(status).to_have_text(re.compile(r"^\d+ of \d+ calls$"))
    assert await alice.page.evaluate(WARNS) is True
    await alice.page.wait_for_timeout(2_100)  # how long it takes is told by the clock
    await alice.page.evaluate("window.goOn()")
    await expect(status).to_have_text(
        re.compile(r"^\d+ of \d+ calls, (about \d+0 s|about \d+ min|a few seconds) left$")
    )
    async with alice.page.expect_download():
        await alice.page.evaluate("window.goOn()")
    await expect(status).to_contain_text("saved as")
    assert await alice.page.evaluate(WARNS) is False


async def test_alice_saves_a_transcript_as_pdf(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    listed = await alice.ask("/api/calls?limit=100&status=completed")
    call = next(one for one in listed["calls"] if one["transcript_state"] == "available")
    await alice.go(f"/calls?expand={call['call_id']}")
    async with alice.page.expect_download() as downloading:
        await alice.page.get_by_role("link", name="Transcript as PDF").click()
    download = await downloading.value
    assert download.suggested_filename == f"transcript-{call['call_id']}.pdf"
    assert contents(await download.path()).startswith(b"%PDF-")
    await expect(alice.page.locator("[data-file-status]")).to_contain_text("Saved as transcript-")
