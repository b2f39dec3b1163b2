"""The issuer says that somebody signed out there: their sessions here end, and nobody else's."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import RSAKey

from aidial_contract.ids import new_id
from tests.api.sessions.newcomers import invite
from tests.people import OMAR, PRIYA
from tests.support.api import World
from tests.support.askers import Answer, SignedIn
from tests.support.issuer import LOGOUT_EVENT

PATH = "/v1/sessions/backchannel-logout"


async def tell(world: World, token: str) -> Answer:
    """As the issuer does: a form, no credential."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return await world.anonymous.ask(
        "POST", PATH, urlencode({"logout_token": token}).encode(), headers=headers
    )


async def signed_in(world: World, sid: str, **changes: Any) -> SignedIn:
    """A newcomer, signed in at the issuer as `sid`."""
    someone = await invite(world, **changes)
    return await again(world, someone, sid)


async def again(world: World, someone: Any, sid: str) -> SignedIn:
    """One more sign-in of somebody."""
    answer = await world.register(someone, id_token=world.id_token(someone, sid=sid))
    assert answer.status == 201
    bearer = world.bearer_only(someone)
    headers = {**bearer.headers, "x-aidial-session": answer.json["session_id"]}
    return SignedIn(
        world.api.http,
        headers,
        someone=someone,
        user_id=world.user_ids[someone.name],
        bearer=bearer.headers["authorization"].removeprefix("Bearer "),
        session_id=answer.json["session_id"],
    )


async def is_alive(person: SignedIn) -> bool:
    """Whether the session still counts."""
    answer = await person.get(f"/v1/sessions/{person.session_id}/state")
    assert (answer.status, answer.code) in {(200, ""), (401, "session_revoked")}, answer
    return answer.status == 200


async def test_signing_out_at_the_issuer_ends_the_session_of_that_sign_in_only(world: World) -> None:
    here = await signed_in(world, "V1_here")
    there = await again(world, here.someone, "V1_there")
    token = world.issuer.logout_token(here.someone.subject, "V1_here")
    answer = await tell(world, token)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert (await is_alive(here), await is_alive(there)) == (False, True)


async def test_a_token_without_a_sign_in_ends_every_session_of_the_person_and_of_nobody_else(
    world: World,
) -> None:
    here = await signed_in(world, "V1_a")
    there = await again(world, here.someone, "V1_b")
    other = await signed_in(world, "V1_a")
    assert (await tell(world, world.issuer.logout_token(here.someone.subject))).status == 200
    assert [await is_alive(one) for one in (here, there, other)] == [False, False, True]


async def test_a_sign_in_of_somebody_else_is_not_ended_by_its_name(world: World) -> None:
    victim = await signed_in(world, "V1_victim")
    attacker = await signed_in(world, "V1_attacker")
    assert (await tell(world, world.issuer.logout_token(attacker.someone.subject, "V1_victim"))).status == 200
    assert await is_alive(victim)


async def test_the_ends_are_recorded_as_the_systems_doing_in_the_tenants_log(world: World) -> None:
    person = await signed_in(world, "V1_logged")
    await tell(world, world.issuer.logout_token(person.someone.subject, "V1_logged"))
    event = (await world.events(person.session_id))[-1]
    assert (event["actor_kind"], event["actor_id"], event["actor_label"]) == (
        "system",
        None,
        "identity provider",
    )
    assert (event["action"], event["why"]) == ("sessions.session.revoked", "backchannel_logout")
    assert event["client_id"] == person.someone.client_id
    (received,) = await world.events(person.someone.subject)
    assert received["action"] == "sessions.backchannel_logout.received"


@pytest.mark.parametrize("like", [PRIYA, OMAR], ids=lambda one: one.name)
async def test_partners_and_internal_people_are_signed_out_too(world: World, like: Any) -> None:
    if like is OMAR:
        # Internal people are made by bootstrap; Omar signs in once more himself.
        person = await again(world, OMAR, "V1_omar")
    else:
        person = await signed_in(world, "V1_priya", like=like)
    assert (
        await tell(world, world.issuer.logout_token(person.someone.subject, f"V1_{like.name}"))
    ).status == 200
    assert not await is_alive(person)


async def test_a_token_counts_once(world: World) -> None:
    person = await signed_in(world, "V1_once")
    token = world.issuer.logout_token(person.someone.subject, "V1_once")
    assert (await tell(world, token)).status == 200
    later = await again(world, person.someone, "V1_once")
    replay = await tell(world, token)
    assert (replay.status, replay.code) == (400, "malformed_request")
    assert await is_alive(later)


async def test_a_token_about_nobody_we_know_is_taken_once_as_well(world: World) -> None:
    token = world.issuer.logout_token(f"stranger-{new_id()}", "V1_x")
    assert [(await tell(world, token)).status for _ in range(2)] == [200, 400]


async def test_somebody_signed_out_already_stays_signed_out(world: World) -> None:
    person = await signed_in(world, "V1_gone")
    assert (await person.post(f"/v1/sessions/{person.session_id}/sign-out", {})).status == 204
    assert (await tell(world, world.issuer.logout_token(person.someone.subject, "V1_gone"))).status == 200
    assert len([e for e in await world.events(person.session_id) if e["action"].endswith("revoked")]) == 1


NOW = int(time.time())
WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://elsewhere.example"},
    "another client": {"aud": "somebody-else"},
    "no audience": {"aud": None},
    "an expired token": {"exp": NOW - 3_600},
    "no expiry": {"exp": None},
    "issued in the future": {"iat": NOW + 3_600},
    "no time of issue": {"iat": None},
    "a nonce": {"nonce": "n"},
    "no events": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/else": {}}},
    "an event that is no object": {"events": {LOGOUT_EVENT: "yes"}},
    "no jti": {"jti": None},
    "a jti that is no text": {"jti": 7},
    "neither subject nor sign-in": {"sub": None},
    "a subject that is no text": {"sub": ["a"]},
    "a sign-in that is no text": {"sid": 7},
    "a sign-in with a NUL": {"sid": "V1\0"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
async def test_a_token_that_is_not_right_in_every_claim_ends_nothing(
    world: World, changes: dict[str, Any]
) -> None:
    person = await signed_in(world, "V1_right")
    answer = await tell(
        world, world.issuer.logout_token(person.someone.subject, **{"sid": "V1_right"} | changes)
    )
    assert (answer.status, answer.code) == (400, "malformed_request")
    assert await is_alive(person)


async def test_a_token_that_names_only_a_sign_in_is_refused(world: World) -> None:
    """See the decision: before the person is known nothing may be looked for."""
    person = await signed_in(world, "V1_alone")
    answer = await tell(world, world.issuer.logout_token(None, "V1_alone"))
    assert (answer.status, answer.code) == (400, "malformed_request")
    assert await is_alive(person)


async def test_a_token_of_another_key_an_id_token_or_a_bearer_is_no_logout_token(world: World) -> None:
    person = await signed_in(world, "V1_key")
    stranger = RSAKey.generate_key(2048, {"kid": "tests-1", "use": "sig", "alg": "RS256"})
    claims = {"sub": person.someone.subject, "sid": "V1_key"}
    forged = world.issuer.sign(
        {
            "iss": world.issuer.url,
            "aud": "portal@aidial",
            "iat": NOW,
            "exp": NOW + 900,
            "jti": new_id(),
            "events": {LOGOUT_EVENT: {}},
            **claims,
        },
        key=stranger,
        header={"typ": "logout+jwt"},
    )
    for token in (forged, world.id_token(person.someone), person.bearer, "e30.e30.", "nonsense"):
        answer = await tell(world, token)
        assert (answer.status, answer.code) == (400, "malformed_request"), token
    assert await is_alive(person)


async def test_a_logout_token_is_no_bearer_and_no_id_token(world: World) -> None:
    person = await signed_in(world, "V1_other_use")
    token = world.issuer.logout_token(person.someone.subject, "V1_other_use")
    answer = await world.anonymous.get("/v1/session-context", authorization=f"Bearer {token}")
    assert (answer.status, answer.code) == (401, "token_invalid")
    answer = await world.register(person.someone, id_token=token)
    assert (answer.status, answer.code) == (401, "token_invalid")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "application/x-www-form-urlencoded", 400, "malformed_request"),
        (b"other=1", "application/x-www-form-urlencoded", 400, "malformed_request"),
        (b"logout_token=a&logout_token=b", "application/x-www-form-urlencoded", 400, "malformed_request"),
        (b"logout_token=%ff", "application/x-www-form-urlencoded", 400, "malformed_request"),
        (b"{}", "application/json", 400, "malformed_request"),
        (b'{"logout_token": 7}', "application/json", 400, "malformed_request"),
        (b"{", "application/json", 400, "malformed_json"),
        (b"x", "text/plain", 415, "unsupported_media_type"),
        (b"logout_token=" + b"x" * 20_000, "application/x-www-form-urlencoded", 400, "malformed_request"),
        (b"logout_token=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413, "body_too_large"),
    ],
)
async def test_a_body_that_is_no_logout_notice_is_a_bad_request(
    world: World, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await world.anonymous.ask("POST", PATH, body, headers={"content-type": content_type})
    assert (answer.status, answer.code) == (status, code)


async def test_json_will_do_and_what_else_the_issuer_says_is_ignored(world: World) -> None:
    person = await signed_in(world, "V1_json")
    token = world.issuer.logout_token(person.someone.subject, "V1_json")
    answer = await world.anonymous.post(PATH, {"logout_token": token, "more": 1})
    assert answer.status == 200
    assert not await is_alive(person)


async def test_the_row_takes_only_a_post(world: World) -> None:
    answer = await world.anonymous.get(PATH)
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "method_not_allowed", "POST")
