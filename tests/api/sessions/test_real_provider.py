"""Tokens as an identity provider really issues them, after people typed a password and a code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aidial_api.provisioning import NewPerson, Provisioner
from aidial_api.provisioning_services import add_service_account
from aidial_contract.access import Role
from aidial_contract.headers import AIDIAL_SESSION
from aidial_identity import ServiceAccount
from tests.people import HARBOUR
from tests.support.api import Asker, RunningApi, World, running_api
from tests.support.identity import RunningIdentity

ROBOT = ServiceAccount(subject="robot-1", name="Robot", client_id="robot", client_secret="robot-secret")


@pytest.fixture(scope="module")
async def idp() -> AsyncIterator[RunningIdentity]:
    with RunningIdentity(service_accounts=[ROBOT]) as running:
        yield running


@pytest.fixture(scope="module")
async def api(world: World, idp: RunningIdentity) -> AsyncIterator[RunningApi]:
    """An API that trusts the provider, where Alice and Ada of that provider are invited."""
    provisioner = Provisioner(world.urls.owner_url, bytes(32), idp.issuer)
    for account, role in zip(idp.accounts, (Role.CLIENT_ADMIN, Role.AIDIAL_ADMIN), strict=True):
        client_id = HARBOUR if role is Role.CLIENT_ADMIN else None
        await provisioner.add_person(
            NewPerson(
                email=account.email,
                first_name=account.given_name,
                last_name=account.family_name,
                role=role,
                client_id=client_id,
                projects=((HARBOUR, None),) if client_id else (),
            )
        )
    environ = {
        **world.environ,
        "ZITADEL_ISSUER": idp.issuer,
        "AIDIAL_API_AUDIENCE": idp.api_audience,
        "ZITADEL_CLIENT_ID": idp.client_id,
    }
    async with running_api(environ) as running:
        yield running


@pytest.mark.parametrize(
    ("index", "role", "satisfied"), [(0, "client_admin", False), (1, "aidial_admin", True)]
)
async def test_a_person_signs_in_registers_and_is_known(
    api: RunningApi, idp: RunningIdentity, index: int, role: str, *, satisfied: bool
) -> None:
    tokens = await idp.tokens_for(idp.accounts[index], nonce="n-1")
    person = Asker(api.http, {"authorization": f"Bearer {tokens['access_token']}"})
    body = {"id_token": tokens["id_token"], "device_label": "Chromium", "nonce": "n-1"}
    registered = await person.post("/v1/sessions", body)
    assert registered.status == 201, registered
    person.headers[AIDIAL_SESSION] = registered.json["session_id"]
    context = (await person.get("/v1/session-context")).json
    assert (context["role"], context["mfa"]["satisfied"]) == (role, satisfied)


async def test_each_token_is_refused_in_the_place_of_the_other(api: RunningApi, idp: RunningIdentity) -> None:
    tokens = await idp.tokens_for(idp.accounts[0])
    with_id_token = Asker(api.http, {"authorization": f"Bearer {tokens['id_token']}"})
    answer = await with_id_token.get("/v1/session-context")
    assert (answer.status, answer.code) == (401, "token_invalid")
    person = Asker(api.http, {"authorization": f"Bearer {tokens['access_token']}"})
    body = {"id_token": tokens["access_token"], "device_label": "Chromium"}
    answer = await person.post("/v1/sessions", body)
    assert (answer.status, answer.code) == (401, "token_invalid")


async def test_a_program_with_client_credentials_acts_for_the_tenant_it_is_registered_for(
    world: World, api: RunningApi, idp: RunningIdentity
) -> None:
    secret = {"client_id": "robot", "client_secret": "robot-secret"}
    status, tokens = await idp.token({"grant_type": "client_credentials", **secret})
    assert status == 200, tokens
    robot = Asker(api.http, {"authorization": f"Bearer {tokens['access_token']}"})
    assert (await robot.get("/v1/projects")).code == "session_missing"
    await add_service_account(
        world.urls.owner_url, HARBOUR, issuer=idp.issuer, subject="robot-1", name="Robot", scope="read"
    )
    async with asyncio.timeout(5):
        while (answer := await robot.get("/v1/projects")).status != 200:
            assert answer.code == "session_missing"
    assert {one["client_id"] for one in answer.json["projects"]} == {HARBOUR}
