"""A clinic of this worker's own, and one of a test's own."""

from __future__ import annotations

import pytest

from aidial_contract.access import Role
from tests.api.settings.clinics import Clinic, new_person, open_clinic
from tests.people import PARTNER, Someone
from tests.support.api import World
from tests.support.askers import SignedIn


@pytest.fixture
async def clinic(world: World) -> Clinic:
    """A tenant that nobody has set anything for."""
    return await open_clinic(world)


@pytest.fixture
async def pam(clinic: Clinic) -> SignedIn:
    """The clinic's partner administrator."""
    name = f"Pam{clinic.client_id[-12:]}"
    projects = ((clinic.client_id, None),)
    someone = Someone(
        name,
        PARTNER,
        Role.PARTNER_ADMIN,
        partner_org_id=PARTNER,
        projects=projects,
        second_factor=True,
    )
    await clinic.world.provisioner.add_person(new_person(someone))
    return await clinic.world.sign_in(someone)
