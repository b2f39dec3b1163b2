"""A tenant of a test's own, whose settings nobody else relies on.

The one thing a newcomer would get wrong: Harbour Dental is everybody's; a test that closes it to an address
closes it to the tests that come after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aidial_api.provisioning import NewClient, NewPerson, NewProject
from aidial_contract.access import Role
from aidial_contract.ids import new_api_key, new_id
from tests.people import BAYSIDE, PARTNER, Someone
from tests.support.api import World
from tests.support.askers import Answer, Asker, KeyHolder, SignedIn

OFFICE = "203.0.113.9"
OFFICE_NETWORK = "203.0.113.0/24"
ELSEWHERE = "198.51.100.7"
TENANT = "/v1/settings/tenant-settings"
ALLOWLIST = "/v1/settings/ip-allowlist"


@dataclass(slots=True)
class Clinic:
    """Its people, each with a session of their own, and a key; `petra` is a partner of it and of Bayside."""

    world: World
    client_id: str
    project_id: str
    alice: SignedIn
    ben: SignedIn
    chloe: SignedIn
    petra: SignedIn
    key: Asker

    async def save(self, path: str, value: Any, *, headers: dict[str, str] | None = None) -> Answer:
        """Alice saves over what she last saw."""
        version = (await self.alice.ask("GET", path, headers=headers)).json["version"]
        change = {"expected_version": version, "value": value}
        return await self.alice.ask("PUT", path, change, headers=headers)

    async def allow_only(self, *networks: str) -> None:
        """Alice turns the allowlist on, and has made sure that she is told when it shuts her out."""
        entries = [{"cidr": network, "label": "Office"} for network in networks]
        value = {"enabled": True, "entries": entries, "confirm_lockout": True}
        answer = await self.save(ALLOWLIST, value)
        assert answer.status == 200, answer


def from_(address: str) -> dict[str, str]:
    """The header with which the portal says where its visitor is."""
    return {"x-aidial-client-ip": address}


async def open_clinic(world: World) -> Clinic:
    """A new tenant with an administrator, a manager, somebody of the staff, a partner and a key."""
    suffix = new_id()[-12:]
    client_id, project_id = f"clinic-{suffix}", new_id()
    await world.provisioner.add_client(
        NewClient(
            client_id=client_id,
            name="Hill Street Clinic",
            timezone="Australia/Hobart",
            partner_org_id=PARTNER,
            contact_email="office@hill-street.example",
            projects=(NewProject(project_id=project_id, display_name="Desk", timezone="Australia/Hobart"),),
        )
    )
    own = ((client_id, None),)
    people = {
        "alice": Someone("Alice", client_id, Role.CLIENT_ADMIN, client_id=client_id, projects=own),
        "ben": Someone("Ben", client_id, Role.CLIENT_MANAGER, client_id=client_id, projects=own),
        "chloe": Someone("Chloe", client_id, Role.CLIENT_STAFF, client_id=client_id, projects=own),
        "petra": Someone(
            f"Petra{suffix}",
            PARTNER,
            Role.PARTNER_USER,
            partner_org_id=PARTNER,
            projects=(*own, (BAYSIDE, None)),
        ),
    }
    signed_in = {}
    for name, someone in people.items():
        await world.provisioner.add_person(new_person(someone))
        signed_in[name] = await world.sign_in(someone)
    key, _ = new_api_key("live")
    await world.provisioner.add_key(client_id, key, scope="manage", description="runtime")
    return Clinic(
        world=world,
        client_id=client_id,
        project_id=project_id,
        key=KeyHolder(world.api.http, {"x-api-key": key}, machine=world.harbour_manage.machine, key=key),
        **signed_in,
    )


def new_person(someone: Someone) -> NewPerson:
    """Somebody as they are invited."""
    return NewPerson(
        email=someone.email,
        first_name=someone.first_name,
        last_name="Example",
        role=someone.role,
        client_id=someone.client_id,
        partner_org_id=someone.partner_org_id,
        projects=someone.projects,
    )
