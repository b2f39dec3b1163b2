"""Turning notifications and reports on from outside a request: the demo's.

Written as the owner of the tables, under row-level security like everybody. The one thing a newcomer would
get wrong: it tells of calls that are there already too, the newest ones, as if they had just ended.
"""

from __future__ import annotations

from typing import Final

from aidial_api.kernel import client_settings, monthly_reports, project_settings
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.crypto import MasterKey, TenantKeys
from aidial_api.kernel.db import owner_transaction
from aidial_api.kernel.months import month_of, moved
from aidial_api.kernel.outgoing.recipients import SECTION, call_ended, nobody, sealed
from aidial_api.kernel.reach import Reach
from aidial_contract.ids import new_id
from aidial_contract.shapes.notifications import Notifications
from aidial_contract.shapes.reports import Reports

_LABEL: Final = "command line"
_LATEST: Final = """
SELECT call_id::text FROM calls WHERE client_id = $1 AND project_id = $2::uuid AND status <> 'live'
ORDER BY started_at DESC, call_id DESC LIMIT $3
"""
_EVENT: Final = """
INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id,
                          project_id)
VALUES ($1, $2, 'system', $3, $4, 'settings', $5, $6)
"""
_ZONE: Final = "SELECT timezone FROM clients WHERE client_id = $1"


async def turn_on(
    owner_url: str,
    master_key: bytes,
    client_id: str,
    project_id: str,
    chosen: Notifications,
    *,
    latest: int,
) -> bool:
    """Set a project's notifications, and tell of its `latest` calls. False: somebody set them before."""
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        key = await TenantKeys(MasterKey(master_key)).get(tx, client_id)
        text = sealed(key, project_id, chosen)
        first = project_settings.FIRST_VERSION
        before = sealed(key, project_id, nobody())
        saved = await project_settings.save(
            tx, client_id, project_id, SECTION, text, first, _LABEL, before=before
        )
        if saved is None:
            return False
        action = "settings.notifications.updated"
        await tx.execute(_EVENT, new_id(), client_id, _LABEL, action, SECTION, project_id)
        for row in await tx.fetch(_LATEST, client_id, project_id, latest):
            await call_ended(tx, client_id, project_id, row["call_id"], at=utc_now())
    return True


async def turn_on_summary(
    owner_url: str, master_key: bytes, client_id: str, chosen: Reports, *, months_back: int
) -> bool:
    """Set a tenant's reports, and have those of so many months made. False: somebody set them before."""
    section = monthly_reports.SECTION
    async with owner_transaction(owner_url, Reach((client_id,))) as tx:
        key = await TenantKeys(MasterKey(master_key)).get(tx, client_id)
        text, first = monthly_reports.sealed(key, chosen), client_settings.FIRST_VERSION
        before = monthly_reports.sealed(key, monthly_reports.nobody())
        saved = await client_settings.save(tx, client_id, section, text, first, _LABEL, before=before)
        if saved is None:
            return False
        action = "settings.reports.updated"
        await tx.execute(_EVENT, new_id(), client_id, _LABEL, action, section, None)
        timezone = await tx.fetchval(_ZONE, client_id)
        # The first one asks for the next, and so on to this month's.
        month = moved(month_of(utc_now(), timezone), -months_back)
        await monthly_reports.ask_for(tx, client_id, month, timezone)
    return True
