"""The three practices, where they are, and the phone lines (projects) AiDial answers for them.

Streets and people are invented. Prices are whole Australian dollars, spoken in words by the agents.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal
from uuid import UUID

from aidial.seed.services import DENTAL_SERVICES, PHYSIO_SERVICES, Service

Kind = Literal["dental", "physio"]
Line = Literal["front_desk", "after_hours"]
IDS_BEGIN_MS = 1_767_571_200_000  # 5 January 2026 00:00 UTC: the demo's organisations predate its calls


@dataclass(frozen=True, slots=True)
class Project:
    """One phone line: its number, its agent and which hours it answers."""

    project_id: str
    name: str
    line: Line
    number: str
    agent_id: str
    agent_name: str


@dataclass(frozen=True, slots=True)
class Business:
    """A practice as its callers know it. `open_days` are weekdays with Monday as 0."""

    client_id: str
    name: str
    domain: str
    kind: Kind
    city: str
    state: str
    timezone: str
    area_code: str
    address: str
    landmark: str
    parking: str
    transit: str
    hours_said: str
    open_days: frozenset[int]
    first_hour: int
    last_hour: int
    practitioners: tuple[str, ...]
    suburbs: tuple[str, ...]
    services: tuple[Service, ...]
    projects: tuple[Project, ...]

    def project(self, project_id: str) -> Project:
        """Find the line; a project this list does not know is played as the first one."""
        return next((each for each in self.projects if each.project_id == project_id), self.projects[0])


def stable_uuid7(name: str) -> str:
    """Derive a valid UUIDv7 from a name: the same at every start, as the demo's ids must be."""
    digest = int.from_bytes(sha256(f"aidial demo {name}".encode()).digest()[:10])
    stamp = (IDS_BEGIN_MS + digest % 86_400_000) << 80
    variant = (digest & ((1 << 62) - 1)) | (0b10 << 62)
    return str(UUID(int=stamp | (0x7 << 76) | ((digest >> 62) & 0xFFF) << 64 | variant))


def _project(client_id: str, name: str, line: Line, number: str, agent_name: str) -> Project:
    return Project(
        project_id=stable_uuid7(f"project {client_id} {name}"),
        name=name,
        line=line,
        number=number,
        agent_id=f"agent-{client_id}-{agent_name.lower()}",
        agent_name=agent_name,
    )


HARBOUR_DENTAL = Business(
    client_id="harbour-dental",
    name="Harbour Dental",
    domain="harbour-dental.example",
    kind="dental",
    city="Sydney",
    state="NSW",
    timezone="Australia/Sydney",
    area_code="02",
    address="Level 1, 48 Figtree Lane, Pyrmont",
    landmark="above the bakery, opposite the little park",
    parking="two hours free under the building, come in off the lane",
    transit="the light rail stops about three minutes' walk away",
    hours_said="eight to six Monday to Friday, and eight thirty to one on Saturdays",
    open_days=frozenset(range(6)),
    first_hour=8,
    last_hour=17,
    practitioners=("Doctor Helen Marsh", "Doctor Vikram Rao", "Doctor Sophie Tran", "Liz, our hygienist"),
    suburbs=(
        "Pyrmont",
        "Glebe",
        "Balmain",
        "Ultimo",
        "Newtown",
        "Rozelle",
        "Surry Hills",
        "Leichhardt",
        "Annandale",
    ),
    services=DENTAL_SERVICES,
    projects=(
        _project("harbour-dental", "Front desk", "front_desk", "+61255501820", "Matilda"),
        _project("harbour-dental", "After hours", "after_hours", "+61255501829", "Jasper"),
    ),
)
BAYSIDE_PHYSIO = Business(
    client_id="bayside-physio",
    name="Bayside Physio",
    domain="bayside-physio.example",
    kind="physio",
    city="Melbourne",
    state="VIC",
    timezone="Australia/Melbourne",
    area_code="03",
    address="215 Foreshore Street, Brighton",
    landmark="next to the pharmacy, with the blue awning",
    parking="angle parking out the front, and all-day parking behind the pharmacy",
    transit="it's a five-minute walk from the station, or the bus stops at the corner",
    hours_said="seven to seven on weekdays, and eight to twelve on Saturdays",
    open_days=frozenset(range(6)),
    first_hour=7,
    last_hour=18,
    practitioners=("Nick Papas", "Alana Reid", "Jonah Lim", "Bec Sutherland"),
    suburbs=(
        "Brighton",
        "Sandringham",
        "Hampton",
        "Elwood",
        "Bentleigh",
        "St Kilda",
        "Moorabbin",
        "Black Rock",
    ),
    services=PHYSIO_SERVICES,
    projects=(
        _project("bayside-physio", "Front desk", "front_desk", "+61355507310", "Ruby"),
        _project("bayside-physio", "After hours", "after_hours", "+61355507317", "Ruby"),
    ),
)
NORTHSIDE_DENTAL = Business(
    client_id="northside-dental",
    name="Northside Dental",
    domain="northside-dental.example",
    kind="dental",
    city="Brisbane",
    state="QLD",
    timezone="Australia/Brisbane",
    area_code="07",
    address="Shop 6, 90 Pavilion Road, Chermside",
    landmark="in the small arcade, two doors from the newsagent",
    parking="the arcade car park's free for three hours",
    transit="the busway station's across the road",
    hours_said="eight to five thirty, Monday to Friday",
    open_days=frozenset(range(5)),
    first_hour=8,
    last_hour=16,
    practitioners=("Doctor Paul Everett", "Doctor Aisha Khan"),
    suburbs=("Chermside", "Aspley", "Kedron", "Nundah", "Stafford", "Wavell Heights", "Geebung"),
    services=DENTAL_SERVICES,
    projects=(_project("northside-dental", "Reception", "front_desk", "+61755504460", "Banjo"),),
)
BUSINESSES = (HARBOUR_DENTAL, BAYSIDE_PHYSIO, NORTHSIDE_DENTAL)
