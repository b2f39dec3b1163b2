"""The objects of recordings as the rest of the API sees them: what they are called, how they are deleted.

Retention and data deletion use `delete_recordings`, and so do turns that tell a card's security code, which
nothing may keep, no legal hold either; besides them only an upload takes the place of a recording, of one
that no hold keeps. The one thing a newcomer would get wrong: a file is not deleted
here. Its row is marked in the caller's transaction and a job deletes the file and notes when, so a receipt
can count what is gone (`state` = `deleted`, `deleted_at`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.jobs import enqueue
from aidial_api.kernel.transaction import Tx

DELETE_JOB: Final = "recordings.delete"
MEASURE_JOB: Final = "recordings.measure"


@dataclass(frozen=True, slots=True)
class DeletedRecording:
    """One recording that is on its way out: for the receipt."""

    recording_id: str
    call_id: str
    side: str
    size_bytes: int


_MARK = """
UPDATE recordings SET state = 'deleting', peaks = NULL
WHERE client_id = $1 AND call_id = any($2::uuid[]) AND state = 'stored'
RETURNING recording_id::text, call_id::text, side, size_bytes
"""
_TELL_CALLS = """
UPDATE calls SET recording = '{"availability": "deleted", "sides": [], "duration_seconds": null}',
    version = version + 1, updated_at = now()
WHERE client_id = $1 AND call_id = any($2::uuid[])
"""


def file_name(client_id: str, recording_id: str) -> str:
    """What a recording is called in the store; used once."""
    return f"recordings/{client_id}/{recording_id}"


async def delete_recordings(tx: Tx, client_id: str, call_ids: Sequence[str]) -> list[DeletedRecording]:
    """Have every recording of these calls deleted, provided that this transaction commits.

    From then on nobody plays or downloads them, and their calls say `deleted`. Gives back what goes; when the
    rows' state is `deleted` the files are gone. Calls of no recording are left as they are.
    """
    rows = await tx.fetch(_MARK, client_id, list(call_ids))
    gone = [DeletedRecording(*row) for row in rows]
    if gone:
        await tx.execute(_TELL_CALLS, client_id, sorted({one.call_id for one in gone}))
    for one in gone:
        await enqueue_deletion(tx, client_id, one.recording_id)
    return gone


async def enqueue_deletion(tx: Tx, client_id: str, recording_id: str) -> None:
    """Have the file of a marked row deleted soon."""
    arguments = {"client_id": client_id, "recording_id": recording_id}
    await enqueue(tx, DELETE_JOB, arguments, at=utc_now())
