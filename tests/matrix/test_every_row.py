"""Every row of the API asked by everybody: the status, the code, the envelope, the headers."""

from __future__ import annotations

import pytest

from aidial_api.kernel.openapi import describe
from aidial_api.kernel.route import Access, Route
from aidial_api.routes import TABLE
from aidial_contract.errors import ERRORS
from aidial_contract.scope import ScopeKind
from tests.matrix.askers import KINDS, Kind, asker
from tests.matrix.expected import expected
from tests.matrix.requests import good_target, send
from tests.support.api import World
from tests.support.askers import Answer

ENVELOPE = {"code", "category", "message", "message_key", "retryable", "request_id"}
DOCUMENT = describe(TABLE.rows)
REFUSED = {kind.refused for kind in KINDS if kind.refused}
"""What is answered before anybody is known."""


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row.name)
async def test_the_answer_is_what_the_contract_says(world: World, row: Route) -> None:
    for kind in KINDS:
        await assert_answer(world, row, kind)


async def assert_answer(world: World, row: Route, kind: Kind) -> None:
    """One row asked by one sort of asker."""
    somebody = await asker(world, kind, anew=row.writes and row.scope is ScopeKind.SELF)
    answer = await send(world, row, somebody, await good_target(world, row, somebody))
    assert (answer.status, answer.code) == expected(row, kind), (kind.name, answer)
    documented = DOCUMENT["paths"][row.path][row.method.lower()]["responses"]
    assert str(answer.status) in documented
    if answer.status >= 400:
        assert_is_plain_error(answer)
        assert answer.code in documented[str(answer.status)]["description"].split(", ")
    assert_has_common_headers(answer)
    # Whoever was recognised is told what counts; before that, and on public rows, nobody is.
    is_known = row.access is not Access.PUBLIC and answer.code not in REFUSED
    for name in ("ratelimit", "ratelimit-policy"):
        assert (name in answer.headers) == is_known, (name, answer)


def assert_is_plain_error(answer: Answer) -> None:
    """The transport envelope, nothing less and nothing more, and the registry's own words."""
    body = answer.json
    # Whoever holds a session is told why it ended.
    assert set(body) - ({"details"} if body["code"] == "session_revoked" else set()) == ENVELOPE
    row = ERRORS[body["code"]]
    assert (body["category"], body["message"], body["message_key"], body["retryable"]) == (
        row.category,
        row.message,
        row.message_key,
        row.retryable,
    )
    assert row.status == answer.status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert ("www-authenticate" in answer.headers) == (answer.status == 401)


def assert_has_common_headers(answer: Answer) -> None:
    """What every answer of the API carries."""
    assert len(answer.headers["x-request-id"]) == 36
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "set-cookie" not in answer.headers
    assert "server" not in answer.headers
