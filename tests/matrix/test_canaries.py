"""A rival's secret word is in no answer to anybody else: no row, no search, no header, no count, no tag.

The one thing a newcomer would get wrong: the rival herself must find the word by the same requests, or a row
that answers nothing to anybody would look safe.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from aidial_api.kernel.news import GATHER_S
from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.routes import TABLE
from aidial_contract.ids import new_id
from aidial_contract.query import Kind as ParamKind
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.route import Route as PortalRoute
from aidial_portal.routes import all_rows
from tests.matrix.portal_requests import Example, example, is_public
from tests.matrix.portal_visitors import BY_NAME
from tests.matrix.requests import good_body, good_target, path_names
from tests.matrix.rival import BESIDE, Rival, open_rival
from tests.people import FRONT_DESK
from tests.support.api import World
from tests.support.askers import Answer, Asker
from tests.support.world_calls import new_call

if TYPE_CHECKING:
    from tests.support.portal import Page, Town

OTHERS = ("alice", "chloe", "priya", "mallory", "harbour_manage")
VISITING = ("alice", "priya")
READS = [row for row in TABLE.rows if row.method == "GET" and row.access is not Access.PUBLIC]
CHANGES = [row for row in TABLE.rows if row.method != "GET" and row.access is Access.FULL and path_names(row)]
PORTAL_READS = [row for row in all_rows() if row.method == "GET" and not is_public(row)]
SEARCHED = {
    param.name for row in READS for param in row.query if param.kind in {ParamKind.TEXT, ParamKind.TEXTS}
}
QUIET = re.compile(rb'"quiet_ms":(\d+)')
OF_NOW = frozenset(
    {
        "sessions.list",
        "api_keys.list",
        "audit.list",
        "audit.actors",
        "status.show",
        "settings.business_hours.preview",
    }
)
"""Rows whose answer changes by being asked, or by the time."""


@pytest.fixture(scope="module")
async def rival(world: World) -> Rival:
    return await open_rival(world)


@pytest.fixture(scope="module")
async def rival_in_town(town: Town) -> Rival:
    return await open_rival(town)


def leaks(rival: Rival, answer: Answer | Page) -> bool:
    """Whether the word is in the answer's body or headers, as it is or as a URL has it."""
    headers = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
    return rival.word.encode() in answer.body or rival.word in headers


def queries(row: Route, rival: Rival) -> Iterator[dict[str, str]]:
    """Nothing; the second word in whatever is searched; each id of the rival's."""
    yield {}
    for param in row.query:
        if param.kind in {ParamKind.TEXT, ParamKind.TEXTS}:
            yield {param.name: BESIDE} | ({"project_id": FRONT_DESK} if param.requires else {})
        elif param.name == "project_id":
            yield {"project_id": rival.project_id}
        elif param.name == "client_id":
            yield {"client_id": rival.client_id}


def ids_of(rival: Rival) -> dict[str, str]:
    return {"client_id": rival.client_id, "project_id": rival.project_id, "call_id": rival.calls[0]}


def paths(row: Route, good: dict[str, str], rival: Rival) -> Iterator[str]:
    yield row.path.format(**good)
    if set(path_names(row)) & set(ids_of(rival)):
        yield row.path.format(**{**good, **ids_of(rival)})


@pytest.mark.parametrize("name", OTHERS)
async def test_nobody_else_reads_the_word_at_the_api(world: World, rival: Rival, name: str) -> None:
    asker: Asker = getattr(world, name)
    for row in READS:
        target = await good_target(world, row, asker)
        for path in paths(row, target.path, rival):
            for query in queries(row, rival):
                answer = await asker.get(f"{path}?{urlencode({**target.query, **query})}")
                assert not leaks(rival, answer), (row.name, path, query)


@pytest.mark.parametrize("name", OTHERS)
async def test_nobody_else_reads_the_word_by_changing_it(world: World, rival: Rival, name: str) -> None:
    asker: Asker = getattr(world, name)
    for row in CHANGES:
        target = await good_target(world, row, asker)
        path = row.path.format(**{**target.path, **ids_of(rival)})
        if path == row.path.format(**target.path):
            continue
        body = good_body(world, row, asker, rival.project_id, rival.client_id)
        if "expected_version" in (row.body.__struct_fields__ if row.body else ()):
            body = {**body, "expected_version": 1}
        answer = await asker.ask(row.method, path, body, headers={"if-match": "*"})
        assert answer.status in {403, 404}, (row.name, answer)
        assert not leaks(rival, answer), row.name


async def test_the_rival_herself_reads_it_by_the_same_requests(world: World, rival: Rival) -> None:
    found = set()
    assert rival.admin is not None
    for row in READS:
        asker = rival.key if row.auth is AuthMode.KEY else rival.admin
        if not set(path_names(row)) <= set(ids_of(rival)):
            continue
        # A stream ends at once when it is asked to.
        query = "?seconds=0" if any(param.name == "seconds" for param in row.query) else ""
        if leaks(rival, await asker.get(row.path.format(**ids_of(rival)) + query)):
            found.add(row.name)
    assert {"projects.list", "calls.list", "calls.show", "calls.transcript", "tickets.list"} <= found


@pytest.mark.parametrize("name", ["alice", "priya", "harbour_manage"])
async def test_no_count_and_no_sum_moves_when_the_rival_has_more_calls(
    world: World, rival: Rival, name: str
) -> None:
    asker: Asker = getattr(world, name)
    still = [row for row in READS if not (row.name in OF_NOW or row.scope is ScopeKind.SELF or row.records)]
    targets = {row.name: await good_target(world, row, asker) for row in still}
    # Targets are made ready, and the news of that are told a moment later: by now they are.
    await asyncio.sleep(5 * GATHER_S)

    quiet_ms: list[int] = []

    async def everything() -> dict[str, tuple[int, bytes, str]]:
        seen = {}
        for row in still:
            target = targets[row.name]
            answer = await asker.get(f"{row.path.format(**target.path)}?{urlencode(target.query)}")
            quiet_ms.extend(map(int, QUIET.findall(answer.body)))
            body = QUIET.sub(b"", without_id(answer))
            seen[row.name] = answer.status, body, answer.headers.get("etag", "")
        return seen

    before = await everything()
    await rival.deliver()
    assert await everything() == before
    # Nor does the rival's call end the quiet that a listener is told of.
    assert len(quiet_ms) == 2
    assert quiet_ms == sorted(quiet_ms)


async def test_a_rivals_tag_is_as_good_as_a_made_up_one(world: World, rival: Rival) -> None:
    alice, call_id = world.harbour_manage, world.calls["front-1"]
    tag = (await rival.key.get(f"/v1/calls/{rival.calls[0]}")).headers["etag"]
    assert tag != (await alice.get(f"/v1/calls/{call_id}")).headers["etag"]
    made_up = f'"{"0" * (len(tag) - 2)}"'
    for path, status in ((f"/v1/calls/{call_id}", 412), (f"/v1/calls/{rival.calls[0]}", 404)):
        answers = [await alice.patch(path, {"resolution": "x"}, if_match=one) for one in (tag, made_up)]
        assert {answer.status for answer in answers} == {status}
        assert without_id(answers[0]) == without_id(answers[1])
        reads = [await alice.get(path, if_none_match=one) for one in (tag, made_up)]
        assert reads[0].status == reads[1].status != 304


async def test_equal_records_of_two_tenants_have_no_tag_and_no_cursor_in_common(world: World) -> None:
    rivals = [await open_rival(world) for _ in range(2)]
    tags, cursors = [], []
    for one in rivals:
        listed = await one.key.get("/v1/calls?limit=1")
        cursors.append(listed.json["next_cursor"])
        tags.append((await one.key.get(f"/v1/calls/{one.calls[0]}")).headers["etag"])
    assert len(set(tags)) == len(set(cursors)) == 2
    assert all(cursors)


async def test_a_rivals_cursor_is_as_good_as_a_made_up_one(world: World, rival: Rival) -> None:
    cursor = (await rival.key.get("/v1/calls?limit=1")).json["next_cursor"]
    answers = [
        await asker.get(f"/v1/calls?limit=1&cursor={one}")
        for asker in (world.alice, world.harbour_manage)
        for one in (cursor, "A" * len(cursor))
    ]
    assert {answer.code for answer in answers} == {"invalid_cursor"}
    assert len({without_id(answer) for answer in answers}) == 1


async def test_a_rivals_idempotency_key_is_a_new_one_to_everybody_else(world: World, rival: Rival) -> None:
    key = new_id()
    body = new_call(rival.project_id, f"{rival.word}-{new_id()}")
    assert (await rival.key.post("/v1/calls", body, idempotency_key=key)).status == 201
    for used in (key, new_id()):
        again = await world.harbour_manage.post("/v1/calls", body, idempotency_key=used)
        assert (again.status, again.code) == (404, "not_found")
        own = new_call(FRONT_DESK, f"canary-{new_id()}")
        made = await world.harbour_manage.post("/v1/calls", own, idempotency_key=f"{used}-own")
        assert made.status == 201
        assert "idempotency-replayed" not in made.headers
        other = await world.bayside_manage.post("/v1/calls", own, idempotency_key=f"{used}-own")
        assert other.status == 404
    calls = await world.sql("DELETE FROM calls WHERE external_id LIKE 'canary-%' RETURNING 1")
    assert len(calls) == 2


def without_id(answer: Answer) -> bytes:
    return answer.body.replace(answer.headers["x-request-id"].encode(), b"")


def portal_paths(row: PortalRoute, good: Example, rival: Rival) -> Iterable[str]:
    """The good request, the second word in whatever is searched, and the rival's ids in query and path."""
    path = good.path.partition("?")[0]
    yield good.path
    briefly = {"seconds": "0"} if "seconds" in row.query else {}
    searched = dict.fromkeys(sorted(row.query & SEARCHED), BESIDE)
    if searched:
        yield f"{path}?{urlencode({**briefly, **searched})}"
    for name in sorted(row.query & ids_of(rival).keys()):
        yield f"{path}?{urlencode({**briefly, name: ids_of(rival)[name]})}"
    theirs = row.path
    for name, value in ids_of(rival).items():
        theirs = theirs.replace(f"{{{name}}}", value)
    if theirs != row.path and "{" not in theirs:
        yield theirs


@pytest.mark.parametrize("name", VISITING)
async def test_nobody_else_reads_the_word_at_the_portal(town: Town, rival_in_town: Rival, name: str) -> None:
    visitor = BY_NAME[name]
    assert visitor.someone is not None
    browser = await town.of(visitor.someone)
    for row in PORTAL_READS:
        good = await example(town, row)
        for path in portal_paths(row, good, rival_in_town):
            page = await browser.get(path)
            # A page may say again which client or project was asked for, but nothing else has the word.
            body = page.body.replace(rival_in_town.client_id.encode(), b"")
            said_again = rival_in_town.client_id in path
            assert not leaks(rival_in_town, page) or (
                said_again and rival_in_town.word.encode() not in body
            ), path
