"""Tickets of tests: opening one, and asking for it."""

from __future__ import annotations

from typing import Any

from tests.support.askers import Answer, Asker
from tests.support.tickets import new_ticket


async def opened(asker: Asker, **changes: Any) -> dict[str, Any]:
    """A ticket just opened."""
    answer = await asker.post("/v1/tickets", new_ticket(**changes))
    assert answer.status == 201, answer
    ticket: dict[str, Any] = answer.json["ticket"]
    return ticket


async def seen(asker: Asker, ticket: dict[str, Any]) -> dict[str, Any]:
    """A ticket as somebody sees it now."""
    answer = await asker.get(path(ticket))
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json["ticket"]
    return found


async def changed(asker: Asker, ticket: dict[str, Any], version: int, query: str = "", **to: Any) -> Answer:
    """A change of a ticket at a version."""
    return await asker.patch(path(ticket) + query, {"expected_version": version, **to})


def path(ticket: dict[str, Any]) -> str:
    """Where a ticket is."""
    return f"/v1/tickets/{ticket['ticket_id']}"


def failing(answer: Answer) -> dict[str, str]:
    """Which fields failed, and how."""
    assert answer.status in {400, 422}, answer
    return {one["field"]: one["code"] for one in answer.json["field_errors"]}
