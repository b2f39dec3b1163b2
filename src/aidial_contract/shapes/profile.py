"""One's own profile on the wire: five members that administrators change themselves.

The one thing a newcomer would get wrong: e-mail address, role and organisation are no part of it. Who one is
says the sign-in service, and what one may do says somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from msgspec import Meta

from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.fault import FieldError
from aidial_contract.mobiles import mobile_number
from aidial_contract.sections import language_tag
from aidial_contract.shapes.common import Incoming, Outgoing
from aidial_contract.shapes.notifications import Mobile
from aidial_contract.shapes.settings import (
    ExpectedVersion,
    LanguageTag,
    SettingsDocument,
    SettingsProject,
    Zone,
)
from aidial_contract.zones import is_zone

PersonsName = Annotated[str, Meta(max_length=100, pattern=TEXT_PATTERN)]
SECTION = "profile"


class OwnProfile(Outgoing):
    """`profile`. `timezone` null: times are shown in the organisation's. A summary leaves `mobile` null."""

    first_name: PersonsName
    last_name: PersonsName
    mobile: Mobile | None
    timezone: Zone | None
    language: LanguageTag


class NewOwnProfile(Incoming):
    """What a save takes: the whole value; a number or zone left out is none."""

    first_name: PersonsName
    last_name: PersonsName = ""
    mobile: Mobile | None = None
    timezone: Zone | None = None
    language: LanguageTag = "en-AU"


class OwnProfileDocument(SettingsDocument, kw_only=True):
    """`GET /v1/settings/profile`."""

    working: OwnProfile
    published: OwnProfile


class PortalOwnProfile(OwnProfileDocument, kw_only=True):
    """`GET /api/settings/profile`."""

    projects: list[SettingsProject]


class OwnProfileChange(Incoming):
    """`PUT /v1/settings/profile`, and `/api/settings/profile`."""

    value: NewOwnProfile
    expected_version: ExpectedVersion | None = None


def profile_rules(body: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """A first name that is more than spaces; a number, zone and language that can be some."""
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, dict):
        return
    tests: dict[str, tuple[Callable[[str], bool], str]] = {
        "first_name": (lambda text: bool(text.strip()), "required"),
        "mobile": (lambda text: mobile_number(text) is not None, "format"),
        "timezone": (is_zone, "format"),
        "language": (lambda text: language_tag(text) is not None, "format"),
    }
    for name, (fits, code) in tests.items():
        text, field = value.get(name), f"/value/{name}"
        if isinstance(text, str) and field not in failed and not fits(text):
            yield FieldError(field, code)
