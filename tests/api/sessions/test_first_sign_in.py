"""The first sign-in of somebody who was invited."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.api.sessions.newcomers import invite, subject_of
from tests.people import ADA, ALICE, HARBOUR, PARTNER, PRIYA, Someone
from tests.support.api import World


@pytest.mark.parametrize("like", [ALICE, PRIYA, ADA], ids=lambda someone: someone.role)
async def test_a_verified_address_binds_the_invited_person(world: World, like: Someone) -> None:
    newcomer = await invite(world, like)
    unknown = await world.bearer_only(newcomer).get("/v1/session-context")
    assert unknown.json["assigned"] is False
    assert unknown.json["user"] is None
    signed_in = await world.sign_in(newcomer, second_factor=True)
    context = (await signed_in.get("/v1/session-context")).json
    assert context["role"] == like.role
    assert context["user"]["user_id"] == world.user_ids[newcomer.name]
    assert await subject_of(world, newcomer) == newcomer.subject
    (bound,) = await world.events(signed_in.user_id)
    (created,) = await world.events(signed_in.session_id)
    assert bound["action"] == "sessions.person.bound"
    for event in (bound, created):
        assert event["actor_id"] == signed_in.user_id
        assert event["client_id"] == (HARBOUR if like is ALICE else None)
        assert event["partner_org_id"] == (PARTNER if like is PRIYA else None)


@pytest.mark.parametrize(
    "claims",
    [{"email_verified": False}, {"email_verified": None}, {"email_verified": "true"}, {"email": None}],
    ids=str,
)
async def test_an_address_the_issuer_does_not_vouch_for_binds_nobody(
    world: World, claims: dict[str, object]
) -> None:
    newcomer = await invite(world)
    answer = await world.register(newcomer, id_token=world.id_token(newcomer, **claims))
    assert (answer.status, answer.code) == (404, "not_found")
    assert await subject_of(world, newcomer) is None
    assert await world.events(world.user_ids[newcomer.name]) == []


async def test_mallory_cannot_take_alices_place_with_her_address(world: World) -> None:
    thief = replace(ALICE, first_name="Thief")
    answer = await world.register(thief, id_token=world.issuer.id_token(thief.subject, ALICE.email))
    assert (answer.status, answer.code) == (404, "not_found")
    assert await subject_of(world, ALICE) == ALICE.subject


async def test_a_bound_person_is_never_bound_to_another_invitation(world: World) -> None:
    newcomer = await invite(world)
    claims = world.issuer.id_token(ALICE.subject, newcomer.email)
    assert (await world.register(ALICE, id_token=claims)).status == 201
    assert await subject_of(world, newcomer) is None


async def test_somebody_nobody_invited_is_not_known(world: World) -> None:
    stranger = replace(ALICE, first_name="Stranger")
    assert (await world.register(stranger)).status == 404
    context = await world.bearer_only(stranger).get("/v1/session-context")
    assert context.status == 200
    assert (context.json["assigned"], context.json["user"], context.json["clients"]) == (False, None, [])


async def test_two_first_sign_ins_at_once_bind_once(world: World) -> None:
    newcomer = await invite(world)
    answers = await asyncio.gather(*(world.register(newcomer) for _ in range(4)))
    assert [answer.status for answer in answers] == [201] * 4
    assert len(await world.events(world.user_ids[newcomer.name])) == 1


async def test_the_invitation_goes_to_the_first_of_two_subjects(world: World) -> None:
    newcomer = await invite(world)
    rival = replace(newcomer, domain="elsewhere")
    answers = await asyncio.gather(
        world.register(newcomer),
        world.register(rival, id_token=world.issuer.id_token(rival.subject, newcomer.email)),
    )
    assert sorted(answer.status for answer in answers) == [201, 404]
