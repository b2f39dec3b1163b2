"""What one may not see looks exactly like what does not exist: same answer, same headers, same work.

The one thing a newcomer would get wrong: work is counted too. A refusal that saves a statement, or writes a
line more into the audit log, tells as much as another text would.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.routes import TABLE
from aidial_contract.headers import AIDIAL_SESSION
from aidial_contract.ids import new_id
from aidial_contract.query import Kind as ParamKind
from aidial_contract.scope import ScopeKind
from tests.matrix.askers import KINDS, asker
from tests.matrix.expected import holds
from tests.matrix.records import own_record, records_elsewhere
from tests.matrix.requests import (
    Target,
    good_target,
    is_of_incident,
    is_of_job,
    path_names,
    record_name,
    send,
)
from tests.people import (
    ADA,
    AFTER_HOURS,
    BAYSIDE,
    CHLOE,
    CLOSED,
    CLOSED_LINE,
    FRONT_DESK,
    HARBOUR,
    NORTHSIDE,
    NORTHSIDE_LINE,
    TOM,
)
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.statements import nobody_known, statements_of_requests

MAY_DIFFER = {"x-request-id", "date"}
BY_NAME = {kind.name: kind for kind in KINDS}
CLOSED_CALL = "01930000-0000-7000-8000-00000000c105"
WITH_IDS = [
    row
    for row in TABLE.rows
    if path_names(row) or row.find_body or any(param.kind is ParamKind.ID for param in row.query)
]


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything a caller could notice, and the work behind it."""

    status: int
    body: bytes
    headers: frozenset[tuple[str, str]]
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Denial:
    """One way of not being allowed: who asks, for what."""

    why: str
    asker: Asker
    target: Target


@pytest.fixture(scope="session")
async def closed_call(world: World) -> AsyncIterator[str]:
    """A call of the archived client, as it was kept."""
    names = [
        row["column_name"]
        for row in await world.sql(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'calls' AND is_generated = 'NEVER'"
        )
    ]
    changed = {"client_id": f"'{CLOSED}'", "call_id": f"'{CLOSED_CALL}'", "project_id": f"'{CLOSED_LINE}'"}
    columns, values = ", ".join(names), ", ".join(changed.get(name, name) for name in names)
    await world.sql(
        f"INSERT INTO calls ({columns}) SELECT {values} FROM calls WHERE call_id = $1 ON CONFLICT DO NOTHING",
        world.calls["front-1"],
    )
    yield CLOSED_CALL
    await world.sql("DELETE FROM calls WHERE call_id = $1", CLOSED_CALL)


async def trace(world: World, row: Route, denial: Denial) -> Trace:
    """Ask once, with nothing remembered of the asker."""
    services = world.api.app.services
    assert services is not None
    with nobody_known(services.credentials), statements_of_requests() as statements:
        answer = await send(world, row, denial.asker, denial.target)
    request_id = answer.headers["x-request-id"].encode()
    headers = frozenset(
        (name.lower(), value)
        for name, value in answer.headers.items()
        if name.lower() not in MAY_DIFFER and not name.lower().startswith("ratelimit")
    )
    body = answer.body.replace(request_id, b"")
    return Trace(answer.status, body, headers, tuple(map(_without_ids, statements)))


async def events(world: World) -> int:
    """How many events there are."""
    ((count,),) = await world.sql("SELECT count(*) FROM audit_events")
    return int(count)


def _without_ids(statement: str) -> str:
    """A switched reach says the client's id in its text; which one it was is the asker's own word."""
    return "SET LOCAL" if statement.startswith("SET LOCAL app.client_ids") else statement


async def by_path(world: World, row: Route, somebody: Asker, name: str, value: str) -> Target:
    return await good_target(world, row, somebody, **{name: value})


async def key_denials(world: World, row: Route, closed_call: str) -> list[Denial]:
    """Keys that ask for a call they do not reach, beside those who ask for one that is not there."""
    front = world.calls["front-1"]
    rival, physio = world.calls["northside-1"], world.calls["physio-1"]
    manage = world.harbour_manage
    return [
        Denial("by key, missing", manage, await by_path(world, row, manage, "call_id", new_id())),
        Denial("by key, no id", manage, await by_path(world, row, manage, "call_id", "1")),
        Denial("by key, the rival's", manage, await by_path(world, row, manage, "call_id", rival)),
        Denial(
            "by key, the partner's other client's",
            manage,
            await by_path(world, row, manage, "call_id", physio),
        ),
        Denial("by key, archived", manage, await by_path(world, row, manage, "call_id", closed_call)),
        Denial(
            "by the rival's key", world.northside_manage, await by_path(world, row, manage, "call_id", front)
        ),
    ]


async def call_denials(world: World, row: Route, closed_call: str) -> list[Denial]:
    """Everybody who may not see a call, beside those who ask for one that is not there."""
    front, after, rival = world.calls["front-1"], world.calls["after-1"], world.calls["northside-1"]
    found = [] if row.auth is AuthMode.BEARER else await key_denials(world, row, closed_call)
    if row.auth is AuthMode.KEY:
        return found
    for name, call in (
        ("chloe", new_id()),
        ("chloe", "x" * 36),
        ("chloe", "%00"),
        ("chloe", after),
        ("chloe", rival),
        ("alice", rival),
        ("alice", closed_call),
        ("carla", closed_call),
        ("tom", rival),
        *((kind.name, front) for kind in KINDS if _denied(row, kind.name)),
    ):
        somebody = await asker(world, BY_NAME[name])
        found.append(
            Denial(f"{name} asks for {call}", somebody, await by_path(world, row, somebody, "call_id", call))
        )
    return found


def _denied(row: Route, name: str) -> bool:
    kind = BY_NAME[name]
    if kind.someone is None or kind.session != "live" or kind.late:
        return False
    lacks = row.permission is not None and not holds(row, kind.someone.role)
    return not kind.assigned or lacks or name.endswith("without second factor")


async def session_denials(world: World, row: Route) -> list[Denial]:
    """Sessions that are not one's own, or not the one that asks."""
    chloe = await asker(world, BY_NAME["chloe"])
    other = await asker(world, BY_NAME["chloe"], anew=True)
    ended = await asker(world, BY_NAME["chloe"], anew=True)
    assert (await ended.delete(f"/v1/sessions/{ended.headers[AIDIAL_SESSION]}")).status == 204
    asked = {
        "missing": new_id(),
        "no id": "1",
        "the rival's": world.mallory.session_id,
        "a colleague's": world.alice.session_id,
        "ended": ended.headers[AIDIAL_SESSION],
    }
    if row.access is Access.PENDING:
        asked["another of one's own"] = other.headers[AIDIAL_SESSION]
    found = [
        Denial(why, chloe, await by_path(world, row, chloe, "session_id", session_id))
        for why, session_id in asked.items()
    ]
    for kind in KINDS:
        if row.access is Access.FULL and _denied(row, kind.name):
            somebody = await asker(world, kind)
            found.append(Denial(kind.name, somebody, await good_target(world, row, somebody)))
    return found


def _asked_by_people(own: str, elsewhere: dict[str, str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Who asks for which record, with which query.

    Colleagues ask for what is not Harbour's, whoever is not of Harbour for what is; internal roles name one
    client and ask for what is another's.
    """
    gone = {"missing": new_id(), "no id": "1", "no letters": "%00", "half a letter": "x" * 36, **elsewhere}
    partners = {"another project's", "the partner's other client's"}
    reached: dict[str, set[str]] = {
        "chloe": set(),
        "alice": {"another project's"},
        "ben": {"another project's"},
        "priya": partners,
        "tom": partners,
    }
    for who, theirs in reached.items():
        yield from ((who, one, {}) for whose, one in gone.items() if whose not in theirs)
    yield from ((who, own, {}) for who in ("mallory", "bella", "carla"))
    for who in ("ada", "omar"):
        for one in (gone["missing"], "1", elsewhere["the rival's"]):
            yield who, one, {"client_id": HARBOUR}
        for client_id in (NORTHSIDE, BAYSIDE, CLOSED, "nobody-s", "%00", ""):
            yield who, own, {"client_id": client_id}
        yield who, elsewhere["an archived client's"], {"client_id": CLOSED}


async def record_denials(world: World, row: Route, elsewhere: dict[str, str]) -> list[Denial]:
    """Everybody who may not see a record, beside those who ask for one that is not there."""
    name = record_name(row)
    own = await own_record(world, name)
    asked: list[tuple[str, str, dict[str, str]]] = []
    if row.auth is not AuthMode.KEY:
        asked += [one for one in _asked_by_people(own, elsewhere) if _holds(row, one[0])]
        asked += [(kind.name, own, {}) for kind in KINDS if _denied(row, kind.name)]
    found = []
    for who, record_id, query in asked:
        somebody = await asker(world, BY_NAME[who])
        target = await by_path(world, row, somebody, name, record_id)
        target = Target(target.path, {**target.query, **query}, target.project_id)
        found.append(Denial(f"{who} asks for {record_id} {query}", somebody, target))
    if row.auth is AuthMode.BEARER:
        return found
    of_harbour = {elsewhere.get("another project's", "")}
    keys = [(world.harbour_manage, one) for one in (new_id(), "1", *elsewhere.values())]
    for key, record_id in [*(one for one in keys if one[1] not in of_harbour), (world.northside_manage, own)]:
        target = await by_path(world, row, key, name, record_id)
        found.append(Denial(f"a key asks for {record_id}", key, target))
    return found


def _holds(row: Route, name: str) -> bool:
    someone = BY_NAME[name].someone
    assert someone is not None
    return holds(row, someone.role)


async def incident_denials(world: World, row: Route) -> list[Denial]:
    """Incidents that concern others, beside those that are not there; and people who may not publish."""
    own = await own_record(world, "incident_id")
    of_rival = {"severity": "minor", "title": "T", "message": "M", "project_ids": [NORTHSIDE_LINE]}
    made = await (await asker(world, BY_NAME["ada"])).post("/v1/incidents", of_rival)
    rivals = made.json["incident"]["incident_id"]
    gone = (new_id(), "1", "%00", "x" * 36)
    asked = [(who, one) for who in ("chloe", "alice", "tom") for one in (*gone, rivals) if _holds(row, who)]
    asked += [(who, own) for who in ("mallory", "bella", "carla") if _holds(row, who)]
    asked += [("ada", one) for one in gone]
    asked += [(kind.name, own) for kind in KINDS if _denied(row, kind.name)]
    found = []
    for who, incident_id in asked:
        somebody = await asker(world, BY_NAME[who])
        target = await by_path(world, row, somebody, "incident_id", incident_id)
        found.append(Denial(f"{who} asks for {incident_id}", somebody, target))
    if row.auth is AuthMode.EITHER:
        for key, one in (
            (world.harbour_read, rivals),
            (world.harbour_read, "1"),
            (world.northside_manage, own),
        ):
            target = await by_path(world, row, key, "incident_id", one)
            found.append(Denial(f"a key asks for {one}", key, target))
    return found


async def job_denials(world: World, row: Route) -> list[Denial]:
    """Jobs that are not there, and people who may not have one run again."""
    own = await own_record(world, "background_job_id")
    asked = [("ada", one) for one in ("0", "x", "%00", str(2**60), "9" * 40, new_id())]
    asked += [(kind.name, own) for kind in KINDS if _denied(row, kind.name)]
    found = []
    for who, job_id in asked:
        somebody = await asker(world, BY_NAME[who])
        target = await by_path(world, row, somebody, "background_job_id", job_id)
        found.append(Denial(f"{who} asks for {job_id}", somebody, target))
    return found


async def query_denials(world: World, row: Route) -> list[Denial]:
    """Lists narrowed to what is out of reach, and lists of those who have none."""
    chloe = await asker(world, BY_NAME["chloe"])
    tom = await asker(world, BY_NAME["tom"])
    wrong: list[tuple[Asker, str, str]] = [
        *((chloe, "client_id", one) for one in ("nobody-s", "%00", "", NORTHSIDE, CLOSED)),
        *((tom, "client_id", one) for one in (new_id(), NORTHSIDE, CLOSED)),
    ]
    if any(param.name == "project_id" for param in row.query):
        lines = (new_id(), "1", "", NORTHSIDE_LINE, CLOSED_LINE)
        wrong += [(chloe, "project_id", one) for one in (*lines, AFTER_HOURS)]
        wrong += [(tom, "project_id", one) for one in lines]
    if _holds(row, "ada"):
        ada = await asker(world, BY_NAME["ada"])
        wrong += [(ada, "client_id", one) for one in ("nobody-s", "%00", "", CLOSED)]
    found = [
        Denial(f"{name}={value}", somebody, Target(query={name: value})) for somebody, name, value in wrong
    ]
    for kind in KINDS:
        if _denied(row, kind.name):
            somebody = await asker(world, kind)
            found.append(Denial(kind.name, somebody, Target()))
            found.append(Denial(f"{kind.name}, narrowed", somebody, Target(query={"client_id": HARBOUR})))
    return found


async def body_client_denials(world: World, name: str) -> list[Denial]:
    """Clients somebody may not send something about."""
    somebody = await asker(world, BY_NAME[name])
    wrong = {"missing": "nobody-s", "no id": "No Id", "archived": CLOSED}
    if name != "ada":
        wrong["the rival's"] = NORTHSIDE
    return [Denial(f"{name}, {why}", somebody, Target(client_id=one)) for why, one in wrong.items()]


async def body_denials(world: World, row: Route) -> list[Denial]:
    """Projects a key, or a person, may not send something about."""
    wrong = {
        "missing": new_id(),
        "no id": "1",
        "lone half of a letter": "x" * 36,
        "the rival's": NORTHSIDE_LINE,
        "archived": CLOSED_LINE,
    }
    if row.auth is AuthMode.KEY:
        insider, outsider = world.harbour_manage, world.northside_manage
        return [
            *(Denial(why, insider, Target(project_id=one)) for why, one in wrong.items()),
            Denial("the rival here", outsider, Target(project_id=FRONT_DESK)),
        ]
    chloe, mallory = [await asker(world, BY_NAME[name]) for name in ("chloe", "mallory")]
    return [
        *(Denial(why, chloe, Target(project_id=one)) for why, one in wrong.items()),
        Denial("another project's", chloe, Target(project_id=AFTER_HOURS)),
        Denial("the rival here", mallory, Target(project_id=FRONT_DESK)),
    ]


@pytest.mark.parametrize("row", WITH_IDS, ids=lambda row: row.name)
async def test_no_denial_tells_more_than_a_missing_thing(world: World, row: Route, closed_call: str) -> None:
    if row.scope is ScopeKind.RECORD:
        async with records_elsewhere(world, record_name(row)) as elsewhere:
            await assert_all_alike(world, row, await record_denials(world, row, elsewhere))
        return
    if row.scope is ScopeKind.CALL:
        await assert_all_alike(world, row, await call_denials(world, row, closed_call))
    elif "session_id" in path_names(row):
        await assert_all_alike(world, row, await session_denials(world, row))
    elif is_of_incident(row):
        await assert_all_alike(world, row, await incident_denials(world, row))
    elif is_of_job(row):
        await assert_all_alike(world, row, await job_denials(world, row))
    else:
        assert not path_names(row), f"{row.name}: say here how its ids may be out of reach"
        if row.body_names_client:
            for name in ("priya", "ada"):  # an internal person reaches what they name by one more statement
                await assert_all_alike(world, row, await body_client_denials(world, name))
        elif row.find_body is not None:
            await assert_all_alike(world, row, await body_denials(world, row))
        if any(param.kind is ParamKind.ID for param in row.query):
            await assert_all_alike(world, row, await query_denials(world, row))


async def assert_all_alike(world: World, row: Route, denials: list[Denial]) -> None:
    """Every one of these is the same 404, costs the same, and is written down nowhere."""
    before = await events(world)
    # A key is looked up once, a person and their session are two look-ups: each is compared with its like.
    firsts: dict[bool, tuple[str, Trace]] = {}
    for denial in denials:
        found = await trace(world, row, denial)
        assert found.status == 404, denial.why
        first = firsts.setdefault("x-api-key" in denial.asker.headers, (denial.why, found))
        assert found == first[1], f"{denial.why} differs from {first[0]}"
    assert await events(world) == before


async def test_paths_and_methods_nobody_has_are_the_same_404_for_everybody(world: World) -> None:
    answers = [
        await somebody.ask(method, path)
        for somebody in (world.alice, world.anonymous, world.harbour_manage, world.ada)
        for method, path in (
            ("GET", "/v1/secrets"),
            ("POST", "/"),
            ("GET", "/v1/calls/"),
            ("PUT", "/v1/calls/1/2"),
        )
    ]
    bodies = {one.body.replace(one.headers["x-request-id"].encode(), b"") for one in answers}
    assert {one.status for one in answers} == {404}
    assert len(bodies) == 1


async def test_a_denied_person_gets_the_same_404_however_wrong_the_request_is(world: World) -> None:
    """Neither validation, nor preconditions, nor versions tell that the call is there."""
    ada, tom = await asker(world, BY_NAME[ADA.name]), await asker(world, BY_NAME[TOM.name])
    chloe = await asker(world, BY_NAME[CHLOE.name])
    rival, front = world.calls["northside-1"], world.calls["front-1"]
    manage = world.harbour_manage
    wrong = {"accept": "image/png", "content-type": "text/plain"}
    answers = [
        await ada.ask("GET", f"/v1/calls/{front}?unknown=1", headers=wrong),
        await tom.ask("GET", f"/v1/calls/{rival}?unknown=1&unknown=2", headers=wrong),
        await chloe.get("/v1/calls?caller=678"),
        await chloe.get("/v1/calls?caller=&unknown=1&cursor=x"),
        await manage.patch(f"/v1/calls/{rival}", b"not json", if_match='"stale"'),
        await manage.patch(f"/v1/calls/{rival}", {"status": "live"}),
        await manage.patch(f"/v1/calls/{new_id()}", {"status": "live"}, if_match='"stale"'),
    ]
    bodies = {one.body.replace(one.headers["x-request-id"].encode(), b"") for one in answers}
    assert [one.status for one in answers] == [404] * len(answers)
    assert len(bodies) == 1
