"""Who asks in the matrix: everybody of `tests/people.py`, every key, and what else may come along.

The one thing a newcomer would get wrong: people here are newcomers like Alice, not Alice. A row that ends
sessions must not sign out somebody another test relies on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from aidial_api.provisioning_services import add_service_account
from aidial_contract.headers import AIDIAL_SESSION, API_KEY
from aidial_contract.ids import new_api_key
from tests.api.sessions.newcomers import invite
from tests.people import (
    ADA,
    ALICE,
    CARLA,
    HARBOUR,
    MACHINES,
    NOBODY,
    NORTHSIDE,
    OMAR,
    PEOPLE,
    PRIYA,
    Machine,
    Someone,
)
from tests.support.api import World
from tests.support.askers import Asker, SignedIn


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of asker. `refused` is the 401 its credential gets, whatever it asks for.

    `by_bearer`: a service account, which acts like the key described.
    """

    name: str
    someone: Someone | None = None
    machine: Machine | None = None
    refused: str = ""
    second_factor: bool | None = None
    session: str = "live"
    late: bool = False
    by_bearer: bool = False

    @property
    def assigned(self) -> bool:
        """Whether a person has a role in a tenant or organisation that is alive."""
        return self.someone is not None and self.someone not in {NOBODY, CARLA, STRANGER}

    @property
    def has_shown_second_factor(self) -> bool:
        """What the sign-in showed."""
        if self.someone is None:
            return False
        return self.someone.second_factor if self.second_factor is None else self.second_factor


STRANGER = replace(ALICE, first_name="Stranger", projects=())

KINDS = (
    *(Kind(someone.name, someone) for someone in PEOPLE),
    *(Kind(f"{one.name} without second factor", one, second_factor=False) for one in (PRIYA, ADA, OMAR)),
    Kind("a stranger", STRANGER, session="none"),
    Kind("alice before her session", ALICE, session="none"),
    Kind("alice signed out", ALICE, session="revoked"),
    Kind("alice with the session of another", ALICE, session="another's"),
    Kind("alice with an expired token", ALICE, refused="token_expired", late=True),
    *(
        Kind(machine.name, machine=machine, refused=f"api_key_{machine.trouble}" if machine.trouble else "")
        for machine in MACHINES
    ),
    *(
        Kind(
            f"a service account of {client_id} ({scope})",
            machine=Machine("", client_id, scope),
            by_bearer=True,
        )
        for client_id, scope in ((HARBOUR, "manage"), (HARBOUR, "read"), (NORTHSIDE, "manage"))
    ),
    Kind("anonymous", refused="credentials_missing"),
    Kind("a key that is none", refused="api_key_invalid"),
    Kind("an unknown key", refused="api_key_invalid"),
    Kind("a token that is none", refused="token_malformed"),
    Kind("a token of another audience", refused="token_invalid"),
    Kind("basic authentication", refused="token_scheme_unsupported"),
)

_accounts: dict[tuple[World, str], Someone] = {}
_sessions: dict[tuple[World, str], SignedIn] = {}


async def account(world: World, someone: Someone, use: str) -> Someone:
    """A newcomer like `someone`, one a `use`: nobody may have more than five sessions."""
    key = (world, f"{someone.name} {use}")
    if key not in _accounts:
        _accounts[key] = await invite(world, someone)
        if someone.membership != "active":
            # A suspended person was active once, and signed in.
            await world.sign_in(_accounts[key])
            await world.sql(
                "UPDATE memberships SET status = $2 WHERE user_id = $1",
                world.user_ids[_accounts[key].name],
                someone.membership,
            )
            _forget(world)
    return _accounts[key]


def _forget(world: World) -> None:
    services = world.api.app.services
    assert services is not None
    services.credentials.heard(None)


async def asker(world: World, kind: Kind, *, anew: bool = False) -> Asker:
    """Somebody of a kind; `anew`: with a session that may be ended."""
    if kind.by_bearer:
        return await service_account(world, kind)
    if kind.machine is not None:
        return world.machines()[kind.machine]
    if kind.someone is None:
        return Asker(world.api.http, _credentials(world, kind.name))
    if kind.someone is STRANGER:
        return world.bearer_only(STRANGER)
    if kind.session == "live" and not kind.late and not anew:
        key = (world, kind.name)
        if key not in _sessions:
            _sessions[key] = await _signed_in(world, kind, "reads")
        return _sessions[key]
    return await _signed_in(world, kind, "changes")


async def service_account(world: World, kind: Kind) -> Asker:
    """A program with a token of the issuer, registered the first time it is needed."""
    assert kind.machine is not None
    subject = f"{kind.name} of {id(world)}"
    await add_service_account(
        world.urls.owner_url,
        kind.machine.client_id,
        issuer=world.issuer.url,
        subject=subject,
        name=kind.name,
        scope=kind.machine.scope,
    )
    return Asker(world.api.http, {"authorization": "Bearer " + world.issuer.access_token(subject)})


async def _signed_in(world: World, kind: Kind, use: str) -> SignedIn:
    assert kind.someone is not None
    someone = await account(world, kind.someone, f"{kind.name} {use}")
    person = await world.sign_in(someone, second_factor=kind.second_factor)
    if kind.late:
        person.headers["authorization"] = "Bearer " + world.issuer.access_token(
            someone.subject, exp=int(time.time()) - 60
        )
    if kind.session == "revoked":
        assert (await person.delete(f"/v1/sessions/{person.session_id}")).status == 204
    elif kind.session == "another's":
        person.headers[AIDIAL_SESSION] = world.mallory.session_id
    elif kind.session == "none":
        del person.headers[AIDIAL_SESSION]
    return person


def _credentials(world: World, name: str) -> dict[str, str]:
    return {
        "anonymous": {},
        "a key that is none": {API_KEY: "secret"},
        "an unknown key": {API_KEY: new_api_key("live")[0]},
        "a token that is none": {"authorization": "Bearer eyJhbGciOiJub25lIn0"},
        "a token of another audience": {
            "authorization": "Bearer " + world.issuer.access_token(ALICE.subject, aud=["somebody-else"])
        },
        "basic authentication": {"authorization": "Basic YWxpY2U6c2VjcmV0"},
    }[name]
