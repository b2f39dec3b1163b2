"""Businesses of a test's own, so that what it counts is only its own calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from aidial_api.provisioning import NewClient, NewPerson, NewProject
from aidial_contract.access import Role
from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_api_key, new_id
from tests.people import ALICE, PARTNER, PRIYA, Someone
from tests.support.api import World
from tests.support.askers import Answer, Asker, SignedIn


@dataclass(frozen=True, slots=True)
class Business:
    """A tenant with a manage key and its people; `lines` are its projects' ids."""

    client_id: str
    lines: tuple[str, ...]
    key: Asker
    admin: SignedIn
    staff: SignedIn

    async def deliver(self, call: dict[str, Any]) -> Answer:
        """Deliver and expect it to be new."""
        answer = await self.key.post("/v1/calls", call)
        assert answer.status == 201, answer
        return answer


async def open_business(world: World, *timezones: str) -> Business:
    """A new tenant with one line a time zone, an admin who sees all, and staff who see the first line."""
    client_id = f"b-{new_id()[-12:]}"
    lines = tuple(new_id() for _ in timezones)
    await world.provisioner.add_client(
        NewClient(
            client_id=client_id,
            name="A business of a test",
            timezone=timezones[0],
            partner_org_id=PARTNER,
            projects=tuple(
                NewProject(project_id=line, display_name=zone, timezone=zone)
                for line, zone in zip(lines, timezones, strict=True)
            ),
        )
    )
    key, _ = new_api_key("live")
    await world.provisioner.add_key(client_id, key, scope="manage", description="tests")
    admin = await _person(world, client_id, Role.CLIENT_ADMIN, None)
    staff = await _person(world, client_id, Role.CLIENT_STAFF, lines[0])
    return Business(client_id, lines, Asker(world.api.http, {API_KEY: key}), admin, staff)


async def administrator_of(world: World, business: Business, *lines: str) -> SignedIn:
    """One more administrator of a business, who is assigned to these of its lines only."""
    return await _person(world, business.client_id, Role.CLIENT_ADMIN, *lines)


async def leave_priya(world: World) -> None:
    """No business of a test is Priya's any longer: other tests know whom she looks after."""
    await world.sql(
        "DELETE FROM assignments WHERE client_id LIKE 'b-%' AND user_id = $1", world.user_ids[PRIYA.name]
    )
    world.api.hear()


async def _person(world: World, client_id: str, role: Role, *lines: str | None) -> SignedIn:
    someone: Someone = replace(
        ALICE,
        first_name=f"N{new_id()[-12:]}",
        role=role,
        client_id=client_id,
        projects=tuple((client_id, line) for line in lines),
    )
    world.user_ids[someone.name] = await world.provisioner.add_person(
        NewPerson(
            email=someone.email,
            first_name=someone.first_name,
            last_name="Example",
            role=role,
            client_id=client_id,
            projects=someone.projects,
        )
    )
    return await world.sign_in(someone)
