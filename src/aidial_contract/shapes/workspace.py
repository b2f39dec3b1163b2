"""Projects' drafts and published versions: `product.md` sections 10 and 12.

The one thing a newcomer would get wrong: saving a draft changes nothing for callers; the runtime reads what
was published, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import (
    Incoming,
    JsonObject,
    Label,
    Line,
    Note,
    Outgoing,
    Time,
    Uuid,
    Version,
)
from aidial_contract.shapes.project_settings import PublicHoliday
from aidial_contract.zones import is_zone

UNCLASSIFIED: Final = "unclassified"
"""What a call is that is none of its project's values."""
TERM_LISTS: Final = {"outcomes": "outcome", "resolutions": "resolution", "call_types": "call_type"}
"""The lists of a taxonomy, and the member of a call that each is about."""
_CODE: Final = re.compile(r"[a-z0-9_]+")


def is_code(text: str) -> bool:
    """Whether what a call says of itself is a code such as `appointment_booked`, not somebody's own words."""
    return _CODE.fullmatch(text) is not None


class Profile(Incoming):
    """What a project is called, and in which zone its days begin (an IANA name)."""

    display_name: Line
    timezone: Line


class ProfileChange(Incoming):
    """`PUT .../draft/profile`."""

    value: Profile
    expected_version: Version | None = None


Code = Annotated[str, Meta(max_length=80, pattern=r"\A[a-z0-9]+(_[a-z0-9]+)*\Z")]
MOST_TERMS: Final = 100


class Term(Incoming):
    """A value that calls of this project may have: its code as it is stored, its label for reading."""

    code: Code
    label: Label


Terms = Annotated[list[Term], Meta(max_length=MOST_TERMS)]


class Taxonomy(Incoming):
    """The values that calls of a project may have. An empty list allows any; else others are unclassified."""

    outcomes: Terms
    resolutions: Terms
    call_types: Terms


class TaxonomyChange(Incoming):
    """`PUT .../draft/taxonomy`."""

    value: Taxonomy
    expected_version: Version | None = None


MOST_DESTINATIONS: Final = 20


class TransferDestination(Incoming):
    """Where calls may be handed over to. Customers see the label; `warm`: the agent speaks first."""

    code: Code
    label: Label
    number: Annotated[str, Meta(pattern=r"\A\+[1-9][0-9]{5,14}\Z", description="E.164")]
    mode: Literal["warm", "cold"] = "cold"


class TransferRouting(Incoming):
    """The destinations customers may choose from, once they are published."""

    destinations: Annotated[list[TransferDestination], Meta(max_length=MOST_DESTINATIONS)]


class TransferRoutingChange(Incoming):
    """`PUT .../draft/transfer-routing`."""

    value: TransferRouting
    expected_version: Version | None = None


class Publication(Incoming):
    """`POST .../publish`: a section's draft of `expected_version` becomes what the runtime reads."""

    section: Literal["profile", "taxonomy", "transfer-routing"] = "profile"
    expected_version: Version | None = None
    note: Note | None = None


class Draft(Outgoing):
    """A section's working copy. `is_published`: it is what the newest published version holds."""

    section: str
    version: int
    value: JsonObject
    is_published: bool
    changed_at: Time | None


class PublishedVersion(Outgoing):
    """One published version, without its content."""

    number: int
    published_at: Time
    published_by: str | None
    note: str | None


class Published(Outgoing):
    """What a publication answers."""

    version: PublishedVersion


class PublishedVersionList(Outgoing):
    """`GET .../versions`, newest first."""

    versions: list[PublishedVersion]
    next_cursor: str | None


class RuntimeGreeting(Outgoing):
    """What the agent says first ("" for its own words), and whether a caller may speak over it."""

    text: str
    interruptible: bool


class RuntimeMaxDuration(Outgoing):
    """After so many seconds the runtime ends a call."""

    timeout_seconds: int


class RuntimeHangup(Outgoing):
    """When the runtime ends a call by itself."""

    max_duration: RuntimeMaxDuration


class RuntimeHolidays(Outgoing):
    """Whether the line is closed on the public holidays of a calendar, or open as on other days.

    `closed_on` are those of this year and the next that close it: none where `mode` is `regular`. A special
    day of the same date counts before it.
    """

    mode: str
    calendar: str
    closed_on: list[PublicHoliday]


class RuntimeHours(Outgoing):
    """When the line is open, by the clocks of `timezone`: ranges of `mon` to `sun`, special days."""

    timezone: str
    weekly: JsonObject
    public_holidays: RuntimeHolidays
    special_days: list[JsonObject]


class RuntimeCompliance(Outgoing):
    """What the agent tells a caller of what is collected, and what it asks, word for word."""

    template_revision: str
    collection_notice: str
    consent_notice: str


class RuntimeDestination(Outgoing):
    """The destination a customer chose, as it was when they saved it."""

    label: str
    number: str
    mode: str


class RuntimeTransfer(Outgoing):
    """Whether calls are handed over after hours, to whom, and what the agent says to each side."""

    after_hours: bool
    destination: RuntimeDestination | None
    warmup_message: str
    handoff_message: str


class RuntimeConfig(Outgoing):
    """`GET /v1/projects/{project_id}/runtime-config`: the published sections, by name."""

    project_id: Uuid
    number: int
    published_at: Time
    profile: JsonObject
    taxonomy: JsonObject | None
    greeting: RuntimeGreeting
    hangup: RuntimeHangup
    business_hours: RuntimeHours | None
    compliance: RuntimeCompliance
    transfer: RuntimeTransfer


class ShownTerm(Outgoing):
    """A value and what people read."""

    code: str
    label: str


class ProjectTaxonomy(Outgoing):
    """What the calls of one project may be; a list that is empty says nothing about them."""

    project_id: Uuid
    client_id: str
    outcomes: list[ShownTerm]
    resolutions: list[ShownTerm]
    call_types: list[ShownTerm]


class TaxonomyList(Outgoing):
    """`GET /v1/taxonomies`: one of each project that has published one."""

    taxonomies: list[ProjectTaxonomy]


def profile_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """The name holds something; the zone is one that exists."""
    value = body.get("value") if isinstance(body, dict) else None
    name = value.get("display_name") if isinstance(value, dict) else None
    if isinstance(name, str) and "/value/display_name" not in failed and not name.strip():
        yield FieldError("/value/display_name", "too_short")
    zone = value.get("timezone") if isinstance(value, dict) else None
    if isinstance(zone, str) and "/value/timezone" not in failed and not is_zone(zone):
        yield FieldError("/value/timezone", "not_allowed")


def taxonomy_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """A code stands once in its list, is not the one for everything else, and its label says something."""
    value = body.get("value") if isinstance(body, dict) else None
    for name in TERM_LISTS:
        terms = value.get(name) if isinstance(value, dict) else None
        if not isinstance(terms, list) or f"/value/{name}" in failed:
            continue
        seen: set[str] = set()
        for index, term in enumerate(terms):
            code, label = (term.get("code"), term.get("label")) if isinstance(term, dict) else (None, None)
            at = f"/value/{name}/{index}"
            if code == UNCLASSIFIED:
                yield FieldError(f"{at}/code", "not_allowed")
            elif isinstance(code, str) and code in seen:
                yield FieldError(f"{at}/code", "repeated")
            elif isinstance(code, str):
                seen.add(code)
            if isinstance(label, str) and f"{at}/label" not in failed and not label.strip():
                yield FieldError(f"{at}/label", "too_short")


def routing_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """A code stands once in the list."""
    value = body.get("value") if isinstance(body, dict) else None
    destinations = value.get("destinations") if isinstance(value, dict) else None
    if not isinstance(destinations, list) or "/value/destinations" in failed:
        return
    seen: set[str] = set()
    for index, one in enumerate(destinations):
        code = one.get("code") if isinstance(one, dict) else None
        if isinstance(code, str) and code in seen:
            yield FieldError(f"/value/destinations/{index}/code", "repeated")
        elif isinstance(code, str):
            seen.add(code)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a project: the body that changes it, and its rules."""

    name: str
    change: type[msgspec.Struct]
    rules: tuple[Callable[[Any, frozenset[str]], Iterable[FieldError]], ...]


SECTIONS: Final = (
    Section("profile", ProfileChange, (profile_rules,)),
    Section("taxonomy", TaxonomyChange, (taxonomy_rules,)),
    Section("transfer-routing", TransferRoutingChange, (routing_rules,)),
)
"""Every section there is; both apps make their rows of this list."""
