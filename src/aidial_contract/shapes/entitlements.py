"""Entitlements on the wire: what a tenant's plan includes.

The one thing a newcomer would get wrong: a tenant for whom nothing was ever saved has everything. A save
names every member, so that one left out by mistake grants nothing.
"""

from __future__ import annotations

from typing import Final, Literal

from aidial_contract.shapes.common import Incoming, Outgoing
from aidial_contract.shapes.settings import ExpectedVersion, SettingsDocument, SettingsProject

SECTION: Final = "entitlements"
Entitlement = Literal["recording_download", "api_key_management"]
RESTRICTED: Final = frozenset({"api_key_management"})
"""What a summary leaves out: what nobody who reads one has to do with."""


class Entitlements(Outgoing):
    """What is stored. Only what AiDial enforces is here (decision 58).

    `recording_download`: recordings may be downloaded, where a role and a call's consent allow it.
    `api_key_management`: partners make and rotate the tenant's API keys.
    """

    recording_download: bool = True
    api_key_management: bool = True


class NewEntitlements(Incoming):
    """What a save takes: the whole value."""

    recording_download: bool
    api_key_management: bool


class EntitlementsShown(Outgoing):
    """What is answered. `api_key_management` is null in a summary, and named in `restricted`."""

    recording_download: bool
    api_key_management: bool | None


class EntitlementsDocument(SettingsDocument, kw_only=True):
    """`GET /v1/settings/entitlements`."""

    client_id: str
    working: EntitlementsShown
    published: EntitlementsShown


class PortalEntitlements(EntitlementsDocument, kw_only=True):
    """`GET /api/settings/entitlements`; `projects` is empty, because a plan is a whole tenant's."""

    projects: list[SettingsProject]


class EntitlementsChange(Incoming):
    """`PUT /v1/settings/entitlements`."""

    value: NewEntitlements
    expected_version: ExpectedVersion | None = None
