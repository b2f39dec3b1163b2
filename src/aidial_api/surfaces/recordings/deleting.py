"""Taking files away: those that were marked, and those that never became whole.

The one thing a newcomer would get wrong: a job may run twice and must find out itself what is left; a file
that is not there is as deleted as one that was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_api.kernel.jobs import Job
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.recordings import DELETE_JOB, file_name
from aidial_api.surfaces.recordings import store
from aidial_api.surfaces.recordings.upload import COLLECT_JOB

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.storage import Files


async def delete(db: Database, files: Files, *, client_id: str, recording_id: str) -> None:
    """Delete the file of a marked recording and note that it is gone; a store that is away is tried again."""
    async with db.transaction(Reach((client_id,))) as tx:
        found = await store.one(tx, client_id, recording_id)
    if found is None or found["state"] != "deleting":
        return
    await files.storage.delete(file_name(client_id, recording_id))
    async with db.transaction(Reach((client_id,))) as tx:
        await store.mark_deleted(tx, client_id, recording_id)


async def collect(db: Database, files: Files, *, client_id: str, recording_id: str) -> None:
    """Delete what an upload left that broke off."""
    async with db.transaction(Reach((client_id,))) as tx:
        found = await store.one(tx, client_id, recording_id)
        # Marked already: an earlier try was killed after that, or found the store away.
        if found is None or found["state"] not in {"arriving", "deleting"}:
            return
        await store.mark_deleting(tx, client_id, recording_id)
    await delete(db, files, client_id=client_id, recording_id=recording_id)


DELETE: Final = Job(DELETE_JOB, delete, with_files=True)
COLLECT: Final = Job(COLLECT_JOB, collect, with_files=True)
