"""Section 4 of the contract for `/v1`, as data: of two failing checks the earlier one answers.

The one thing a newcomer would get wrong: a step is a way of spoiling a request, not a test. Every pair of
steps of every base is asked, neighbours among them; a base is a good request whose row has those steps.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from itertools import combinations, count
from typing import Any

import pytest

from aidial_contract.headers import AIDIAL_SESSION, API_KEY, CLIENT_IP
from aidial_contract.ids import new_api_key, new_id
from tests.api.kernel.strict import allow_only
from tests.people import CLOSED, FRONT_DESK, HARBOUR, NORTHSIDE, NORTHSIDE_LINE
from tests.support.api import RunningApi, SignedIn, World, running_api
from tests.support.askers import Asker
from tests.support.world_calls import new_call

FAR_AWAY = "203.0.113.0/24"
_addresses = count(1)


@dataclass(slots=True)
class Request:
    """A request on its way to be spoilt."""

    world: World
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    key: tuple[str, str] | None = None
    person: SignedIn | None = None
    fenced: str = ""
    is_full: bool = False
    is_anonymous: bool = False


Spoil = Callable[[Request], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One check: what it answers, and how a request is made to fail it."""

    name: str
    status: int
    code: str
    spoil: Spoil


def _change(**changes: Any) -> Spoil:
    def spoil(request: Request) -> None:
        for name, value in changes.items():
            setattr(request, name, value)

    return spoil


def _header(name: str, value: str) -> Spoil:
    return lambda request: request.headers.__setitem__(name, value)


def _no_header(name: str) -> Spoil:
    def spoil(request: Request) -> None:
        request.headers.pop(name, None)

    return spoil


def _reading_key(request: Request) -> None:
    assert request.key is not None
    request.key = (request.key[0], "read")


def _archived_key(request: Request) -> None:
    assert request.key is not None
    request.key = (CLOSED, request.key[1])


def _fence(request: Request) -> None:
    """The allowlist of whoever asks."""
    client_id = request.key[0] if request.key else request.person and request.person.someone.client_id
    request.fenced = client_id or HARBOUR


def _add_to_body(**members: Any) -> Spoil:
    def spoil(request: Request) -> None:
        request.body = {**request.body, **members}

    return spoil


HOST = Step("host", 400, "host_invalid", _header("host", "elsewhere.example"))
NO_CREDENTIAL = Step("credential", 401, "credentials_missing", _change(is_anonymous=True))
RATE = Step("rate of the credential", 429, "rate_limited", _change(is_full=True))
METHOD = Step("method", 405, "method_not_allowed", _change(method="PUT"))
AUTH_MODE = Step("kind of credential", 403, "auth_mode_not_allowed", lambda _: None)
KEY_SCOPE = Step("scope of the key", 403, "scope_insufficient", _reading_key)
SESSION = Step("session", 401, "session_missing", _header(AIDIAL_SESSION, ""))
ALLOWLIST = Step("own allowlist", 403, "ip_not_allowed", _fence)
ARCHIVED = Step("assignment", 404, "not_found", _archived_key)
ACCEPT = Step("what is wanted", 406, "not_acceptable", _header("accept", "image/png"))
MEDIA = Step("what is sent", 415, "unsupported_media_type", _header("content-type", "text/plain"))
QUERY = Step("query", 400, "unsupported_query_parameter", lambda one: setattr(one, "path", f"{one.path}?x=1"))
REPEAT_KEY = Step("idempotency key", 400, "idempotency_key_invalid", _header("idempotency-key", "x" * 300))
JSON = Step("JSON", 400, "malformed_json", _change(body=b"{"))
PRECONDITION = Step("precondition", 428, "precondition_required", _no_header("if-match"))
REVISION = Step("revision", 412, "revision_stale", _header("if-match", '"stale"'))


def _another_call(external_id: str) -> Step:
    def spoil(request: Request) -> None:
        _, mark, query = request.path.partition("?")
        request.path = f"/v1/calls/{request.world.calls[external_id]}{mark}{query}"

    return Step("scope", 404, "not_found", spoil)


@dataclass(frozen=True, slots=True)
class Base:
    """A good request, and the steps its row has, in the contract's order."""

    make: Callable[[World], Request]
    steps: tuple[Step, ...]


def _changing(world: World) -> Request:
    path = f"/v1/calls/{world.calls['front-1']}"
    return Request(world, "PATCH", path, {"resolution": "x"}, {"if-match": "*"}, key=(HARBOUR, "manage"))


def _delivering(world: World) -> Request:
    return Request(world, "POST", "/v1/calls", new_call(FRONT_DESK, new_id()), key=(HARBOUR, "manage"))


def _reading(world: World) -> Request:
    return Request(world, "GET", f"/v1/calls/{world.calls['front-1']}", person=world.alice)


def _partner_reading(world: World) -> Request:
    return Request(world, "GET", f"/v1/calls/{world.calls['front-1']}", person=world.tom)


def _person_changing(world: World) -> Request:
    return Request(world, "PATCH", f"/v1/calls/{world.calls['front-1']}", {"status": 1}, person=world.alice)


def _key_asking_for_sessions(world: World) -> Request:
    return Request(world, "GET", "/v1/sessions", key=(HARBOUR, "read"))


def _fence_harbour(request: Request) -> None:
    request.fenced = HARBOUR


BASES = {
    "a key changes a call": Base(
        _changing,
        (
            HOST,
            NO_CREDENTIAL,
            RATE,
            METHOD,
            KEY_SCOPE,
            ALLOWLIST,
            ARCHIVED,
            _another_call("northside-1"),
            ACCEPT,
            MEDIA,
            QUERY,
            JSON,
            Step("shape", 422, "validation_failed", _change(body={"status": 1})),
            PRECONDITION,
            REVISION,
            Step("state", 409, "state_conflict", _change(body={"status": "live"})),
        ),
    ),
    "a key delivers a call": Base(
        _delivering,
        (
            HOST,
            NO_CREDENTIAL,
            RATE,
            METHOD,
            KEY_SCOPE,
            ALLOWLIST,
            ARCHIVED,
            ACCEPT,
            MEDIA,
            QUERY,
            REPEAT_KEY,
            JSON,
            Step("shape", 422, "validation_failed", _add_to_body(channel="smoke")),
            Step("ids in the body", 404, "not_found", _add_to_body(project_id=NORTHSIDE_LINE)),
        ),
    ),
    "a person reads a call": Base(
        _reading,
        (
            HOST,
            NO_CREDENTIAL,
            RATE,
            METHOD,
            SESSION,
            ALLOWLIST,
            _another_call("northside-1"),
            ACCEPT,
            QUERY,
        ),
    ),
    "a partner reads a client's call": Base(
        _partner_reading,
        (
            HOST,
            NO_CREDENTIAL,
            RATE,
            METHOD,
            SESSION,
            _another_call("northside-1"),
            Step("target's allowlist", 403, "ip_not_allowed", _fence_harbour),
            ACCEPT,
            QUERY,
        ),
    ),
    "a person asks for what keys may do": Base(
        _person_changing,
        (
            HOST,
            NO_CREDENTIAL,
            RATE,
            METHOD,
            AUTH_MODE,
            SESSION,
            ALLOWLIST,
            _another_call("northside-1"),
            MEDIA,
            QUERY,
        ),
    ),
    "a key asks for what people may do": Base(
        _key_asking_for_sessions,
        (HOST, NO_CREDENTIAL, RATE, METHOD, AUTH_MODE, ALLOWLIST, ARCHIVED, ACCEPT, QUERY),
    ),
}


@dataclass(slots=True)
class Stage:
    """Where the requests go: an API with usual limits, one whose every limit is one, and keys for both."""

    usual: RunningApi
    tight: RunningApi
    keys: dict[tuple[str, str], str]

    async def ask(self, request: Request) -> tuple[int, str]:
        """Send a request as it was spoilt; its status and code ("" for a success)."""
        api = self.tight if request.is_full else self.usual
        number = next(_addresses)
        address = {CLIENT_IP: f"198.51.{number // 250}.{number % 250}"}
        credential = self._credential(request)
        if request.is_full and credential:
            for path, method in (("/v1/session-context", "GET"), ("/v1/calls", "POST")):
                await Asker(api.http, {**address, **credential}).ask(method, path)
        sent = {**({} if request.is_anonymous else credential), **address, **request.headers}
        async with _fence_of(request, api):
            answer = await Asker(api.http, sent).ask(request.method, request.path, request.body)
        return answer.status, answer.code

    def _credential(self, request: Request) -> dict[str, str]:
        if request.key is not None:
            return {API_KEY: self.keys[request.key]}
        return dict(request.person.headers) if request.person is not None else {}


def _fence_of(request: Request, api: RunningApi) -> AbstractAsyncContextManager[None]:
    return allow_only(request.world, api, request.fenced, FAR_AWAY) if request.fenced else nullcontext()


@pytest.fixture(scope="module")
async def stage(world: World) -> AsyncIterator[Stage]:
    keys = {}
    for client_id in (HARBOUR, CLOSED, NORTHSIDE):
        for scope in ("read", "manage"):
            keys[client_id, scope], _ = new_api_key("live")
            await world.provisioner.add_key(
                client_id, keys[client_id, scope], scope=scope, description="in order"
            )
    async with AsyncExitStack() as stack:
        usual = await stack.enter_async_context(running_api(world.environ))
        environ = {**world.environ, "AIDIAL_LIMITS_SCALE": "0.000001"}
        yield Stage(usual, await stack.enter_async_context(running_api(environ)), keys)


def _spoilt(world: World, base: Base, *steps: Step) -> Request:
    request = base.make(world)
    request.headers = {**request.headers}
    for step in reversed(steps):
        step.spoil(request)
    return request


def _inherent(base: Base) -> tuple[Step, ...]:
    return tuple(step for step in base.steps if step is AUTH_MODE)


@pytest.mark.parametrize("name", BASES)
async def test_each_step_alone_gives_its_own_answer(world: World, stage: Stage, name: str) -> None:
    """A pair proves nothing where one of the two would not have failed."""
    base = BASES[name]
    first = [*_inherent(base), None][0]
    for step in base.steps:
        expected = step if first is None or base.steps.index(step) < base.steps.index(first) else first
        found = await stage.ask(_spoilt(world, base, step))
        assert found == (expected.status, expected.code), step.name


PAIRS = [(name, step) for name, base in BASES.items() for step in base.steps[:-1]]


@pytest.mark.parametrize(
    ("name", "earlier"), PAIRS, ids=lambda one: one if isinstance(one, str) else one.name
)
async def test_the_earlier_of_two_failing_steps_answers(
    world: World, stage: Stage, name: str, earlier: Step
) -> None:
    base = BASES[name]
    inherent = _inherent(base)
    for first, second in combinations(base.steps, 2):
        if first is not earlier:
            continue
        expected = min((first, *inherent), key=base.steps.index)
        found = await stage.ask(_spoilt(world, base, first, second))
        assert found == (expected.status, expected.code), f"{first.name}, then {second.name}"
