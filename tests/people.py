"""The people and organisations every test talks about, and what each of them is.

The one thing a newcomer would get wrong: these are descriptions. `tests/support/api.py` provisions them into
a database and signs them in; a test uses `world.alice`, not `ALICE`.
"""

from __future__ import annotations

from dataclasses import dataclass

from aidial_contract.access import Role

PARTNER = "southern-cross-voice"
HARBOUR = "harbour-dental"
BAYSIDE = "bayside-physio"
NORTHSIDE = "northside-dental"
CLOSED = "closed-clinic"


def _project(number: int) -> str:
    return f"01930000-0000-7000-8000-{number:012d}"


FRONT_DESK = _project(1)
AFTER_HOURS = _project(2)
OLD_LINE = _project(3)
PHYSIO_LINE = _project(4)
NORTHSIDE_LINE = _project(5)
CLOSED_LINE = _project(6)


@dataclass(frozen=True, slots=True)
class Line:
    """A project: `is_active` is false for a line that was switched off but keeps its calls."""

    project_id: str
    name: str
    timezone: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Business:
    """A tenant."""

    client_id: str
    name: str
    timezone: str
    lines: tuple[Line, ...]
    partner_org_id: str | None = None
    lifecycle: str = "active"


BUSINESSES = (
    Business(
        HARBOUR,
        "Harbour Dental",
        "Australia/Sydney",
        (
            Line(FRONT_DESK, "Front desk", "Australia/Sydney"),
            Line(AFTER_HOURS, "After hours", "Australia/Sydney"),
            Line(OLD_LINE, "Old line", "Australia/Sydney", is_active=False),
        ),
        PARTNER,
    ),
    Business(
        BAYSIDE,
        "Bayside Physio",
        "Australia/Perth",
        (Line(PHYSIO_LINE, "Reception", "Australia/Perth"),),
        PARTNER,
    ),
    Business(
        NORTHSIDE,
        "Northside Dental",
        "Australia/Sydney",
        (Line(NORTHSIDE_LINE, "Northside reception", "Australia/Sydney"),),
    ),
    Business(
        CLOSED,
        "Closed Clinic",
        "Australia/Sydney",
        (Line(CLOSED_LINE, "Closed line", "Australia/Sydney"),),
        lifecycle="archived",
    ),
)


@dataclass(frozen=True, slots=True)
class Someone:
    """A person: `projects` as in `NewPerson`; `membership` other than active leaves them without a role."""

    first_name: str
    domain: str
    role: Role
    client_id: str | None = None
    partner_org_id: str | None = None
    projects: tuple[tuple[str, str | None], ...] = ()
    second_factor: bool = False
    membership: str = "active"

    @property
    def name(self) -> str:
        """`alice`: the attribute of the world."""
        return self.first_name.lower()

    @property
    def email(self) -> str:
        """`<first>@<domain>.example`."""
        return f"{self.name}@{self.domain}.example"

    @property
    def subject(self) -> str:
        """Who they are to the issuer."""
        return f"{self.name}-of-{self.domain}"


_HARBOUR = ((HARBOUR, None),)
_BOTH = ((HARBOUR, None), (BAYSIDE, None))

ALICE = Someone("Alice", HARBOUR, Role.CLIENT_ADMIN, client_id=HARBOUR, projects=_HARBOUR)
BEN = Someone("Ben", HARBOUR, Role.CLIENT_MANAGER, client_id=HARBOUR, projects=_HARBOUR)
CHLOE = Someone("Chloe", HARBOUR, Role.CLIENT_STAFF, client_id=HARBOUR, projects=((HARBOUR, FRONT_DESK),))
PRIYA = Someone(
    "Priya", PARTNER, Role.PARTNER_ADMIN, partner_org_id=PARTNER, projects=_BOTH, second_factor=True
)
TOM = Someone("Tom", PARTNER, Role.PARTNER_USER, partner_org_id=PARTNER, projects=_BOTH)
ADA = Someone("Ada", "aidial", Role.AIDIAL_ADMIN, second_factor=True)
OMAR = Someone("Omar", "aidial", Role.AIDIAL_OPERATOR, second_factor=True)
OSCAR = Someone("Oscar", "aidial", Role.AIDIAL_OPERATOR)
BELLA = Someone("Bella", BAYSIDE, Role.CLIENT_ADMIN, client_id=BAYSIDE, projects=((BAYSIDE, None),))
MALLORY = Someone("Mallory", NORTHSIDE, Role.CLIENT_ADMIN, client_id=NORTHSIDE, projects=((NORTHSIDE, None),))
NOBODY = Someone(
    "Nobody", HARBOUR, Role.CLIENT_STAFF, client_id=HARBOUR, projects=_HARBOUR, membership="suspended"
)
CARLA = Someone("Carla", CLOSED, Role.CLIENT_ADMIN, client_id=CLOSED, projects=((CLOSED, None),))

PEOPLE = (ALICE, BEN, CHLOE, PRIYA, TOM, ADA, OMAR, OSCAR, BELLA, MALLORY, NOBODY, CARLA)


@dataclass(frozen=True, slots=True)
class Machine:
    """A key. `trouble` is "", "expired" or "revoked"."""

    name: str
    client_id: str
    scope: str
    trouble: str = ""


MACHINES = (
    Machine("harbour_read", HARBOUR, "read"),
    Machine("harbour_manage", HARBOUR, "manage"),
    Machine("bayside_manage", BAYSIDE, "manage"),
    Machine("northside_manage", NORTHSIDE, "manage"),
    Machine("expired_key", HARBOUR, "manage", "expired"),
    Machine("revoked_key", HARBOUR, "manage", "revoked"),
)
