"""On the portal too, what one may not see looks exactly like what does not exist, and costs as much.

What may differ is said in `MAY_DIFFER`. A page of an error holds its request id in text, header and the nonce
of its policy. Apart from that id such pages are the same bytes, so it is replaced and nothing else is; they
have no CSRF token. The one thing a newcomer would get wrong: the work is counted at the API itself, calls and
statements, with nothing remembered by either process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from aidial_contract.access import GRANTS
from aidial_contract.ids import new_id
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel import context
from aidial_portal.kernel.route import Access, Kind, Route
from aidial_portal.routes import all_rows
from tests.matrix.portal_expected import assert_is_error, expected, family
from tests.matrix.portal_requests import (
    FRONT_DESK_IN_BODY,
    GOOD_QUERY,
    Example,
    example,
    is_public,
    path_names,
    record_name,
    send,
)
from tests.matrix.portal_visitors import BY_NAME, SIGNED_IN, Visitor, papers_of
from tests.matrix.records import own_record, records_elsewhere
from tests.people import AFTER_HOURS, CLOSED, CLOSED_LINE, FRONT_DESK, HARBOUR, NORTHSIDE, NORTHSIDE_LINE
from tests.support.statements import nobody_known, statements_of_requests

if TYPE_CHECKING:
    from tests.support.portal import Town

MAY_DIFFER = {"x-request-id", "date", "set-cookie"}
ROWS = tuple(row for row in all_rows() if not is_public(row))
NARROWED = tuple(row for row in ROWS if {"project_id", "client_id"} <= row.query)
NAMED = tuple(row for row in ROWS if path_names(row))
ALICE = BY_NAME["alice"]


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything a browser could notice, and the work behind it."""

    status: int
    body: bytes
    headers: frozenset[tuple[str, str]]
    cookies: tuple[str, ...]
    calls: int
    statements: int


@pytest.fixture
async def watched(town: Town, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request that reaches the API while the test runs; neither process remembers who anybody is."""
    monkeypatch.setattr(context, "REUSED_S", 0.0)
    app = town.api.app
    answer = app._answer
    calls: list[str] = []

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        calls.append(scope["method"])
        await answer(scope, receive, send)

    monkeypatch.setattr(app, "_answer", counted)
    return calls


async def trace(town: Town, calls: list[str], row: Route, visitor: Visitor, good: Example) -> Trace:
    """Ask once."""
    await papers_of(town, visitor)
    services = town.api.app.services
    assert services is not None
    await town.api.all_heard(town.past_policies)
    calls.clear()
    with nobody_known(services.credentials), statements_of_requests() as statements:
        page = await send(town, row, visitor, good)
    own_id = page.headers["x-request-id"]
    headers = frozenset(
        (name.lower(), value.replace(own_id, "ID"))
        for name, value in page.headers.items()
        if name.lower() not in MAY_DIFFER
    )
    assert page.body.count(own_id.encode()) >= 1
    body = page.body.replace(own_id.encode(), b"ID")
    return Trace(page.status, body, headers, page.cookies, len(calls), len(statements))


async def missing(town: Town, calls: list[str], row: Route) -> Trace:
    """What somebody who may is told of a thing that is not there; without an id, of a page that is not."""
    visitor = allowed(row)
    values = {name: new_id() for name in path_names(row)}
    if not values and "project_id" in row.query:
        values["query"] = f"project_id={new_id()}"
    if values:
        good = await example(town, row, **values)
        found = await trace(town, calls, row, visitor, good)
    else:
        found = await trace(town, calls, row, visitor, Example("/nothing-of-the-kind"))
    assert found.status == 404
    return found


def allowed(row: Route) -> Visitor:
    """Somebody who gets what the row's good request asks for: Alice, where she does."""
    good = Example(f"?{GOOD_QUERY.get(row.name, '')}", 200)
    return next(one for one in SIGNED_IN if expected(row, one, good) == (200, ""))


def same_family(row: Route) -> bool:
    """Whether the comparison with a path nobody wrote is fair: one envelope on both sides."""
    return bool(path_names(row)) or "project_id" in row.query or row.kind is Kind.PAGE


def _holds(row: Route, visitor: Visitor) -> bool:
    assert row.permission is not None
    assert visitor.someone is not None
    return visitor.someone.role in GRANTS[row.permission] and not visitor.needs_second_factor


def denied_visitors(row: Route) -> list[Visitor]:
    """Who is told 404 by the row's good request, whatever it names."""
    good = Example(f"?{GOOD_QUERY.get(row.name, '')}")
    return [
        visitor
        for visitor in SIGNED_IN
        if expected(row, visitor, good)[0] == 404
        and not (row.name in FRONT_DESK_IN_BODY and _holds(row, visitor))
    ]


@pytest.mark.parametrize("row", [row for row in ROWS if denied_visitors(row)], ids=lambda row: row.name)
async def test_a_denial_is_what_a_missing_thing_is(town: Town, watched: list[str], row: Route) -> None:
    good = await example(town, row)
    gone = await missing(town, watched, row)
    first, *others = denied_visitors(row)
    denied = await trace(town, watched, row, first, good)
    assert denied.status == 404
    if same_family(row):
        assert denied == gone, first.name
    assert denied.calls == gone.calls
    for other in others:
        assert await trace(town, watched, row, other, good) == denied, other.name


OUT_OF_REACH = {
    "a rival's project": ("alice", f"project_id={NORTHSIDE_LINE}"),
    "a rival's client": ("alice", f"client_id={NORTHSIDE}"),
    "an archived client": ("alice", f"client_id={CLOSED}"),
    "a project of another client": ("priya", f"client_id={NORTHSIDE}&project_id={FRONT_DESK}"),
    "a colleague's project": ("chloe", f"project_id={AFTER_HOURS}"),
    "no id": ("alice", "project_id=nonsense"),
    "an unknown client": ("alice", "client_id=nobody-at-all"),
}


@pytest.mark.parametrize("row", NARROWED, ids=lambda row: row.name)
async def test_an_id_out_of_reach_in_the_query_is_what_an_unknown_one_is(
    town: Town, watched: list[str], row: Route
) -> None:
    unknown_query = await example(town, row, query=f"project_id={new_id()}")
    unknown: dict[str, Trace] = {}
    for why, (name, query) in OUT_OF_REACH.items():
        visitor = BY_NAME[name]
        if name not in unknown:
            unknown[name] = await trace(town, watched, row, visitor, unknown_query)
            assert unknown[name].status == 404, why
        named = await example(town, row, query=query)
        assert await trace(town, watched, row, visitor, named) == unknown[name], why


@pytest.mark.parametrize(
    ("name", "external_id"), [("alice", "northside-1"), ("chloe", "after-1"), ("mallory", "front-1")]
)
@pytest.mark.parametrize("row", [row for row in NAMED if row.scope.kind is ScopeKind.CALL])
async def test_a_call_out_of_reach_is_what_a_missing_one_is(
    town: Town, watched: list[str], row: Route, name: str, external_id: str
) -> None:
    gone = await missing(town, watched, row)
    there = await example(town, row, call_id=town.calls[external_id])
    assert await trace(town, watched, row, BY_NAME[name], there) == gone
    assert (
        await trace(town, watched, row, BY_NAME[name], await example(town, row, call_id="nonsense")) == gone
    )


@pytest.mark.parametrize("row", [row for row in NAMED if row.scope.kind is ScopeKind.RECORD])
async def test_a_record_out_of_reach_is_what_a_missing_one_is(
    town: Town, watched: list[str], row: Route
) -> None:
    name = record_name(row)
    own = await own_record(town, name)
    gone = await missing(town, watched, row)
    async with records_elsewhere(town, name) as elsewhere:
        asked = {("alice", one) for one in elsewhere.values()} | {
            ("chloe", one) for one in elsewhere.values()
        }
        asked -= {("alice", elsewhere.get("another project's", ""))}
        asked |= {("priya", elsewhere["the rival's"]), ("priya", elsewhere["an archived client's"])}
        asked |= {("mallory", own), ("bella", own), ("tom", "nonsense"), ("alice", "nonsense")}
        for who, record_id in sorted(asked):
            if _holds(row, BY_NAME[who]):
                there = await example(town, row, **{name: record_id})
                assert await trace(town, watched, row, BY_NAME[who], there) == gone, (who, record_id)


@pytest.mark.parametrize("row", [row for row in NAMED if "session_id" in path_names(row)])
async def test_a_session_of_somebody_else_is_what_a_missing_one_is(
    town: Town, watched: list[str], row: Route
) -> None:
    gone = await missing(town, watched, row)
    listed = (await (await town.of(BY_NAME["ben"].someone)).get("/api/sessions")).json["sessions"]  # type: ignore[arg-type]
    of_ben = await example(town, row, session_id=listed[0]["session_id"])
    assert await trace(town, watched, row, ALICE, of_ben) == gone
    assert await trace(town, watched, row, ALICE, await example(town, row, session_id="nonsense")) == gone


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.name in FRONT_DESK_IN_BODY], ids=lambda row: row.name
)
async def test_an_id_of_the_body_out_of_reach_is_what_an_unknown_one_is(
    town: Town, watched: list[str], row: Route
) -> None:
    good = await example(town, row)

    async def about(who: str, **changed: Any) -> Trace:
        assert good.body is not None
        body = msgspec.json.encode({**msgspec.json.decode(good.body), **changed})
        return await trace(town, watched, row, BY_NAME[who], replace(good, body=body))

    unknown = await about("chloe", project_id=new_id())
    assert unknown.status == 404
    for project_id in ("nonsense", AFTER_HOURS, NORTHSIDE_LINE, CLOSED_LINE):
        assert await about("chloe", project_id=project_id) == unknown
    assert await about("mallory") == unknown
    if "call_ids" in row.body.shape.__struct_fields__:  # type: ignore[union-attr] # the row has a good body
        for call in (new_id(), "nonsense", town.calls["after-1"], town.calls["northside-1"]):
            assert await about("chloe", call_ids=[call]) == unknown


async def test_a_refused_path_of_the_api_is_what_an_unwritten_one_is(town: Town, watched: list[str]) -> None:
    """Projects answer errors in the same family as paths nobody wrote, so the two are comparable."""
    row = next(one for one in ROWS if one.path == "/api/projects")
    denied = await trace(town, watched, row, BY_NAME["ada"], await example(town, row))
    assert denied == await trace(town, watched, row, ALICE, Example("/api/nothing-of-the-kind"))


WRONG: dict[str, dict[str, Any]] = {
    "another type": {"headers": {"accept": "image/png"}},
    "an unknown parameter": {"query": "unknown=1"},
    "a bad parameter": {"query": "limit=0&limit=abc"},
    "another media type": {"headers": {"content-type": "text/plain"}},
}


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.kind is Kind.API and row.access is Access.FULL],
    ids=lambda row: row.name,
)
async def test_what_is_wrong_with_a_request_is_not_told_to_those_who_may_not_ask(
    town: Town, watched: list[str], row: Route
) -> None:
    visitor = next(one for one in SIGNED_IN if one.someone and one.assigned and not _holds(row, one))
    plain = await trace(town, watched, row, visitor, await example(town, row))
    assert plain.status == 404
    for why, change in WRONG.items():
        good = await example(town, row, query=change.get("query", ""))
        wrong = Example(good.path, good.status, good.body, change.get("headers", {}))
        assert await trace(town, watched, row, visitor, wrong) == plain, why


async def test_harbour_is_somebodys(town: Town) -> None:
    """The examples above would prove nothing about a client that nobody may see."""
    page = await (await town.of(BY_NAME["alice"].someone)).get(f"/api/calls?client_id={HARBOUR}")  # type: ignore[arg-type]
    assert page.status == 200
    row = next(one for one in ROWS if one.name == "calls.list")
    denied = await (await town.of(BY_NAME["ada"].someone)).get("/api/calls")  # type: ignore[arg-type]
    assert_is_error(denied, family(row.method, row.path), "not_found")
