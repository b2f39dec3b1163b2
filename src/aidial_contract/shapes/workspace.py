"""Projects' drafts and published versions: `product.md` sections 10 and 12.

The one thing a newcomer would get wrong: saving a draft changes nothing for callers; the runtime reads what
was published, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import Incoming, JsonObject, Line, Note, Outgoing, Time, Uuid, Version
from aidial_contract.zones import is_zone


class Profile(Incoming):
    """What a project is called, and in which zone its days begin (an IANA name)."""

    display_name: Line
    timezone: Line


class ProfileChange(Incoming):
    """`PUT .../draft/profile`."""

    value: Profile
    expected_version: Version | None = None


class Publication(Incoming):
    """`POST .../publish`: the draft of `expected_version` becomes what the runtime reads."""

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


class RuntimeConfig(Outgoing):
    """`GET /v1/projects/{project_id}/runtime-config`: the published sections, by name."""

    project_id: Uuid
    number: int
    published_at: Time
    profile: JsonObject


def profile_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """The name holds something; the zone is one that exists."""
    value = body.get("value") if isinstance(body, dict) else None
    name = value.get("display_name") if isinstance(value, dict) else None
    if isinstance(name, str) and "/value/display_name" not in failed and not name.strip():
        yield FieldError("/value/display_name", "too_short")
    zone = value.get("timezone") if isinstance(value, dict) else None
    if isinstance(zone, str) and "/value/timezone" not in failed and not is_zone(zone):
        yield FieldError("/value/timezone", "not_allowed")


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a project: the body that changes it, and its rules."""

    name: str
    change: type[msgspec.Struct]
    rules: tuple[Callable[[Any, frozenset[str]], Iterable[FieldError]], ...]


SECTIONS: Final = (Section("profile", ProfileChange, (profile_rules,)),)
"""Every section there is; both apps make their rows of this list."""
