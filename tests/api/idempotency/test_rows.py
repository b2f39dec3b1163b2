"""What any row that creates gets from the flag: shown with rows of the tests' own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.idempotency import MAX_ANSWER_BYTES
from aidial_api.kernel.openapi import codes_of, describe
from aidial_api.kernel.route import Access, Answer, AuthMode, Route, RouteTable
from aidial_api.routes import TABLE
from aidial_contract import errors
from aidial_contract.access import Permission
from aidial_contract.fault import Fault, FieldError
from aidial_contract.ids import new_id
from aidial_contract.scope import ScopeKind
from tests.api.calls.lines import Business
from tests.api.idempotency.posting import assert_replays, is_replay, outcome
from tests.support.api import World
from tests.support.askers import Answer as Heard
from tests.support.askers import Asker
from tests.support.running_api import RunningApi, running_api

_committed: list[str] = []


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    """What a thing is made of."""

    thing_id: str
    fate: str = ""


async def make(ask: Ask) -> Answer:
    """Write, then end as the body says."""
    thing: Thing = ask.body
    ask.on_commit.append(lambda: _committed.append(thing.thing_id))
    event = Event(action="workspace.draft.saved", target_kind="thing", target_id=thing.thing_id)
    await record(ask, event)
    if thing.fate == "refused":
        raise Fault(
            errors.SEAT_LIMIT_REACHED,
            details={"seats": 3, "names": ["a", None]},
            field_errors=[FieldError("/fate", "not_allowed")],
            headers={"x-hint": "buy"},
        )
    if thing.fate == "busy":
        raise Fault(errors.QUOTA_EXCEEDED, retry_after_ms=2_000)
    if thing.fate == "storage down":
        raise Fault(errors.STORAGE_UNAVAILABLE)
    if thing.fate == "broken":
        raise LookupError
    if thing.fate == "too much":
        return Answer(Thing("x" * MAX_ANSWER_BYTES), status=201)
    if thing.fate == "silent":
        return Answer(status=204)
    return Answer(thing, status=201, headers={"location": f"/things/{thing.thing_id}", "etag": '"1"'})


MAKE = Route(
    method="POST",
    path="/v1/things",
    name="things.create",
    summary="Make a thing.",
    handler=make,
    access=Access.FULL,
    auth=AuthMode.KEY,
    permission=Permission.CALLS_DELIVER,
    scope=ScopeKind.CLIENTS,
    bucket="deliveries",
    answers={201: Thing, 204: None},
    body=Thing,
    writes=True,
    idempotent_create=True,
    errors=("seat_limit_reached",),
)
OTHERS = replace(MAKE, path="/v1/others", name="others.create")


@pytest.fixture(scope="session")
async def workshop(world: World) -> AsyncIterator[RunningApi]:
    async with running_api(world.environ, RouteTable([MAKE, OTHERS])) as api:
        yield api


@pytest.fixture
def machine(workshop: RunningApi, surgery: Business) -> Asker:
    return Asker(workshop.http, surgery.key.headers)


async def post(machine: Asker, thing: Thing, key: str, path: str = "/v1/things") -> Heard:
    return await machine.post(path, msgspec.json.encode(thing), idempotency_key=key)


async def test_what_a_refusing_handler_wrote_is_undone_and_its_refusal_kept(
    world: World, machine: Asker
) -> None:
    thing, key = Thing(new_id(), "refused"), new_id()
    first = await post(machine, thing, key)
    assert outcome(first) == (409, "seat_limit_reached")
    assert first.headers["x-hint"] == "buy"
    assert first.json["details"] == {"seats": 3, "names": ["a", None]}
    again = await post(machine, thing, key)
    assert_replays(again, first)
    assert again.headers["x-hint"] == "buy"
    assert await world.events(thing.thing_id) == []
    assert thing.thing_id not in _committed


@pytest.mark.parametrize(
    ("fate", "status"), [("busy", 429), ("storage down", 503), ("broken", 500), ("too much", 500)]
)
async def test_what_may_pass_is_not_kept_and_leaves_nothing(
    world: World, machine: Asker, fate: str, status: int
) -> None:
    thing, key = Thing(new_id(), fate), new_id()
    for _ in range(2):
        failed = await post(machine, thing, key)
        assert (failed.status, is_replay(failed)) == (status, False)
    assert await world.events(thing.thing_id) == []
    done = await post(machine, Thing(thing.thing_id), key)
    assert (done.status, is_replay(done)) == (201, False)


async def test_an_answer_without_a_body_is_replayed_without_one(world: World, machine: Asker) -> None:
    thing, key = Thing(new_id(), "silent"), new_id()
    first = await post(machine, thing, key)
    assert (first.status, first.body) == (204, b"")
    assert_replays(await post(machine, thing, key), first)
    assert len(await world.events(thing.thing_id)) == 1
    assert _committed.count(thing.thing_id) == 1


async def test_the_same_key_and_body_on_another_route_is_a_conflict(world: World, machine: Asker) -> None:
    thing, key = Thing(new_id()), new_id()
    first = await post(machine, thing, key)
    assert first.status == 201
    assert outcome(await post(machine, thing, key, "/v1/others")) == (409, "idempotency_conflict")
    assert_replays(await post(machine, thing, key), first)
    assert len(await world.events(thing.thing_id)) == 1


async def test_an_answer_of_one_key_moved_to_another_does_not_open_there(
    world: World, surgery: Business, machine: Asker
) -> None:
    """Whoever can write to the database still cannot make one request answer for another."""
    mine, yours = new_id(), new_id()
    body = Thing(new_id())
    await world.sql("DELETE FROM idempotency_records WHERE client_id = $1", surgery.client_id)
    await post(machine, body, mine)
    await post(machine, body, yours)
    await world.sql(
        "UPDATE idempotency_records SET answer = (SELECT answer FROM idempotency_records o"
        " WHERE o.client_id = $1 AND o.name <> idempotency_records.name) WHERE client_id = $1",
        surgery.client_id,
    )
    assert outcome(await post(machine, body, mine)) == (500, "internal_error")


def test_a_row_that_creates_without_the_flag_is_refused_and_so_is_the_flag_elsewhere() -> None:
    with pytest.raises(ValueError, match="a POST that creates takes Idempotency-Key"):
        replace(MAKE, idempotent_create=False)
    with pytest.raises(ValueError, match="is for a POST"):
        replace(MAKE, method="PUT")


def test_the_description_tells_of_the_header_and_of_its_errors() -> None:
    told = {"idempotency_key_invalid", "idempotency_conflict", "request_in_progress"}
    paths = describe(TABLE.rows)["paths"]
    takers = []
    for row in TABLE.rows:
        operation = paths[row.path][row.method.lower()]
        takes = [one for one in operation["parameters"] if one["name"] == "Idempotency-Key"]
        assert bool(takes) == row.idempotent_create
        assert (told <= set(codes_of(row))) == row.idempotent_create
        if takes:
            takers.append(row.name)
            assert (takes[0]["in"], takes[0]["required"]) == ("header", False)
            assert "Idempotency-Replayed" in operation["responses"][str(next(iter(row.answers)))]["headers"]
    assert {"calls.create", "sessions.create"} <= set(takers)
