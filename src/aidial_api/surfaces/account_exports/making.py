"""Making account exports, and deleting their files when their time is over: jobs of the worker.

The one thing a newcomer would get wrong: an attempt owns its file. Whoever cancels an export, or begins it
anew after a kill, takes it from the attempt under way, which notices at its next part and deletes its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.jobs import Job, enqueue
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.sealed import seal
from aidial_api.surfaces.account_exports import store
from aidial_api.surfaces.account_exports.file import ExportFile, TooLarge
from aidial_api.surfaces.account_exports.sources import SOURCES, Source
from aidial_contract import errors
from aidial_contract.access import Permission, Role, level_of
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.storage import Files
    from aidial_api.kernel.transaction import Tx

MOST_ATTEMPTS: Final = 5
MAKE_JOB: Final = "account_exports.make"
EXPIRE_JOB: Final = "account_exports.expire"


class NotMineAnyMore(Exception):  # noqa: N818 - a word, like the others of the kernel
    """The export was cancelled, or another attempt has taken it."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt: the export as it was, its file, its sources with their policies, the tenant's key."""

    row: asyncpg.Record
    file_id: str
    sources: Sequence[tuple[Source, str]]
    key: TenantKey

    @property
    def mine(self) -> tuple[str, str, str]:
        return self.row["client_id"], str(self.row["job_id"]), self.file_id


def file_name(client_id: str, file_id: str) -> str:
    """What a file is called in the store; used once."""
    return f"account-exports/{client_id}/{file_id}"


async def ask_for(tx: Tx, client_id: str, job_id: str) -> None:
    """Have an export made, provided that this transaction commits."""
    await enqueue(tx, MAKE_JOB, {"client_id": client_id, "job_id": job_id}, at=utc_now())


async def make(db: Database, files: Files, *, client_id: str, job_id: str) -> None:
    """Make the file of an export that waits, or whose attempt was killed."""
    async with db.transaction(Reach((client_id,))) as tx:
        row = await store.locked(tx, client_id, job_id)
        if row is None:
            return
        attempt = await _begun(tx, files, row)
    if row["file_id"] is not None:  # of an attempt that was killed, or was cancelled while it was away
        await files.storage.delete(file_name(client_id, str(row["file_id"])))
        async with db.transaction(Reach((client_id,))) as tx:
            await store.forget_file(tx, client_id, job_id, str(row["file_id"]))
    if attempt is not None:
        await _write(db, files, attempt)


async def _begun(tx: Tx, files: Files, row: asyncpg.Record) -> _Attempt | None:
    """The attempt, or None: it is over, was tried too often, or its requester may not have it any more."""
    client_id, job_id = row["client_id"], str(row["job_id"])
    if row["status"] not in {"queued", "running"}:
        return None
    if row["attempts"] >= MOST_ATTEMPTS:
        await _fail(tx, client_id, job_id, "interrupted")
        return None
    sources = await _sources(tx, row)
    if sources is None:
        await _fail(tx, client_id, job_id, "access_changed")
        return None
    file_id = new_id()
    await store.begin(tx, client_id, job_id, file_id, utc_now())
    return _Attempt(row, file_id, sources, await files.keys.get(tx, client_id))


async def _sources(tx: Tx, row: asyncpg.Record) -> list[tuple[Source, str]] | None:
    """What its requester may still read, with the policies of now; None when anything of it is no more."""
    reader = await store.reader(tx, row["client_id"], str(row["requested_by"]), row["project_ids"])
    if reader is None or not reader["reaches"]:
        return None
    role = Role(reader["role"])
    if level_of(role, Permission.ACCOUNT_EXPORTS_MANAGE) is None:
        return None
    found = [(SOURCES[one], SOURCES[one].policy_digest(role)) for one in row["categories"]]
    sources = [(source, digest) for source, digest in found if digest is not None]
    return sources if len(sources) == len(found) else None


async def _write(db: Database, files: Files, attempt: _Attempt) -> None:
    row, (client_id, job_id, _) = attempt.row, attempt.mine

    async def note(done: int, tx: Tx, rows: int) -> None:
        if not await store.grow(tx, attempt.mine, rows, done):
            raise NotMineAnyMore

    made = ExportFile(
        client_id=client_id,
        job_id=job_id,
        kept=timedelta(days=row["kept_days"]),
        project_ids=[str(one) for one in row["project_ids"]],
        sources=attempt.sources,
        begin=lambda: db.transaction(Reach((client_id,))),
        clock=utc_now,
        note=note,
    )
    name = file_name(client_id, attempt.file_id)
    try:
        await files.storage.write(name, seal(attempt.key.of_file(name), made.pieces()))
        is_mine = await _complete(db, attempt, made)
    except NotMineAnyMore:
        is_mine = False
    except TooLarge:
        await _gave_up(db, attempt, "too_large")
        is_mine = False
    except Fault as fault:
        if fault.row is not errors.STORAGE_UNAVAILABLE or row["attempts"] + 1 < MOST_ATTEMPTS:
            raise
        await _gave_up(db, attempt, "storage_unavailable")
        return
    if not is_mine:
        await files.storage.delete(name)
        async with db.transaction(Reach((client_id,))) as tx:
            await store.forget_file(tx, client_id, job_id, attempt.file_id)


async def _complete(db: Database, attempt: _Attempt, made: ExportFile) -> bool:
    if made.manifest is None:
        raise RuntimeError("a file without a manifest")
    client_id, job_id, _ = attempt.mine
    manifest = made.manifest
    rows = sum(one.rows for one in manifest.categories)
    text = msgspec.json.encode(manifest).decode()
    async with db.transaction(Reach((client_id,))) as tx:
        values = (manifest.generated_at, manifest.expires_at, made.size, text, rows)
        if not await store.complete(tx, attempt.mine, values):
            return False
        technical = {"rows": rows, "size_bytes": made.size, "checksum": manifest.checksum}
        await _tell(tx, client_id, job_id, action="account_exports.export.completed", technical=technical)
        arguments = {"client_id": client_id, "job_id": job_id}
        await enqueue(tx, EXPIRE_JOB, arguments, at=manifest.expires_at)
    return True


async def _gave_up(db: Database, attempt: _Attempt, failure: str) -> None:
    client_id, job_id, _ = attempt.mine
    async with db.transaction(Reach((client_id,))) as tx:
        await _fail(tx, client_id, job_id, failure)


async def _fail(tx: Tx, client_id: str, job_id: str, failure: str) -> None:
    if await store.fail(tx, client_id, job_id, failure, utc_now()):
        await _tell(
            tx,
            client_id,
            job_id,
            action="account_exports.export.failed",
            outcome="failed",
            technical={"failure": failure},
        )


async def expire(db: Database, files: Files, *, client_id: str, job_id: str) -> None:
    """End an export whose days are over, and delete its file; its history stays."""
    async with db.transaction(Reach((client_id,))) as tx:
        if await store.expire(tx, client_id, job_id, utc_now()):
            await _tell(tx, client_id, job_id, action="account_exports.export.expired", technical={})
        row = await store.locked(tx, client_id, job_id)
    if row is None or row["status"] != "expired" or row["file_id"] is None:
        return
    file_id = str(row["file_id"])
    await files.storage.delete(file_name(client_id, file_id))
    async with db.transaction(Reach((client_id,))) as tx:
        await store.forget_file(tx, client_id, job_id, file_id)


async def _tell(
    tx: Tx,
    client_id: str,
    job_id: str,
    *,
    action: str,
    technical: dict[str, object],
    outcome: str = "done",
) -> None:
    said = msgspec.json.encode(technical).decode()
    await store.tell(tx, (new_id(), client_id, action, job_id, outcome, said))


MAKE: Final = Job(MAKE_JOB, make, with_files=True)
EXPIRE: Final = Job(EXPIRE_JOB, expire, with_files=True)
