"""What is a section's own beside its row in the contract: its default, and what a save does.

The one thing a newcomer would get wrong: `settled` gives the value that is stored, in the one form in which
equal things are equal; it refuses what only the request can tell (422).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.surfaces.settings import store
from aidial_api.surfaces.settings.project_ways import PROJECT_WAYS
from aidial_api.surfaces.settings.report_ways import REPORTS
from aidial_api.surfaces.settings.way import Ways
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.networks import holds, parse_network
from aidial_contract.sections import language_tag
from aidial_contract.settings import Network
from aidial_contract.shapes.settings import (
    AllowlistEntry,
    IpAllowlist,
    NewIpAllowlist,
    NewSessionPolicy,
    NewTenantSettings,
    SessionPolicy,
    TenantSettings,
)

DEFAULT_FORMAT: Final = "en-AU"


def _plain_tenant(row: asyncpg.Record) -> TenantSettings:
    return TenantSettings(
        timezone=row["timezone"],
        regional_format=DEFAULT_FORMAT,
        billing_contact=row["contact_email"],
        security_contact=row["contact_email"],
        display_name=row["name"],
    )


def _settled_tenant(_: Ask, new: NewTenantSettings, __: Any) -> TenantSettings:
    return TenantSettings(
        timezone=new.timezone,
        regional_format=language_tag(new.regional_format) or DEFAULT_FORMAT,
        billing_contact=new.billing_contact,
        security_contact=new.security_contact,
        display_name=(new.display_name or "").strip() or None,
        staff_may_play_recordings=new.staff_may_play_recordings,
    )


async def _moved(ask: Ask, value: TenantSettings) -> None:
    await store.move(ask.tx, ask.found["client_id"], value.timezone)


def _open_to_all(_: asyncpg.Record) -> IpAllowlist:
    return IpAllowlist(enabled=False, entries=[])


def _settled_allowlist(ask: Ask, new: NewIpAllowlist, _: Any) -> IpAllowlist:
    """Networks without host bits. 422 when it would shut out the address it is sent from, unconfirmed."""
    networks: list[Network] = []
    entries: list[AllowlistEntry] = []
    for entry in new.entries:
        network = parse_network(entry.cidr)
        if network is not None:  # the rules refused the others
            networks.append(network)
            entries.append(AllowlistEntry(cidr=str(network), label=entry.label.strip()))
    if new.enabled and not new.confirm_lockout and not holds(networks, ask.client_ip):
        fields = [FieldError("/value/confirm_lockout", "locks_you_out")]
        raise Fault(errors.VALIDATION_FAILED, field_errors=fields, reason="would lock out its own author")
    return IpAllowlist(enabled=new.enabled, entries=entries)


def _own_limits(_: asyncpg.Record) -> SessionPolicy:
    return SessionPolicy()


def _settled_policy(_: Ask, new: NewSessionPolicy, __: Any) -> SessionPolicy:
    return SessionPolicy(
        idle_minutes=new.idle_minutes,
        absolute_hours=new.absolute_hours,
        concurrent_sessions=new.concurrent_sessions,
    )


async def _tightened(ask: Ask, value: SessionPolicy) -> None:
    """Sessions that are open end no later than the new limits say; what was loosened counts from now on."""
    await store.tighten(ask.tx, ask.found["client_id"], value.idle_minutes, value.absolute_hours)


WAYS: Final[Mapping[str, Ways]] = {
    "tenant-settings": Ways(default=_plain_tenant, settled=_settled_tenant, applied=_moved),
    "ip-allowlist": Ways(default=_open_to_all, settled=_settled_allowlist),
    "session-policy": Ways(default=_own_limits, settled=_settled_policy, applied=_tightened),
    "reports": REPORTS,
    **PROJECT_WAYS,
}
"""By slug."""
