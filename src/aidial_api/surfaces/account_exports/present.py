"""Account exports as they are shown.

The one thing a newcomer would get wrong: an export expires at its time, not when the job that deletes its
file has run.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aidial_contract.lifecycle import ACCOUNT_EXPORTS
from aidial_contract.shapes.account_exports import AccountExport, ExportManifest

if TYPE_CHECKING:
    import asyncpg

manifest_of: Final = msgspec.json.Decoder(ExportManifest).decode


def status_of(row: asyncpg.Record, now: datetime) -> Any:
    """The state at a moment: at `expires_at` itself it is over."""
    status: str = row["status"]
    is_over = ACCOUNT_EXPORTS.may_go(status, "expired") and row["expires_at"] <= now
    return "expired" if is_over else status


def to_export(row: asyncpg.Record, asker_id: str, now: datetime) -> AccountExport:
    """One stored export for somebody who reaches all that is in it."""
    manifest = None if row["manifest"] is None else manifest_of(row["manifest"])
    return AccountExport(
        job_id=str(row["job_id"]),
        status=status_of(row, now),
        categories=row["categories"],
        categories_done=row["categories_done"],
        rows=row["rows"],
        requested_by=row["requested_by_name"],
        is_own=str(row["requested_by"]) == asker_id,
        requested_at=row["requested_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        expires_at=row["expires_at"],
        size_bytes=row["size_bytes"],
        checksum=None if manifest is None else manifest.checksum,
        manifest=manifest,
        failure=row["failure"],
        downloads=row["downloads"],
        version=row["version"],
    )


def next_moment(times: list[datetime], most: int, window: timedelta) -> datetime | None:
    """When the next may follow these (of the window, the oldest first); None when it may now."""
    return None if len(times) < most else times[len(times) - most] + window
