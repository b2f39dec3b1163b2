"""Calls whose summary holds the words searched for: common words by walking the list, rare ones by the index.

The one thing a newcomer would get wrong: both ways give the same calls. Walking is always right; the index of
words only saves walking on and on for words that are few. `docs/decisions/0035` says why and what it costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls.filters import asked_of
from aidial_api.surfaces.calls.question import START, After, Caller, Question, bounds, question_of, scope_of
from aidial_contract.scope import Reach

NEWEST: Final = 1_000
"""How many calls are looked through in the list's own order before the index is asked."""
CALLS_A_ROW: Final = 5
"""For a long page, that many for each of its calls: a word in a fifth of them fills it."""
FEW: Final = 5_000
"""So many calls that the index finds are read one by one at most; of more, walking on meets a page soon."""
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
    question.through = max(NEWEST, CALLS_A_ROW * most)  # an export asks for a thousand rows at a time
    rows = await tx.fetch_reaching(question.rows(most, columns), *question.values)
    if len(rows) == most or await _is_small(tx, reach, query):
        return rows  # enough, or everything was looked through
    question = question_of(reach, query, caller, after)
    newest_first = question.key == START and question.descending
    project, words, since, until = _searched(reach, query)
    if newest_first and after is not None and isinstance(after[0], datetime):
        until = min(until, after[0] + timedelta(microseconds=1))
    # In the list's own order a page's worth, and as many again that filters or the same moment may take away.
    for wanted in (min(2 * most, FEW + 1), FEW + 1) if newest_first else (FEW + 1,):
        found = await tx.fetch(_FOUND, project, words, since, until, wanted)
        if len(found) == wanted and not newest_first:
            break  # some of them, and nobody knows which
        question = question_of(reach, query, caller, after)
        question.among = f"{question.place([row['found'] for row in found])}::uuid[]"
        rows = await tx.fetch_reaching(question.rows(most, columns), *question.values)
        if len(found) < wanted or (newest_first and len(rows) == most):
            return rows  # all there are, or the newest of them
    question = question_of(reach, query, caller, after)
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
