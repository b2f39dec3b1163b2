"""The demo organisation as data: one partner, its two clients, a rival, their people and keys.

No password, one-time secret or key is here: the demo makes those at random at its first start and
keeps them in its data folder. Ids are derived from names, so they are the same at every start.
"""

from dataclasses import dataclass
from typing import Literal

from aidial.seed.businesses import BAYSIDE_PHYSIO, HARBOUR_DENTAL, NORTHSIDE_DENTAL, Business, stable_uuid7

Role = Literal[
    "client_admin",
    "client_manager",
    "client_staff",
    "partner_admin",
    "partner_user",
    "aidial_admin",
    "aidial_operator",
]
KeyScope = Literal["read", "manage"]


@dataclass(frozen=True, slots=True)
class PartnerOrg:
    """An organisation that manages clients by assignment."""

    partner_org_id: str
    name: str
    domain: str
    client_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Client:
    """A tenant with its phone lines; `managed_by` is a partner_org_id or None."""

    business: Business
    managed_by: str | None

    @property
    def client_id(self) -> str:
        """Give the tenant's slug."""
        return self.business.client_id

    @property
    def project_ids(self) -> tuple[str, ...]:
        """List the tenant's projects, first the one all its people share."""
        return tuple(project.project_id for project in self.business.projects)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Someone who signs in. Reach: the clients and projects assigned, both empty for internal roles only."""

    given: str
    surname: str
    email: str
    role: Role
    client_ids: tuple[str, ...]
    project_ids: tuple[str, ...]
    partner_org_id: str | None
    second_factor: bool

    @property
    def user_id(self) -> str:
        """Give the person's id, stable between starts."""
        return stable_uuid7(f"user {self.email}")


@dataclass(frozen=True, slots=True)
class DemoKey:
    """An API key to be made: the secret is the demo's."""

    client_id: str
    scope: KeyScope
    description: str
    environment: Literal["live", "test"] = "live"


PARTNER = PartnerOrg(
    partner_org_id="southern-cross-voice",
    name="Southern Cross Voice",
    domain="southern-cross-voice.example",
    client_ids=(HARBOUR_DENTAL.client_id, BAYSIDE_PHYSIO.client_id),
)
CLIENTS = (
    Client(HARBOUR_DENTAL, PARTNER.partner_org_id),
    Client(BAYSIDE_PHYSIO, PARTNER.partner_org_id),
    Client(NORTHSIDE_DENTAL, None),
)
INTERNAL_DOMAIN = "aidial.example"


def _of_client(business: Business, name: str, role: Role, *, lines: int | None = None) -> DemoPerson:
    given, surname = name.split()
    return DemoPerson(
        given=given,
        surname=surname,
        email=f"{given.lower()}@{business.domain}",
        role=role,
        client_ids=(business.client_id,),
        project_ids=tuple(project.project_id for project in business.projects[:lines]),
        partner_org_id=None,
        second_factor=False,
    )


def _of_partner(name: str, role: Role, *, second_factor: bool) -> DemoPerson:
    given, surname = name.split()
    managed = [client for client in CLIENTS if client.client_id in PARTNER.client_ids]
    return DemoPerson(
        given=given,
        surname=surname,
        email=f"{given.lower()}@{PARTNER.domain}",
        role=role,
        client_ids=PARTNER.client_ids,
        project_ids=tuple(project_id for client in managed for project_id in client.project_ids),
        partner_org_id=PARTNER.partner_org_id,
        second_factor=second_factor,
    )


def _internal(name: str, role: Role, *, second_factor: bool) -> DemoPerson:
    given, surname = name.split()
    email = f"{given.lower()}@{INTERNAL_DOMAIN}"
    return DemoPerson(given, surname, email, role, (), (), None, second_factor)


# The order is a promise: the first of each role is the one guides and tests mean; Oscar comes after Omar.
PEOPLE = (
    _of_client(HARBOUR_DENTAL, "Alice Marsh", "client_admin"),
    _of_client(HARBOUR_DENTAL, "Ben Okafor", "client_manager"),
    _of_client(HARBOUR_DENTAL, "Chloe Tan", "client_staff", lines=1),
    _of_partner("Priya Raman", "partner_admin", second_factor=True),
    _of_partner("Tom Whitlock", "partner_user", second_factor=False),
    _internal("Ada Lindqvist", "aidial_admin", second_factor=True),
    _internal("Omar Farouk", "aidial_operator", second_factor=True),
    _internal("Oscar Dunn", "aidial_operator", second_factor=False),
    _of_client(BAYSIDE_PHYSIO, "Bianca Rossi", "client_admin"),
    _of_client(NORTHSIDE_DENTAL, "Mallory Quinn", "client_admin"),
)
KEYS = tuple(
    key
    for client in CLIENTS
    for key in (
        DemoKey(client.client_id, "manage", "Voice runtime: delivers calls"),
        DemoKey(client.client_id, "read", "Practice software: reads calls"),
    )
)
