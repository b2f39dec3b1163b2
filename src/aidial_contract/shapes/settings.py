"""Settings sections on the wire: what a save takes, and the document every section answers with.

The one thing a newcomer would get wrong: a summary is a smaller document, made by the API. What it leaves out
is named in `restricted`; nothing is sent and then hidden.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.shapes.common import Incoming, Label, Line, Outgoing, Time

MAX_ENTRIES: Final = 100
Mode = Literal["edit", "summary", "history"]
"""`history` is of `reports` alone: who sees what was sent, and not what is set."""
ExpectedVersion = Annotated[int, Meta(ge=0, le=2**31 - 1, description="The version that was changed")]
Address = Annotated[
    str, Meta(min_length=3, max_length=254, pattern=TEXT_PATTERN, description="An e-mail address")
]
Zone = Annotated[str, Meta(min_length=1, max_length=64, description="IANA time zone")]
LanguageTag = Annotated[str, Meta(min_length=2, max_length=35, description="BCP 47 tag")]
Cidr = Annotated[str, Meta(min_length=2, max_length=49, description="IPv4 or IPv6 network, or one address")]
EntryLabel = Annotated[str, Meta(max_length=80, pattern=TEXT_PATTERN)]


class TenantSettings(Outgoing):
    """`tenant-settings`: how times and numbers are shown, whom AiDial writes to, what it is called.

    Managers play recordings anyway; staff only where `staff_may_play_recordings` says so.
    """

    timezone: Zone
    regional_format: LanguageTag
    billing_contact: Address | None = None
    security_contact: Address | None = None
    display_name: Line | None = None
    staff_may_play_recordings: bool = False


class NewTenantSettings(TenantSettings, forbid_unknown_fields=True):
    """What a save of `tenant-settings` takes: the whole value; a contact left out is none."""


class AllowlistEntry(Outgoing):
    """One network of the allowlist, normalised: no host bits, IPv4 in its own form."""

    cidr: Cidr
    label: EntryLabel = ""


class IpAllowlist(Outgoing):
    """`ip-allowlist`: while enabled, the tenant answers only these networks."""

    enabled: bool
    entries: list[AllowlistEntry]


class NewAllowlistEntry(AllowlistEntry, forbid_unknown_fields=True):
    """One network as it is given: a network, or an address for itself alone."""


class NewIpAllowlist(Incoming):
    """What a save of `ip-allowlist` takes. `confirm_lockout`: yes, even when it shuts out who asks."""

    enabled: bool
    entries: Annotated[list[NewAllowlistEntry], Meta(max_length=MAX_ENTRIES)]
    confirm_lockout: bool = False


class SessionPolicy(Outgoing):
    """`session-policy`: limits of this tenant's people. They tighten AiDial's own: the stricter one counts.

    Null: AiDial's own limit. `idle_minutes` without any use, `absolute_hours` since sign-in,
    `concurrent_sessions` of one person, beyond which the oldest ends.
    """

    idle_minutes: Annotated[int, Meta(ge=5, le=1_440)] | None = None
    absolute_hours: Annotated[int, Meta(ge=1, le=168)] | None = None
    concurrent_sessions: Annotated[int, Meta(ge=1, le=100)] | None = None


class NewSessionPolicy(SessionPolicy, forbid_unknown_fields=True):
    """What a save of `session-policy` takes: the whole value."""


class LastChange(Outgoing):
    """When a section was last saved, and by whom: an e-mail address."""

    at: Time
    by: str | None


class SettingsProject(Outgoing):
    """A project a section can be chosen for; `ref` is opaque and one person's."""

    ref: str
    name: str


class Provenance(Outgoing):
    """Where the two copies of a project's section come from.

    `working`: `saved` by somebody, or as the project was `set_up`. `published_version`: the version of the
    project that its runtime reads; null where no version holds the section, and it is as set up.
    """

    working: Literal["set_up", "saved"]
    published_version: int | None


class SettingsDocument(Outgoing, kw_only=True):
    """What every section has. A section is published as it is saved, unless it says otherwise.

    `observed_at` is when a runtime was last seen to use it: null where none does. `restricted` names the
    members of `working` that a summary leaves empty, `counts` how many there are of those that are lists.
    `provenance` is there where a project's runtime works by the section.
    """

    section: str
    mode: Mode
    version: int
    publish_status: Literal["published", "pending_publish", "publishing", "failed"]
    observed_at: Time | None
    last_changed: LastChange | None
    provenance: Provenance | UnsetType = UNSET
    restricted: list[str] | UnsetType = UNSET
    counts: dict[str, int] | UnsetType = UNSET


class TenantSettingsDocument(SettingsDocument, kw_only=True):
    """`GET /v1/settings/tenant-settings`."""

    working: TenantSettings
    published: TenantSettings


class IpAllowlistDocument(SettingsDocument, kw_only=True):
    """`GET /v1/settings/ip-allowlist`."""

    working: IpAllowlist
    published: IpAllowlist


class SessionPolicyDocument(SettingsDocument, kw_only=True):
    """`GET /v1/settings/session-policy`."""

    working: SessionPolicy
    published: SessionPolicy


class PortalSessionPolicy(SessionPolicyDocument, kw_only=True):
    """`GET /api/settings/session-policy`; `projects` is empty where a section is not per project."""

    projects: list[SettingsProject]


class PortalTenantSettings(TenantSettingsDocument, kw_only=True):
    """`GET /api/settings/tenant-settings`; `projects` is empty where a section is not per project."""

    projects: list[SettingsProject]


class PortalIpAllowlist(IpAllowlistDocument, kw_only=True):
    """`GET /api/settings/ip-allowlist`; `projects` is empty where a section is not per project."""

    projects: list[SettingsProject]


class TenantSettingsChange(Incoming):
    """`PUT /v1/settings/tenant-settings`."""

    value: NewTenantSettings
    expected_version: ExpectedVersion | None = None


class IpAllowlistChange(Incoming):
    """`PUT /v1/settings/ip-allowlist`."""

    value: NewIpAllowlist
    expected_version: ExpectedVersion | None = None


class PortalTenantSettingsChange(TenantSettingsChange, kw_only=True):
    """`PUT /api/settings/tenant-settings`; a `project_ref` must be one's own, and changes nothing."""

    project_ref: Label | None = None


class PortalIpAllowlistChange(IpAllowlistChange, kw_only=True):
    """`PUT /api/settings/ip-allowlist`; a `project_ref` must be one's own, and changes nothing."""

    project_ref: Label | None = None


class SessionPolicyChange(Incoming):
    """`PUT /v1/settings/session-policy`."""

    value: NewSessionPolicy
    expected_version: ExpectedVersion | None = None


class PortalSessionPolicyChange(SessionPolicyChange, kw_only=True):
    """`PUT /api/settings/session-policy`; a `project_ref` must be one's own, and changes nothing."""

    project_ref: Label | None = None
