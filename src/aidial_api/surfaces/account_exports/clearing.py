"""Deleting files of account exports: of attempts that came to nothing, and of exports whose days are over.

The one thing a newcomer would get wrong: a file's name is in a job before the export forgets it, in the same
transaction; and a store that is away is asked again for as long as it takes, so that no file stays for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.jobs import Job, enqueue
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.account_exports import store
from aidial_api.surfaces.account_exports.telling import tell
from aidial_contract import errors
from aidial_contract.fault import Fault

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.storage import Files
    from aidial_api.kernel.transaction import Tx

CLEAR_JOB: Final = "account_exports.clear"
EXPIRE_JOB: Final = "account_exports.expire"
STORE_AGAIN: Final = timedelta(minutes=10)
LAST_LOOK: Final = timedelta(hours=1)
"""After an attempt began: what it left is looked for once more, should it have ended unseen."""
CLOCKS_APART: Final = timedelta(minutes=1)


def file_name(client_id: str, file_id: str) -> str:
    """What a file is called in the store; used once."""
    return f"account-exports/{client_id}/{file_id}"


async def clear_up(tx: Tx, mine: tuple[str, str, str], *, at: datetime | None = None) -> None:
    """Have a file (client, export, file) deleted unless the export needs it then, if this commits."""
    names = dict(zip(("client_id", "job_id", "file_id"), mine, strict=True))
    await enqueue(tx, CLEAR_JOB, names, at=at or utc_now())


async def clear(db: Database, files: Files, *, client_id: str, job_id: str, file_id: str) -> None:
    """Delete a file that is no export's; one of an attempt under way is looked at again."""
    mine = (client_id, job_id, file_id)
    async with db.transaction(Reach((client_id,))) as tx:
        row = await store.locked(tx, client_id, job_id)
        if row is not None and str(row["file_id"]) == file_id:
            if row["status"] == "running":
                await clear_up(tx, mine, at=utc_now() + LAST_LOOK)
            if row["status"] in {"running", "completed"}:
                return
    try:
        await files.storage.delete(file_name(client_id, file_id))
    except Fault as fault:
        if fault.row is not errors.STORAGE_UNAVAILABLE:
            raise
        async with db.transaction(Reach((client_id,))) as tx:
            await clear_up(tx, mine, at=utc_now() + STORE_AGAIN)
        return
    async with db.transaction(Reach((client_id,))) as tx:
        await store.forget_file(tx, *mine)


async def expire(db: Database, *, client_id: str, job_id: str) -> None:
    """End an export whose days are over, and have its file deleted; its history stays."""
    async with db.transaction(Reach((client_id,))) as tx:
        now = utc_now()
        if await store.expire(tx, client_id, job_id, now):
            await tell(tx, client_id, job_id, action="account_exports.export.expired", technical={})
        row = await store.locked(tx, client_id, job_id)
        if row is None or row["file_id"] is None:
            return
        if row["status"] == "expired":
            await clear_up(tx, (client_id, job_id, str(row["file_id"])))
        elif row["status"] == "completed":  # the queue's clock is before ours
            again = max(row["expires_at"], now) + CLOCKS_APART
            await enqueue(tx, EXPIRE_JOB, {"client_id": client_id, "job_id": job_id}, at=again)


CLEAR: Final = Job(CLEAR_JOB, clear, with_files=True)
EXPIRE: Final = Job(EXPIRE_JOB, expire)
