"""Keys and tokens: what is looked at first, what is never looked up, how fast a revoked key is refused."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_api_key, new_id
from tests.api.kernel.raw import exchange, get
from tests.api.kernel.strict import at, small_limits
from tests.people import CLOSED, HARBOUR
from tests.support.api import World, running_api
from tests.support.askers import Asker
from tests.support.statements import statements_of_requests

JUNK_HEADERS = (
    {"alg": "none", "kid": "tests-1"},
    {"alg": "HS256", "kid": "tests-1"},
    {"alg": [], "kid": "tests-1"},
    {"alg": {"a": 1}, "kid": "tests-1"},
    {"alg": "RS256", "kid": ["tests-1"]},
    {"alg": "RS256", "kid": "tests-1", "typ": {"x": 1}},
    {"alg": "RS256", "kid": "tests-1", "jwk": {}},
    {"alg": "ES256", "kid": "tests-1"},
    {"alg": "RS256", "kid": "x" * 5_000},
)


def with_key(world: World, key: str) -> Asker:
    return Asker(world.api.http, {API_KEY: key})


def damaged(key: str) -> list[str]:
    """Keys that are wrong in form or checksum: no database need ever hear of them."""
    other = "b" if key[40] == "a" else "a"
    return [
        "",
        "x",
        key[:-1],
        key + "0",
        key[:-1] + ("1" if key[-1] == "0" else "0"),
        key[:40] + other + key[41:],
        key.replace("adk_live_", "adk_test_"),
        key.replace("adk_", "ADK_"),
        key[:-1] + "\u00e9",
        "adk_live_" + "0" * 78,
        "x" * 10_000,
    ]


async def test_a_damaged_key_never_touches_the_database(world: World) -> None:
    with statements_of_requests() as statements:
        for key in damaged(world.harbour_read.key):
            answer = await world.anonymous.ask("GET", "/v1/projects", headers={API_KEY: key or " "})
            assert (answer.status, answer.code) == (401, "api_key_invalid"), key
    assert statements == []


async def test_unknown_id_wrong_secret_and_wrong_checksum_are_one_answer(world: World) -> None:
    unknown, _ = new_api_key("live")
    right = world.harbour_read.key
    body = right[:32] + unknown[32:-6]
    forged = next(key for key in _signed(body))
    answers = [
        await with_key(world, key).get("/v1/projects") for key in (unknown, forged, right[:-6] + "000000")
    ]
    assert {(one.status, one.code) for one in answers} == {(401, "api_key_invalid")}
    assert len({one.body.replace(one.headers["x-request-id"].encode(), b"") for one in answers}) == 1
    assert {one.headers["www-authenticate"] for one in answers} == {answers[0].headers["www-authenticate"]}


def _signed(body: str) -> list[str]:
    from aidial_contract.ids import _check  # noqa: PLC0415 - a forger knows the checksum too

    return [body + _check(body)]


async def test_the_holder_of_a_real_secret_learns_that_it_is_expired_or_revoked(world: World) -> None:
    assert (await world.expired_key.get("/v1/projects")).code == "api_key_expired"
    assert (await world.revoked_key.get("/v1/projects")).code == "api_key_revoked"


async def test_when_a_key_and_a_bearer_arrive_the_key_counts(world: World) -> None:
    both = {**world.alice.headers, **world.northside_manage.headers}
    answer = await Asker(world.api.http, both).get("/v1/session-context")
    assert (answer.json["actor"], answer.json["client_id"]) == ("key", "northside-dental")
    bad = {**world.alice.headers, API_KEY: "nonsense"}
    assert (await Asker(world.api.http, bad).get("/v1/projects")).code == "api_key_invalid"


async def test_a_key_says_who_it_is_and_never_its_secret(world: World) -> None:
    answer = await world.harbour_read.get("/v1/session-context")
    key = answer.json["key"]
    assert (key["scope"], key["environment"], key["expires_at"]) == ("read", "live", None)
    assert answer.json["assigned"] is True
    assert world.harbour_read.key[-49:].encode() not in answer.body


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("Basic YTpi", "token_scheme_unsupported"),
        ("Digest x", "token_scheme_unsupported"),
        ("Bearer", "token_malformed"),
        ("Bearer  ", "token_malformed"),
        ("Bearer a b", "token_malformed"),
        ("Bearer not-a-jwt", "token_malformed"),
        ("Bearer a.b", "token_malformed"),
        ("Bearer ....", "token_malformed"),
        ("Bearer \u00e9.\u00e9.\u00e9", "token_malformed"),
    ],
)
async def test_other_schemes_and_no_tokens_have_their_own_code(world: World, value: str, code: str) -> None:
    answer, _ = await exchange(world.api, get("/v1/projects", f"authorization: {value}"))
    assert (answer.status, answer.code) == (401, code)


@pytest.mark.parametrize("header", JUNK_HEADERS, ids=lambda header: json.dumps(header)[:60])
async def test_a_token_with_a_strange_header_is_refused_not_stumbled_over(
    world: World, header: dict[str, object]
) -> None:
    parts = (json.dumps(header), json.dumps({"sub": "alice"}), "x")
    token = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    answer = await world.anonymous.ask("GET", "/v1/projects", headers={"authorization": f"Bearer {token}"})
    assert (answer.status, answer.code) == (401, "token_invalid")


async def test_a_token_whose_header_is_nested_without_end_is_malformed(world: World) -> None:
    token = base64.urlsafe_b64encode(b"[" * 9_000).decode().rstrip("=") + ".e30.e30"
    answer = await world.anonymous.ask("GET", "/v1/projects", headers={"authorization": f"Bearer {token}"})
    assert (answer.status, answer.code) == (401, "token_malformed")


async def test_two_authorization_headers_are_refused_and_the_connection_is_closed(world: World) -> None:
    bearer = f"authorization: Bearer {world.alice.bearer}"
    answer, closed = await exchange(world.api, get("/v1/projects", bearer, bearer))
    assert (answer.status, answer.code, closed) == (400, "malformed_request", True)


async def test_cookies_are_ignored(world: World) -> None:
    cookie = f"next-auth.session-token={world.alice.bearer}; x={world.alice.session_id}"
    answer = await world.anonymous.ask("GET", "/v1/projects", headers={"cookie": cookie})
    assert answer.code == "credentials_missing"
    assert (await world.alice.get("/v1/projects", cookie=cookie)).status == 200


async def test_failed_credentials_are_limited_by_address_and_good_ones_of_others_are_not(
    world: World,
) -> None:
    async with small_limits(world) as api:
        nobody = at(api, world.anonymous)
        there = {"x-aidial-client-ip": "203.0.113.9"}
        codes = [(await nobody.ask("GET", "/v1/projects", headers=there)).code for _ in range(5)]
        assert codes == ["credentials_missing"] * 3 + ["rate_limited"] * 2
        refused = await at(api, world.alice).ask("GET", "/v1/projects", headers=there)
        assert (refused.status, refused.code) == (429, "rate_limited")
        waits = refused.json["retry_after_ms"]
        assert 0 < waits <= 60_000
        assert int(refused.headers["retry-after"]) == -(-waits // 1_000)
        elsewhere = {"x-aidial-client-ip": "203.0.113.10"}
        assert (await at(api, world.alice).ask("GET", "/v1/projects", headers=elsewhere)).status == 200


async def test_one_keys_reads_are_limited_and_another_tenants_are_not(world: World) -> None:
    async with small_limits(world) as api:
        reader = at(api, world.harbour_read)
        statuses = [(await reader.get("/v1/projects")).status for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert (await at(api, world.northside_manage).get("/v1/projects")).status == 200
        assert (await at(api, world.alice).get("/v1/projects")).status == 200
        assert (await api.http.get("/v1/health/live")).status == 200


async def test_a_revoked_key_is_refused_by_every_process_within_a_second(world: World) -> None:
    key, parts = new_api_key("live")
    await world.provisioner.add_key(HARBOUR, key, scope="read", description="to be revoked")
    async with running_api(world.environ) as other:
        here, there = Asker(world.api.http, {API_KEY: key}), Asker(other.http, {API_KEY: key})
        for holder in (here, there):
            assert (await holder.get("/v1/projects")).status == 200
        await world.sql("UPDATE api_keys SET revoked_at = now() WHERE api_key_id = $1", parts.api_key_id)
        revoked_at = time.monotonic()
        for holder in (here, there):
            assert (await holder.refused_after("/v1/projects", revoked_at)).code == "api_key_revoked"


async def test_a_key_is_good_until_the_moment_it_expires(world: World) -> None:
    key, _ = new_api_key("live")
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await world.provisioner.add_key(HARBOUR, key, scope="read", description="soon over", expires_at=soon)
    holder = with_key(world, key)
    began = time.monotonic()
    first = await holder.get("/v1/projects")
    assert first.status == 200 or datetime.now(UTC) > soon
    answer = await holder.refused_after("/v1/projects", began, limit_s=1.1)
    assert answer.code == "api_key_expired"


async def test_the_key_of_an_archived_client_finds_nothing_anywhere_and_may_say_who_it_is(
    world: World,
) -> None:
    """As a person of an archived client: the same 404 for every row, an empty list would say it is alive."""
    key, _ = new_api_key("live")
    await world.provisioner.add_key(CLOSED, key, scope="manage", description="of an archived client")
    holder = with_key(world, key)
    missing = await world.harbour_manage.get(f"/v1/calls/{new_id()}")
    plain = missing.body.replace(missing.headers["x-request-id"].encode(), b"")
    for path in (
        "/v1/calls",
        "/v1/calls?unknown=1",
        "/v1/projects",
        "/v1/analytics/summary?range=7d",
        f"/v1/calls/{new_id()}",
    ):
        answer = await holder.get(path)
        assert answer.status == 404, path
        assert answer.body.replace(answer.headers["x-request-id"].encode(), b"") == plain
    told = (await holder.get("/v1/session-context")).json
    assert (told["actor"], told["assigned"], told["projects"]) == ("key", False, [])
