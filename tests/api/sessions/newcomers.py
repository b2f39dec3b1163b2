"""People who were invited and have not signed in yet, one more at every call."""

from __future__ import annotations

from dataclasses import replace

from aidial_api.provisioning import NewPerson
from aidial_contract.ids import new_id
from tests.people import ALICE, Someone
from tests.support.api import World


async def invite(world: World, like: Someone = ALICE) -> Someone:
    """Somebody with the role and reach of `like`, invited and not bound to a subject."""
    newcomer = replace(like, first_name=f"N{new_id()[-12:]}")
    world.user_ids[newcomer.name] = await world.provisioner.add_person(
        NewPerson(
            email=newcomer.email,
            first_name=newcomer.first_name,
            last_name="Newcomer",
            role=newcomer.role,
            client_id=newcomer.client_id,
            partner_org_id=newcomer.partner_org_id,
            projects=newcomer.projects,
        )
    )
    return newcomer


async def subject_of(world: World, someone: Someone) -> str | None:
    (row,) = await world.sql("SELECT subject FROM users WHERE user_id = $1", world.user_ids[someone.name])
    subject: str | None = row["subject"]
    return subject
