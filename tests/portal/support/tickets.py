"""Tickets of the portal's tests: opened as a page's form does."""

from __future__ import annotations

from typing import Any

from tests.support.portal import Browser
from tests.support.tickets import new_ticket

TICKETS = "/api/support/tickets"


async def opened(browser: Browser, **changes: Any) -> dict[str, Any]:
    """A ticket just opened."""
    answer = await browser.change("POST", TICKETS, new_ticket(**changes))
    assert answer.status == 201, answer.text
    ticket: dict[str, Any] = answer.json["ticket"]
    return ticket


def api(ticket: dict[str, Any]) -> str:
    """Where the portal's JSON has it."""
    return f"{TICKETS}/{ticket['ticket_id']}"


def page(ticket: dict[str, Any]) -> str:
    """Its page."""
    return f"/support/{ticket['ticket_id']}"
