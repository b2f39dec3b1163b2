"""Second factors: the issuer's word in the ID token, and the 404 of everything without it."""

from __future__ import annotations

import pytest

from tests.api.sessions.newcomers import invite
from tests.people import ADA, ALICE, OSCAR, PRIYA, Someone
from tests.support.api import SignedIn, World, running_api

FULL_ROWS = ("/v1/calls", "/v1/projects", "/v1/sessions")


async def statuses(person: SignedIn, paths: tuple[str, ...]) -> list[tuple[int, str]]:
    answers = [await person.get(path) for path in paths]
    return [(answer.status, answer.code) for answer in answers]


async def test_priya_without_her_second_factor_sees_nothing_but_herself(world: World) -> None:
    priya = await world.sign_in(PRIYA, second_factor=False)
    paths = (*FULL_ROWS, f"/v1/calls/{world.calls['front-1']}", "/v1/calls?cursor=broken&limit=x")
    assert await statuses(priya, paths) == [(404, "not_found")] * len(paths)
    context = (await priya.get("/v1/session-context")).json
    assert context["role"] == "partner_admin"
    assert context["mfa"] == {
        "required": True,
        "satisfied": False,
        "state": "required",
        "allowed_factors": ["totp", "recovery_code", "email_otp", "sms_otp"],
    }
    assert (await priya.get(f"/v1/sessions/{priya.session_id}/state")).status == 200


async def test_priya_with_her_second_factor_sees_her_clients_calls(world: World) -> None:
    priya = await world.sign_in(PRIYA)
    assert (await priya.get("/v1/calls")).status == 200
    mfa = (await priya.get("/v1/session-context")).json["mfa"]
    assert (mfa["satisfied"], mfa["state"]) == (True, "satisfied")


@pytest.mark.parametrize("someone", [ADA, OSCAR], ids=lambda someone: someone.name)
async def test_internal_people_need_theirs_too(world: World, someone: Someone) -> None:
    signed_in = await world.sign_in(someone, second_factor=False)
    mfa = (await signed_in.get("/v1/session-context")).json["mfa"]
    assert (mfa["required"], mfa["state"]) == (True, "required")


async def test_a_person_may_be_asked_for_one_where_the_role_is_not(world: World) -> None:
    newcomer = await invite(world)
    before = await world.sign_in(newcomer)
    assert (await before.get("/v1/calls")).status == 200
    await world.sql("UPDATE users SET mfa_required = true WHERE user_id = $1", before.user_id)
    after = await world.sign_in(newcomer)
    assert (await after.get("/v1/calls")).status == 404
    with_factor = await world.sign_in(newcomer, second_factor=True)
    assert (await with_factor.get("/v1/calls")).status == 200


@pytest.mark.parametrize("amr", [["otp"], "mfa", ["MFA"], [["mfa"]], {"mfa": True}, []], ids=str)
async def test_only_mfa_itself_counts_unless_told(world: World, amr: object) -> None:
    answer = await world.register(ALICE, id_token=world.id_token(ALICE, amr=amr))
    (row,) = await world.sql(
        "SELECT mfa_satisfied FROM sessions WHERE session_id = $1", answer.json["session_id"]
    )
    assert row["mfa_satisfied"] is False


async def test_an_issuer_with_other_words_is_understood_when_configured(world: World) -> None:
    async with running_api({**world.environ, "AIDIAL_MFA_AMR": "hwk, otp"}) as other:
        for amr, satisfied in ((["pwd", "otp"], True), (["pwd"], False)):
            answer = await world.register(PRIYA, api=other, id_token=world.id_token(PRIYA, amr=amr))
            (row,) = await world.sql(
                "SELECT mfa_satisfied FROM sessions WHERE session_id = $1", answer.json["session_id"]
            )
            assert row["mfa_satisfied"] is satisfied
