"""A list of calls as it really runs: whatever is asked for is a range of an index, and so is its count."""

from __future__ import annotations

import re
from hashlib import md5
from typing import TYPE_CHECKING

import pytest

from aidial_api.kernel.db import Database
from aidial_api.kernel.reach import settings_of
from aidial_api.surfaces.calls.question import question_of, walk_of
from aidial_contract.params import CALL_FILTERS, SORTS
from tests.api.database.plans.busy import (
    AFTER,
    asked,
    is_in_scope,
    lent,
    per_project,
    plans,
    sorts_much,
    walks_the_project,
)

if TYPE_CHECKING:
    from tests.api.database.rows import Tenant

BY_START = "calls_by_start"
WALKED: dict[tuple[str, str], str] = {
    ("from", "2026-01-01"): BY_START,
    ("status", "missed"): "calls_by_status",
    ("outcome", "outcome-3,outcome-4"): "calls_by_outcome",
    ("outcome", "nobody-says-this"): "calls_by_outcome",
    ("sentiment", "upset"): "calls_by_status",
    ("resolution", "resolution-2"): "calls_by_resolution",
    ("type", "type-5"): "calls_by_type",
    ("agent", "agent-1"): "calls_by_agent",
    ("channel", "sms"): "calls_by_channel",
    ("direction", "outbound"): "calls_by_channel",
    ("sms_status", "delivered"): "calls_by_sms_status",
    ("email_status", "sent"): "calls_by_email_status",
    ("attention", "yes"): "calls_with_attention",
    ("attention", "no"): "calls_without_attention",
    ("booking", "yes"): "calls_with_booking",
    ("booking", "no"): "calls_without_booking",
    ("transfer", "yes"): "calls_with_transfer",
    ("transfer", "no"): BY_START,
    ("follow_up", "yes"): "calls_with_follow_up",
    ("follow_up", "no"): BY_START,
    ("min_duration", "500"): "calls_by_length",
    ("max_duration", "40"): "calls_by_length",
}
"""The index that a list by this filter walks."""
QUESTIONS: list[tuple[dict[str, str], str]] = [
    ({}, BY_START),
    *(({name: value}, index) for (name, value), index in WALKED.items()),
    ({"from": "2026-01-01", "to": "2026-01-31"}, BY_START),
    ({"status": "missed", "sentiment": "upset", "from": "2026-01-01"}, "calls_by_status"),
]


async def walks(db: Database, tenant: Tenant, query: dict[str, str], token: bytes | None = None) -> list[str]:
    """The plans of a page of a list without words, from the start and from the middle."""
    reach, values = asked(tenant, query)
    found = []
    async with lent(db._connections) as connection:
        for after in (None, AFTER[values["sort"].lstrip("-")]):
            page = walk_of(reach, values, token, after)
            texts = await plans(connection, page.rows(21), [*settings_of(tenant.reach), *page.values])
            for text in texts:
                assert "Seq Scan" not in text, (query, text)
                assert "ROW(" in text or after is None, (query, text)
            found += texts
    return found


async def counts(db: Database, tenant: Tenant, query: dict[str, str], token: bytes | None = None) -> str:
    """The plan that a connection for counting keeps for all values."""
    reach, values = asked(tenant, query)
    count = walk_of(reach, values, token, counting=True)
    async with lent(db.counting._connections) as connection:
        texts = await plans(connection, count.count(10_001), [*settings_of(tenant.reach), *count.values])
    assert texts[0] == texts[1], (query, texts)
    assert "Seq Scan" not in texts[0], (query, texts)
    assert "Sort" not in texts[0], (query, texts)
    return texts[0]


def test_every_filter_is_asked_for() -> None:
    assert {name for name, _ in WALKED} == {"from"} | {param.name for param in CALL_FILTERS}


@pytest.mark.parametrize("sort", ["-started_at", "started_at"])
async def test_a_list_by_start_walks_the_index_of_its_filter_in_order(
    db: Database, busy: Tenant, sort: str
) -> None:
    """As the application's connections plan it, the first time and the seventh, from the start and deep."""
    for query, index in QUESTIONS:
        for text in await walks(db, busy, {"sort": sort, **query}):
            below = per_project(text)
            assert f"using {index} on calls" in below, (query, text)
            assert "Sort" not in below, (query, text)
            assert is_in_scope(below), (query, text)


@pytest.mark.parametrize("sort", ["-duration", "duration"])
async def test_a_list_by_duration_is_walked_in_order_or_is_the_few_calls_of_a_filter(
    db: Database, busy: Tenant, sort: str
) -> None:
    for query, _ in QUESTIONS:
        for text in await walks(db, busy, {"sort": sort, **query}):
            below = per_project(text)
            assert "calls_by_start" not in below, (query, text)
            assert query or "using calls_by_duration on calls" in below, text
            assert not sorts_much(below), (query, text)
            assert is_in_scope(below), (query, text)


@pytest.mark.parametrize("sort", SORTS)
async def test_a_list_is_counted_in_the_index_of_its_filter(db: Database, busy: Tenant, sort: str) -> None:
    for query, index in QUESTIONS:
        text = await counts(db, busy, {"sort": sort, **query})
        assert re.search(f"Index Only Scan( Backward)? using {index} on calls", text), (query, text)
        assert is_in_scope(per_project(text)), (query, text)


@pytest.mark.parametrize("sort", SORTS)
async def test_a_caller_is_a_range_of_the_tokens(db: Database, busy: Tenant, sort: str) -> None:
    """By duration the caller's own calls are sorted; a project's never are."""
    token = md5(b"7", usedforsecurity=False).digest()
    for query, _ in QUESTIONS:
        asked_for = {"sort": sort, **query}
        for text in [*await walks(db, busy, asked_for, token), await counts(db, busy, asked_for, token)]:
            below = per_project(text)
            assert re.search(r"Index Only Scan( Backward)? using caller_tokens_pkey", below), (query, text)
            assert "token = " in next(line for line in below.splitlines() if "Index Cond" in line), text
            assert "duration" in sort or "Sort" not in below, (query, text)
            assert not walks_the_project(below), (query, text)
        if not query:
            assert " on calls" not in await counts(db, busy, asked_for, token)


@pytest.mark.parametrize("sort", SORTS)
async def test_a_search_walks_the_list_or_reads_the_few_that_its_words_index_found(
    db: Database, busy: Tenant, sort: str
) -> None:
    scope = settings_of(busy.reach)
    for query in ({}, {"status": "missed"}):
        reach, values = asked(busy, {"sort": sort, "q": "visit", "project_id": "x", **query})
        async with lent(db._connections) as connection:
            for after in (None, AFTER[sort.lstrip("-")]):
                walk = question_of(reach, values, None, after)
                walk.through = 5_000
                words = f"call_query({walk.place(busy.project_id)}::uuid, {walk.place('visit')}::text)"
                walk.add(f"c.words @@ (SELECT {words})")
                for text in await plans(connection, walk.rows(21), [*scope, *walk.values]):
                    assert "Seq Scan" not in text, text
                    assert "Sort" not in per_project(text), text
            few = question_of(reach, values, None)
            few.among = f"{few.place([busy.call_id])}::uuid[]"
            for text in await plans(connection, few.rows(21), [*scope, *few.values]):
                assert "Seq Scan" not in text, text
                condition = next(line for line in per_project(text).splitlines() if "Index Cond" in line)
                assert "call_id" in condition, text
