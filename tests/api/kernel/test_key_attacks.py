"""What somebody learns by trying keys: nothing, unless they hold a real secret."""

from __future__ import annotations

import hmac
import time
from typing import Any

import asyncpg
import pytest

from aidial_contract.headers import API_KEY
from aidial_contract.ids import _check, new_api_key, parse_api_key
from tests.api.kernel.raw import exchange, get
from tests.people import HARBOUR
from tests.support.api import World
from tests.support.askers import Answer, Asker
from tests.support.statements import nobody_known, statements_of_requests


def sealed(body: str) -> str:
    """A key with a right checksum, as a forger makes it."""
    return body + _check(body)


def with_another_secret(key: str) -> str:
    other, _ = new_api_key("live")
    return sealed(key[:32] + other[32:-6])


def in_another_environment(key: str) -> str:
    return sealed(key[:-6].replace("adk_live_", "adk_test_"))


async def ask(world: World, key: str) -> Answer:
    return await Asker(world.api.http, {API_KEY: key}).get("/v1/projects")


def plain(answer: Answer) -> tuple[int, bytes, frozenset[tuple[str, str]]]:
    request_id = answer.headers["x-request-id"]
    headers = frozenset(
        (name.lower(), value)
        for name, value in answer.headers.items()
        if name.lower() not in {"x-request-id", "date"} and not name.lower().startswith("ratelimit")
    )
    return answer.status, answer.body.replace(request_id.encode(), b""), headers


async def test_every_way_of_being_wrong_is_one_answer(world: World) -> None:
    real = world.harbour_read.key
    wrong = {
        "unknown": new_api_key("live")[0],
        "another secret": with_another_secret(real),
        "another environment": in_another_environment(real),
        "a wrong checksum": real[:-6] + "000000",
        "no key": "nonsense",
        "expired, another secret": with_another_secret(world.expired_key.key),
        "revoked, another secret": with_another_secret(world.revoked_key.key),
        "expired, another environment": in_another_environment(world.expired_key.key),
    }
    answers = {why: await ask(world, key) for why, key in wrong.items()}
    assert {why: one.code for why, one in answers.items()} == dict.fromkeys(wrong, "api_key_invalid")
    assert len({plain(one) for one in answers.values()}) == 1


async def test_a_key_that_just_worked_proves_no_other_text(world: World) -> None:
    """A text that was right a moment ago is not looked at again; one that differs is."""
    real = world.harbour_read.key
    assert (await ask(world, real)).status == 200
    for other in (with_another_secret(real), in_another_environment(real), real[:-6] + "000000"):
        assert (await ask(world, other)).code == "api_key_invalid"
    assert (await ask(world, real)).status == 200


async def test_an_unknown_id_and_a_wrong_secret_cost_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same statements, and one comparison of the same two lengths, in constant time."""
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def counted(left: Any, right: Any) -> bool:
        compared.append((len(left), len(right)))
        return compare(left, right)

    monkeypatch.setattr("aidial_api.kernel.credentials.hmac.compare_digest", counted)
    costs = []
    for key in (
        new_api_key("live")[0],
        with_another_secret(world.harbour_read.key),
        with_another_secret(world.revoked_key.key),
        in_another_environment(world.harbour_read.key),
    ):
        services = world.api.app.services
        assert services is not None
        compared.clear()
        with nobody_known(services.credentials), statements_of_requests() as statements:
            assert (await ask(world, key)).code == "api_key_invalid"
        costs.append((tuple(statements), tuple(compared)))
    assert set(costs) == {(("lookup_api_key",), ((32, 32),))}


def test_a_key_with_one_letter_changed_or_two_exchanged_is_never_looked_up() -> None:
    key, parts = new_api_key("live")
    assert parse_api_key(key) == parts
    for place in range(len(key)):
        for letter in ("0", "z", "_", "\u00e9"):
            spoilt = key[:place] + letter + key[place + 1 :]
            assert spoilt == key or parse_api_key(spoilt) is None
    for place in range(len(key) - 1):
        exchanged = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
        assert exchanged == key or parse_api_key(exchanged) is None


@pytest.mark.parametrize(
    "spelling", ["{key}\n", " {key}", "{key} ", "{key}\u00a0", "{key}{key}", "{key},{key}"]
)
def test_a_key_has_one_spelling(spelling: str) -> None:
    key, _ = new_api_key("test")
    assert parse_api_key(spelling.format(key=key)) is None


async def test_a_key_in_another_place_is_no_key(world: World) -> None:
    key = world.harbour_read.key
    as_bearer = await Asker(world.api.http, {"authorization": f"Bearer {key}"}).get("/v1/projects")
    assert as_bearer.code == "token_malformed"
    assert (
        await world.anonymous.get("/v1/projects", cookie=f"x-api-key={key}")
    ).code == "credentials_missing"
    assert (await world.anonymous.get(f"/v1/projects?api_key={key}")).code == "credentials_missing"
    answer, closed = await exchange(world.api, get("/v1/projects", f"x-api-key: {key}", f"x-api-key: {key}"))
    assert (answer.status, answer.code, closed) == (400, "malformed_request", True)


async def test_a_bad_key_beside_a_good_bearer_is_not_forgiven(world: World) -> None:
    for key in ("", "nonsense", new_api_key("live")[0], world.revoked_key.key):
        both = get(
            "/v1/projects",
            f"x-api-key: {key}",
            f"authorization: Bearer {world.alice.bearer}",
            f"x-aidial-session: {world.alice.session_id}",
        )
        answer, _ = await exchange(world.api, both)
        assert answer.status == 401, key
        assert answer.code in {"api_key_invalid", "api_key_revoked"}


async def test_a_revocation_nobody_told_of_is_known_within_a_second_too(world: World) -> None:
    """The notification is the inner wall; the age of what is remembered is the outer one."""
    key, parts = new_api_key("live")
    await world.provisioner.add_key(HARBOUR, key, scope="read", description="revoked in silence")
    assert (await ask(world, key)).status == 200
    connection = await asyncpg.connect(world.urls.superuser_url)
    try:
        await connection.execute("SET session_replication_role = replica")  # triggers stay silent
        await connection.execute(
            "UPDATE api_keys SET revoked_at = now() WHERE api_key_id = $1", parts.api_key_id
        )
    finally:
        await connection.close()
    revoked_at = time.monotonic()
    holder = Asker(world.api.http, {API_KEY: key})
    answer = await holder.refused_after("/v1/projects", revoked_at, limit_s=1.2)
    assert answer.code == "api_key_revoked"
