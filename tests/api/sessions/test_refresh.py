"""Fresh tokens with several portals: one lease a generation, stored by compare-and-set."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

import pytest

from aidial_api.kernel.clock import utc_now
from tests.people import ALICE, TOM
from tests.support.api import World
from tests.support.askers import SignedIn, patiently


async def lease(person: SignedIn) -> dict[str, Any]:
    answer = await patiently(lambda: person.post(f"/v1/sessions/{person.session_id}/refresh-lease"))
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.json
    return body


async def test_of_fifty_portals_one_refreshes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await world.sign_in(ALICE)
    # They ask in one moment. A busy machine may take longer over them than the lease lasts.
    now = utc_now()
    monkeypatch.setattr(world.api.app.services, "clock", lambda: now)
    answers = await asyncio.gather(*(lease(alice) for _ in range(50)))
    assert sum(answer["won"] for answer in answers) == 1
    assert {answer["token_generation"] for answer in answers} == {0}
    assert all(answer["lease_until"] for answer in answers)


async def test_the_losers_read_what_the_winner_stored(world: World) -> None:
    tom = await world.sign_in(TOM)
    path = f"/v1/sessions/{tom.session_id}/tokens"
    assert (await lease(tom))["won"] is True
    assert (await lease(tom)) | {"lease_until": None} == {
        "won": False,
        "token_generation": 0,
        "lease_until": None,
        "tokens": None,
        "taken_over": False,
    }
    stored = await tom.put(path, {"expected_generation": 0, "tokens": "v1.first"})
    assert (stored.status, stored.json) == (200, {"token_generation": 1})
    late = await lease(tom)
    assert (late["token_generation"], late["tokens"]) == (1, "v1.first")
    *_, event = await world.events(tom.session_id)
    assert event["action"] == "sessions.session.tokens_renewed"
    assert event["technical"] == '{"token_generation": 1}'


async def test_tokens_of_a_stale_generation_are_not_stored(world: World) -> None:
    alice = await world.sign_in(ALICE)
    path = f"/v1/sessions/{alice.session_id}/tokens"
    bodies = [{"expected_generation": 0, "tokens": f"v1.{number}"} for number in range(20)]
    answers = await asyncio.gather(*(patiently(partial(alice.put, path, body)) for body in bodies))
    (winner,) = [index for index, answer in enumerate(answers) if answer.status == 200]
    for answer in answers[:winner] + answers[winner + 1 :]:
        assert (answer.status, answer.code) == (409, "version_conflict")
        assert answer.json["details"] == {"current_version": 1}
    assert (await lease(alice))["tokens"] == f"v1.{winner}"


async def test_a_lease_whose_winner_died_is_free_after_five_seconds(world: World) -> None:
    alice = await world.sign_in(ALICE)
    before = time.time()
    first = await lease(alice)
    assert (first["won"], first["taken_over"]) == (True, False)
    after = time.time()
    (row,) = await world.sql(
        "SELECT extract(epoch FROM lease_until)::float8 AS at FROM sessions WHERE session_id = $1",
        alice.session_id,
    )
    assert before + 4.9 < row["at"] < after + 5.1
    await world.sql(
        "UPDATE sessions SET lease_until = lease_until - interval '5 seconds' WHERE session_id = $1",
        alice.session_id,
    )
    again = await asyncio.gather(*(lease(alice) for _ in range(10)))
    assert sum(answer["won"] for answer in again) == 1
    assert [answer["taken_over"] for answer in again] == [answer["won"] for answer in again]
    # Once tokens are stored, the next lease is nobody's before.
    await alice.put(
        f"/v1/sessions/{alice.session_id}/tokens", {"expected_generation": 0, "tokens": "v1.first"}
    )
    assert (await lease(alice))["taken_over"] is False


async def test_the_first_tokens_come_with_the_registration(world: World) -> None:
    answer = await world.register(ALICE, tokens="v1.zero")
    alice = await world.sign_in(ALICE)
    headers = {**alice.headers, "x-aidial-session": answer.json["session_id"]}
    path = f"/v1/sessions/{answer.json['session_id']}/refresh-lease"
    first = await world.anonymous.ask("POST", path, headers=headers)
    assert (first.json["won"], first.json["tokens"], first.json["token_generation"]) == (True, "v1.zero", 0)


async def test_a_portal_with_an_expired_token_may_still_ask_for_the_lease_and_for_nothing_else(
    world: World,
) -> None:
    alice = await world.sign_in(ALICE)
    late = f"Bearer {world.issuer.access_token(ALICE.subject, exp=int(time.time()) - 3_600)}"
    path = f"/v1/sessions/{alice.session_id}"
    assert (await alice.post(f"{path}/refresh-lease", authorization=late)).json["won"] is True
    for method, what in (("GET", f"{path}/state"), ("POST", f"{path}/touch"), ("GET", "/v1/calls")):
        answer = await alice.ask(method, what, headers={"authorization": late})
        assert (answer.status, answer.code) == (401, "token_expired"), what
    forged = await alice.post(f"{path}/refresh-lease", authorization=late[:-6] + "AAAAAA")
    assert (forged.status, forged.code) == (401, "token_invalid")


async def test_an_expired_session_gets_no_lease(world: World) -> None:
    alice = await world.sign_in(ALICE)
    await world.age_session(alice.session_id, minutes=31)
    answer = await alice.post(f"/v1/sessions/{alice.session_id}/refresh-lease")
    assert (answer.status, answer.code) == (401, "session_expired")
