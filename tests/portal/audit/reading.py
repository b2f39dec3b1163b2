"""Ways to write into Harbour's activity log and to read the page of it."""

from __future__ import annotations

import re
from html import unescape

from aidial_contract.ids import new_id
from tests.people import HARBOUR
from tests.support.portal import Browser, Page, Town

JSON = "/api/compliance/audit-events"
_INSERT = """
INSERT INTO audit_events (event_id, client_id, at, actor_kind, actor_id, actor_label, action, target_kind,
                          target_id, why, outcome, technical)
VALUES ($1, $2, $3::text::timestamptz, 'user', $4, $5, $6, 'thing', $5, $7, 'refused', $8)
"""


def shown(page: Page) -> list[str]:
    """The ids of the events in a log, in order."""
    return re.findall(r'<tr class="row-item[^>]* data-event="([^"]+)"', page.text)


def row_of(page: Page, event_id: str) -> str:
    """What a person reads of one event, its details too."""
    found = re.search(rf'data-event="{event_id}">(.*?)</tr>', page.text, re.DOTALL)
    assert found, event_id
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split())


async def write(town: Town, actor_id: str, label: str = "somebody", **more: str) -> str:
    """One event of Harbour's in March, past every policy; its id."""
    event_id = new_id()
    await town.sql(
        _INSERT,
        event_id,
        HARBOUR,
        more.get("at", "2026-03-03T09:00:00+11:00"),
        actor_id,
        label,
        more.get("action", "settings.call_limits.updated"),
        more.get("why"),
        more.get("technical", "{}"),
    )
    return event_id


async def events_of(browser: Browser, query: str = "") -> list[dict[str, object]]:
    """The events as JSON."""
    answer = await browser.get(f"{JSON}?limit=100{query}")
    assert answer.status == 200, answer.text
    found: list[dict[str, object]] = answer.json["events"]
    return found


async def event_about(browser: Browser, target_id: str) -> str:
    """The id of the one event about a thing."""
    (event,) = [one for one in await events_of(browser) if target_id in str(one["target"])]
    return str(event["event_id"])


def next_page(page: Page) -> str | None:
    """Where "Load more events" leads."""
    found = re.search(r'<a class="[^"]*" href="([^"]+)"[^>]* data-load-more>Load more events<', page.text)
    return unescape(found[1]) if found else None


async def openings(town: Town, label: str) -> int:
    """How often somebody has opened the log."""
    sql = "SELECT count(*) FROM audit_events WHERE action = 'audit.viewed' AND actor_label = $1"
    ((count,),) = await town.sql(sql, label)
    return int(count)
