"""Rates of the portal: every row tells a full window in its own family's words, from one number.

The rows come from the table, what they should answer from the contract's text.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aidial_contract import errors
from aidial_contract.limits import RATES, Numbers, Rate, read_numbers
from aidial_portal.kernel.limits import BUCKETS, COARSE, Per
from aidial_portal.kernel.route import Access, Kind, Route
from aidial_portal.routes import all_rows
from tests.matrix.portal_expected import assert_is_error, expected, family
from tests.matrix.portal_requests import Example, example
from tests.matrix.portal_visitors import BY_NAME, SIGNED_IN, Visitor, ask, papers_of
from tests.portal.kernel.scripted import ScriptedApi, failing, free_socket, served
from tests.support.portal import Page, Town
from tests.together.newcomers import another_portal

ROWS = all_rows()
GUARDED = [row for row in ROWS if row.access is not Access.PUBLIC]
OWN_BUCKET = [row for row in ROWS if row.bucket is not None]
READS = [row for row in GUARDED if row.kind is Kind.API and row.method == "GET"]
ALICE = BY_NAME["alice"]
HOUR = 3_600
SECTION_7 = {
    "portal_session": (600, 60, Per.SESSION),
    "portal_settings": (30, 60, Per.USER),
    "portal_billing": (60, 60, Per.USER),
    "portal_comments": (20, 60, Per.USER),
    "portal_call_exports": (10, 3_600, Per.USER),
    "portal_downloads": (60, 3_600, Per.USER),
    "portal_session_lifecycle": (120, 60, Per.SESSION),
    "portal_sign_in_starts": (60, 60, Per.ADDRESS),
    "portal_sms_enrolments": (5, 3_600, Per.USER),
}
"""Copied by hand."""
ASKS_NOBODY = {"session.csrf"}
"""Reads that need the API only to know who asks."""


def named(row: Route) -> str:
    return row.name


@asynccontextmanager
async def limited(town: Town, api_url: str = "", /, **amounts: int) -> AsyncIterator[Town]:
    """The town with one more portal, whose rates are these, so many an hour."""
    numbers = Numbers({name: Rate(name, amount, HOUR, "") for name, amount in amounts.items()})
    changes: dict[str, Any] = {"numbers": numbers} | ({"api_base_url": api_url} if api_url else {})
    async with another_portal(town, **changes) as url:
        there = copy.copy(town)
        there.url = url
        yield there


def somebody(row: Route, good: Example) -> Visitor:
    """The first who may use a row."""
    return next(one for one in SIGNED_IN if expected(row, one, good) != (404, "not_found"))


async def send(town: Town, there: Town, row: Route) -> Page:
    """Alice's good request of a row, at another portal."""
    good = await example(town, row)
    headers = (await papers_of(town, ALICE)).headers(unsafe=row.unsafe) | good.headers
    return await ask(there, row.method, good.path, headers, good.body)


def assert_twins(page: Page, kind: str) -> int:
    """`Retry-After` and what the body says of it are one number; gives the seconds."""
    seconds = int(page.headers["retry-after"])
    assert seconds >= 1
    if kind == "protected":
        assert page.json["error"]["details"]["retry_after_seconds"] == seconds
    elif kind != "page":
        assert -(-page.json["retry_after_ms"] // 1_000) == seconds
    return seconds


def test_the_buckets_are_those_of_the_contract() -> None:
    found = {bucket.name: (bucket.rate.amount, bucket.rate.seconds, bucket.per) for bucket in BUCKETS}
    assert found == SECTION_7
    assert set(found) == {name for name in RATES if name.startswith("portal_")}


@pytest.fixture(scope="session")
async def spent(town: Town) -> AsyncIterator[Town]:
    """A portal at which Alice's session has made its one request of the hour."""
    async with limited(town, portal_session=1) as there:
        sent = (await papers_of(town, ALICE)).headers(unsafe=False)
        assert (await ask(there, "GET", "/api/projects", sent)).status == 200
        yield there


@pytest.mark.parametrize("row", GUARDED, ids=named)
async def test_a_session_that_asked_too_much_is_told_by_every_row(
    town: Town, spent: Town, row: Route
) -> None:
    page = await send(town, spent, row)
    kind = family(row.method, row.path)
    assert_is_error(page, kind, "rate_limited")
    # Of an hour's window, not a minute's; it began with the first of these tests on this worker.
    assert 60 < assert_twins(page, kind) <= HOUR


@pytest.mark.parametrize("row", OWN_BUCKET, ids=named)
async def test_a_rows_own_rate_is_counted_and_told(town: Town, row: Route) -> None:
    assert row.bucket is not None
    async with limited(town, **{row.bucket.name: 1}) as there:
        # What the first is answered does not matter: rates are counted before bodies are read.
        good = await example(town, row)
        sent = (await papers_of(town, somebody(row, good))).headers(unsafe=row.unsafe)
        first = await ask(there, row.method, good.path, sent)
        assert first.status != 429, first.text
        page = await ask(there, row.method, good.path, sent)
        kind = family(row.method, row.path)
        assert_is_error(page, kind, "rate_limited")
        assert_twins(page, kind)


async def test_ones_own_rate_is_nobody_elses(town: Town) -> None:
    async with limited(town, portal_session=2) as there:
        for name in ("alice", "ben"):
            sent = (await papers_of(town, BY_NAME[name])).headers(unsafe=False)
            statuses = [(await ask(there, "GET", "/api/projects", sent)).status for _ in range(3)]
            assert statuses == [200, 200, 429]


async def test_sign_in_starts_are_counted_by_address(town: Town) -> None:
    async with limited(town, portal_sign_in_starts=2) as there:
        here = [
            (await ask(there, "POST", "/api/auth/signin/zitadel", {"x-forwarded-for": "203.0.113.9"})).status
            for _ in range(3)
        ]
        assert here[2] == 429
        assert 429 not in here[:2]
        other = await ask(there, "POST", "/api/auth/signin/zitadel", {"x-forwarded-for": "203.0.113.10"})
        assert other.status != 429
        for path in ("zitadel/", "zitadel/and/more", "/zitadel", "unknown"):
            again = await ask(there, "POST", f"/api/auth/signin/{path}", {"x-forwarded-for": "203.0.113.9"})
            assert again.status == 429, path


@pytest.fixture(scope="session")
async def throttled(town: Town) -> AsyncIterator[Town]:
    """A portal whose API knows Alice and has no time for anything she asks."""
    api, (listener, port) = ScriptedApi(), free_socket()

    class Busy(dict[str, Any]):
        def get(self, _key: str, _default: Any = None) -> Any:
            return failing(errors.RATE_LIMITED, retry_after_ms=4_200)

    api.answers = Busy()
    async with (
        served(api, listener),
        limited(town, f"http://127.0.0.1:{port}") as there,
    ):
        yield there


@pytest.mark.parametrize("row", [row for row in READS if row.name not in ASKS_NOBODY], ids=named)
async def test_an_api_that_throttles_is_told_apart_from_the_portals_own_rates(
    town: Town, throttled: Town, row: Route
) -> None:
    page = await send(town, throttled, row)
    kind = family(row.method, row.path)
    assert_is_error(page, kind, "upstream_rate_limited")
    assert assert_twins(page, kind) == 5
    if kind != "protected":
        assert page.json["retry_after_ms"] == 4_200


def test_the_coarse_rate_is_no_rows_own() -> None:
    assert not [row.name for row in OWN_BUCKET if row.bucket is COARSE]


def test_a_portal_reads_its_numbers_from_the_environment() -> None:
    numbers = read_numbers({"AIDIAL_LIMIT_PORTAL_BILLING": "7/h"}, scale=2)
    (billing,) = [bucket for bucket in BUCKETS if bucket.name == "portal_billing"]
    assert str(numbers.rate(billing.rate)) == "14/h"
