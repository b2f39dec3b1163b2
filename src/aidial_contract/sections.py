"""The sections of settings as rows: who may see and edit one, what it may hold, what a summary leaves out.

Routes, forms and the menu of settings are drawn from them in both apps. The one thing a newcomer would get
wrong: a section is added here (and its default in the API, its words in the portal); no handler is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from aidial_contract.access import Permission
from aidial_contract.addresses import is_address
from aidial_contract.fault import FieldError
from aidial_contract.networks import parse_network
from aidial_contract.project_sections import PROJECT_SECTIONS
from aidial_contract.section import Save, Section
from aidial_contract.shapes import reports
from aidial_contract.shapes import settings as shapes
from aidial_contract.zones import is_zone

# RFC 5646 without the grandfathered tags.
_TAG: Final = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.IGNORECASE | re.ASCII,
)
_SCRIPT_LETTERS: Final = 4
_REGION_LETTERS: Final = 2


def language_tag(text: str) -> str | None:
    """A BCP 47 tag in its usual spelling (`en-AU`), or None when it is not well formed."""
    if not _TAG.fullmatch(text):
        return None
    language, *rest = text.split("-")
    parts = [language.lower()]
    for part in rest:
        is_extension = any(len(former) == 1 for former in parts) or len(part) == 1
        if not is_extension and len(part) == _SCRIPT_LETTERS and part.isalpha():
            parts.append(part.title())
        elif not is_extension and len(part) == _REGION_LETTERS:
            parts.append(part.upper())
        else:
            parts.append(part.lower())
    return "-".join(parts)


def _member(body: Any, name: str) -> Any:
    value = body.get("value") if isinstance(body, dict) else None
    return value.get(name) if isinstance(value, dict) else None


def _tenant_settings(body: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """Zone, language tag and addresses are what they claim to be."""
    tests = {
        "timezone": is_zone,
        "regional_format": lambda text: language_tag(text) is not None,
        "billing_contact": is_address,
        "security_contact": is_address,
    }
    for name, fits in tests.items():
        text, field = _member(body, name), f"/value/{name}"
        if isinstance(text, str) and field not in failed and not fits(text):
            yield FieldError(field, "format")


def _ip_allowlist(body: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """Networks that are some, each once; and an allowlist that is on names at least one."""
    entries = _member(body, "entries")
    if not isinstance(entries, list) or "/value/entries" in failed:
        return
    if not entries and _member(body, "enabled") is True:
        yield FieldError("/value/entries", "required")
    seen = set()
    for index, entry in enumerate(entries):
        text, field = entry.get("cidr") if isinstance(entry, dict) else None, f"/value/entries/{index}/cidr"
        if not isinstance(text, str) or field in failed:
            continue
        network = parse_network(text)
        if network is None:
            yield FieldError(field, "format")
        elif network in seen:
            yield FieldError(field, "repeated")
        seen.add(network)


SECTIONS: Final = (
    Section(
        slug="tenant-settings",
        view=Permission.TENANT_SETTINGS_VIEW,
        edit=Permission.TENANT_SETTINGS_EDIT,
        value=shapes.TenantSettings,
        document=shapes.TenantSettingsDocument,
        portal_document=shapes.PortalTenantSettings,
        restricted=("billing_contact", "security_contact"),
        exported=("timezone", "regional_format", "display_name", "staff_may_play_recordings"),
        saves=(
            Save(
                change=shapes.TenantSettingsChange,
                portal_change=shapes.PortalTenantSettingsChange,
                rules=(_tenant_settings,),
            ),
        ),
        per_project=False,
        in_runtime=False,
    ),
    Section(
        slug="ip-allowlist",
        view=Permission.IP_ALLOWLIST_VIEW,
        edit=Permission.IP_ALLOWLIST_EDIT,
        value=shapes.IpAllowlist,
        document=shapes.IpAllowlistDocument,
        portal_document=shapes.PortalIpAllowlist,
        restricted=("entries",),
        exported=("enabled",),
        saves=(
            Save(
                change=shapes.IpAllowlistChange,
                portal_change=shapes.PortalIpAllowlistChange,
                rules=(_ip_allowlist,),
            ),
        ),
        per_project=False,
        in_runtime=False,
    ),
    Section(
        slug="session-policy",
        view=Permission.TENANT_SETTINGS_VIEW,
        edit=Permission.TENANT_SETTINGS_EDIT,
        value=shapes.SessionPolicy,
        document=shapes.SessionPolicyDocument,
        portal_document=shapes.PortalSessionPolicy,
        restricted=(),
        exported=("idle_minutes", "absolute_hours", "concurrent_sessions"),
        saves=(
            Save(change=shapes.SessionPolicyChange, portal_change=shapes.PortalSessionPolicyChange, rules=()),
        ),
        per_project=False,
        in_runtime=False,
    ),
    *PROJECT_SECTIONS,
    Section(
        slug="reports",
        view=Permission.REPORTS_VIEW,
        or_view=Permission.REPORTS_HISTORY,
        edit=Permission.REPORTS_EDIT,
        value=reports.Reports,
        document=reports.ReportsDocument,
        portal_document=reports.PortalReports,
        restricted=("monthly_summary/recipients",),
        exported=("monthly_summary/enabled",),
        saves=(
            Save(
                change=reports.ReportsChange,
                portal_change=reports.PortalReportsChange,
                rules=(reports.reports_rules,),
            ),
        ),
        per_project=False,
        in_runtime=False,
        of_all_lines=True,
    ),
)
"""In the order in which they are shown."""

BY_SLUG: Final = {section.slug: section for section in SECTIONS}
