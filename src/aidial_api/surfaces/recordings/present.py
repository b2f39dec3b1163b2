"""From stored recordings to what a reader may see of them.

The one thing a newcomer would get wrong: what may be done is said with them, for this reader; it is no
permission, and the rows that do it decide again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from aidial_api.surfaces.recordings.rules import Purpose, reason_against
from aidial_contract.access import Level, Permission
from aidial_contract.shapes.recordings import Recording, RecordingSide, RecordingVerdict

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.ask import Ask

NEEDED: Final[dict[Purpose, Permission]] = {
    "playback": Permission.RECORDINGS_PLAY,
    "download": Permission.RECORDINGS_DOWNLOAD,
}


def recording(ask: Ask, call: asyncpg.Record, rows: Sequence[asyncpg.Record]) -> Recording:
    """Everything there is of a call's recordings."""
    said = call["availability"] or "none"
    return Recording(
        call_id=call["call_id"],
        availability="available" if rows else "deleted" if said == "deleted" else "none",
        sides=[_side(row) for row in rows],
        playback=_verdict(ask, call, "playback", has_media=bool(rows)),
        download=_verdict(ask, call, "download", has_media=bool(rows)),
    )


def _side(row: asyncpg.Record) -> RecordingSide:
    duration_ms: int | None = row["duration_ms"]
    return RecordingSide(
        side=row["side"],
        media_type=row["media_type"],
        size_bytes=row["size_bytes"],
        duration_seconds=None if duration_ms is None else duration_ms / 1_000,
        channels=row["channels"],
        measure=row["measure"],
        peaks=None if row["peaks"] is None else list(row["peaks"]),
    )


def _verdict(ask: Ask, call: asyncpg.Record, purpose: Purpose, *, has_media: bool) -> RecordingVerdict:
    level = ask.actor.level(NEEDED[purpose])
    if level is None or not staff_setting_allows(call, level):
        return RecordingVerdict(allowed=False, reason="role")
    reason = reason_against(call, purpose, has_media=has_media)
    return RecordingVerdict(allowed=reason is None, reason=reason)


def staff_setting_allows(call: asyncpg.Record, level: Level | None) -> bool:
    """Whether the tenant lets people of this level play at all."""
    return level is not Level.POLICY_AND_SETTING or bool(call["staff_may_play"])
