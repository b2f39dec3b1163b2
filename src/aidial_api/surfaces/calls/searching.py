"""Calls whose summary holds the words searched for: common words by walking the list, rare ones by the index.

The one thing a newcomer would get wrong: both ways give the same calls. Walking is always right; the index of
words only saves walking on and on for words that are few. `docs/decisions/0035` says why and what it costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls.filters import asked_of
from aidial_api.surfaces.calls.question import After, Caller, Question, bounds, question_of, scope_of
from aidial_contract.scope import Reach

NEWEST: Final = 5_000
"""How many calls are looked through in the list's own order before the index is asked."""
FEW: Final = 5_000
"""So many calls that the index finds are read one by one; of more, a page is met soon by walking on."""
_FOUND: Final = "SELECT found FROM search_calls($1, $2, $3, $4, $5) AS found"


async def read_found(
    tx: Tx,
    reach: Reach,
    query: Mapping[str, Any],
    caller: Caller,
    after: After | None,
    most: int,
    columns: str,
) -> Sequence[asyncpg.Record]:
    """The first `most` calls that hold the words, after a call or from the start, in the list's order."""
    question = question_of(reach, query, caller, after)
    _look_for_words(question, reach, query)
    question.through = NEWEST
    rows = await tx.fetch_reaching(question.rows(most, columns), *question.values)
    if len(rows) == most or await _is_small(tx, reach, query):
        return rows  # enough, or everything was looked through
    found = await tx.fetch(_FOUND, *_searched(reach, query), FEW + 1)
    question = question_of(reach, query, caller, after)
    if len(found) <= FEW:
        question.among = f"{question.place([row['found'] for row in found])}::uuid[]"
    else:
        _look_for_words(question, reach, query)
    return await tx.fetch_reaching(question.rows(most, columns), *question.values)


async def count_found(
    tx: Tx, reach: Reach, query: Mapping[str, Any], caller: Caller, *, at_most: int, within_ms: int
) -> int | None:
    """How many calls hold the words: `at_most + 1` stands for more, None for what took too long."""
    if await _is_small(tx, reach, query):
        question = question_of(reach, query, caller)
        _look_for_words(question, reach, query)
        return int(await tx.fetchval(question.count(at_most + 1), *tx.settings, *question.values))
    searched = (*_searched(reach, query), at_most + 1)
    found: int | None = await tx.fetchval_within(
        within_ms, f"SELECT count(*) FROM ({_FOUND}) AS counted", *searched
    )
    narrowed = caller is not None or bool(asked_of(query))
    if not found or not narrowed:
        return found
    question = question_of(reach, query, caller)
    if found <= at_most:
        places = ", ".join(question.place(value) for value in searched)
        question.among = f"array(SELECT search_calls({places}))"
    else:
        _look_for_words(question, reach, query)
    counted: int | None = await tx.fetchval_within(
        within_ms, question.count(at_most + 1), *tx.settings, *question.values
    )
    return counted


def _look_for_words(question: Question, reach: Reach, query: Mapping[str, Any]) -> None:
    project, words, *_ = _searched(reach, query)
    places = f"{question.place(project)}::uuid, {question.place(words)}::text"
    question.add(f"c.words @@ (SELECT call_query({places}))")


def _searched(reach: Reach, query: Mapping[str, Any]) -> tuple[Any, ...]:
    """The one project, the words and the period."""
    (project,) = reach.projects
    return project.project_id, query["q"], *bounds(project, query)


async def _is_small(tx: Tx, reach: Reach, query: Mapping[str, Any]) -> bool:
    """Whether the project's calls of the period can all be looked through."""
    scope = scope_of(reach, query)
    calls: int = await tx.fetchval(scope.count(NEWEST + 1), *tx.settings, *scope.values)
    return calls <= NEWEST
