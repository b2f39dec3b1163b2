"""The portal's pairs: parts of pages, pages, JSON and changes, what is not there beside what may not be seen.

The one thing a newcomer would get wrong: requests carry the same cookies and token as text each time, so that
no answer changes what the next one costs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from tests.matrix.portal_visitors import BY_NAME, papers_of
from tests.matrix.records import own_record, records_elsewhere
from tests.people import FRONT_DESK, HARBOUR, NORTHSIDE_LINE
from tests.support.portal import Page, Town

from fuzz.report import Budget, Report
from fuzz.timing import Pair, compare, pair_of
from fuzz.timing_records import pairs_of_portal

PROFILE = {"value": {"display_name": "Front desk", "timezone": "Australia/Sydney"}, "expected_version": 1}
SETTINGS = {"value": {"timezone": "UTC", "regional_format": "en-AU"}, "expected_version": 1}
Browsing = Callable[..., Awaitable[Page]]


async def run(town: Town, budget: Budget) -> Report:
    """Calls, tickets, lists, invoices, projects' profiles, settings, and what `timing_records` has."""
    report = Report("timing-portal")
    people = {name: await _asking(town, name) for name in ("alice", "ben", "chloe", "priya", "tom")}
    await own_record(town, "ticket_id")
    await own_record(town, "project_id")
    async with records_elsewhere(town, "ticket_id") as tickets, pairs_of_portal(town, **people) as more:
        pairs = [
            *_calls(town, **people),
            *_tickets(tickets["the rival's"], people["alice"]),
            *_invoices(town, **people),
            *_profiles(**people),
            *_settings(**people),
            *more,
        ]
        await compare(report, pairs, budget)
    return report


def _calls(town: Town, alice: Browsing, chloe: Browsing, **_: Browsing) -> Iterator[Pair]:
    rival, after = town.calls["northside-1"], town.calls["after-1"]
    yield pair_of("a call's preview, a rival's", lambda one: alice("GET", f"/api/calls/{one}/preview"), rival)
    yield pair_of(
        "a call's preview, another project's", lambda one: chloe("GET", f"/api/calls/{one}/preview"), after
    )
    yield pair_of("a call's page, a rival's", lambda one: alice("GET", f"/calls/{one}/review"), rival)
    yield pair_of(
        "a list narrowed to a rival's project",
        lambda one: alice("GET", f"/api/calls?project_id={one}"),
        NORTHSIDE_LINE,
    )


def _tickets(theirs: str, alice: Browsing) -> Iterator[Pair]:
    change = {"priority": "high", "expected_version": 1}
    yield pair_of("a ticket's page, a rival's", lambda one: alice("GET", f"/support/{one}"), theirs)
    yield pair_of(
        "a change of a rival's ticket",
        lambda one: alice("PATCH", f"/api/support/tickets/{one}", change),
        theirs,
    )


def _invoices(town: Town, alice: Browsing, chloe: Browsing, priya: Browsing, **_: Browsing) -> Iterator[Pair]:
    own, rival = town.invoices["harbour-1"], town.invoices["northside-1"]

    def path(one: str) -> str:
        return f"/api/billing/invoices/{one}"

    yield pair_of("an invoice, a rival's", lambda one: alice("GET", path(one)), rival)
    yield pair_of("an invoice, by a role that may not", lambda one: chloe("GET", path(one)), own)
    yield pair_of(
        "an invoice by a partner, a rival's",
        lambda one: priya("GET", f"{path(one)}?client_id={HARBOUR}"),
        rival,
    )
    yield pair_of("an invoice's page, a rival's", lambda one: alice("GET", f"/billing/invoices/{one}"), rival)


def _profiles(alice: Browsing, priya: Browsing, tom: Browsing, **_: Browsing) -> Iterator[Pair]:
    version = {"expected_version": 1}

    def path(one: str, what: str = "draft/profile") -> str:
        return f"/api/workspace/projects/{one}/{what}"

    yield pair_of("a profile, a rival's", lambda one: priya("GET", path(one)), NORTHSIDE_LINE)
    yield pair_of("a profile, by a role that may not", lambda one: alice("GET", path(one)), FRONT_DESK)
    yield pair_of("a profile's save, a rival's", lambda one: priya("PUT", path(one), PROFILE), NORTHSIDE_LINE)
    yield pair_of(
        "a profile's save, by a role that may not", lambda one: tom("PUT", path(one), PROFILE), FRONT_DESK
    )
    yield pair_of(
        "a publication, a rival's",
        lambda one: priya("POST", path(one, "publish"), version),
        NORTHSIDE_LINE,
    )
    yield pair_of(
        "a publication, by a role that may not",
        lambda one: tom("POST", path(one, "publish"), version),
        FRONT_DESK,
    )


def _settings(ben: Browsing, chloe: Browsing, **_: Browsing) -> Iterator[Pair]:
    """A section nobody has, beside one that somebody may not see, or not save."""

    def path(one: str) -> str:
        return f"/api/settings/{one}"

    for name, method, body, asker in (
        ("settings, by a role that may not", "GET", None, chloe),
        ("a save of settings, by a role that may not", "PUT", SETTINGS, chloe),
        ("a save of settings, by a role that sees them", "PUT", SETTINGS, ben),
    ):
        yield pair_of(
            name,
            lambda one, ask=asker, method=method, body=body: ask(method, path(one), body),  # type: ignore[misc]
            "tenant-settings",
            "nothing-settings",
        )


async def _asking(town: Town, name: str) -> Browsing:
    """Requests of somebody's browser, with the same cookies and token each time."""
    visitor = BY_NAME[name]
    papers = await papers_of(town, visitor)
    assert visitor.someone is not None
    browser = await town.of(visitor.someone)

    async def ask(method: str, path: str, body: Any = None) -> Page:
        headers = papers.headers(unsafe=method != "GET")
        more: dict[str, Any] = {"headers": headers} if body is None else {"headers": headers, "json": body}
        return await browser.ask(method, path, **more)

    return ask
