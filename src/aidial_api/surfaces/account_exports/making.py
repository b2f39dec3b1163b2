"""Making account exports: a job of the worker.

The one thing a newcomer would get wrong: an attempt owns its file. Whoever cancels an export, or begins it
anew, takes it from the attempt under way, which notices at its next part. Nobody begins it anew while an
attempt moves on, or while the store is given time to come back (`leased_until`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.jobs import Job, enqueue
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.sealed import seal
from aidial_api.surfaces.account_exports import store
from aidial_api.surfaces.account_exports.clearing import EXPIRE_JOB, LAST_LOOK, clear_up, file_name
from aidial_api.surfaces.account_exports.file import ExportFile, TooLarge
from aidial_api.surfaces.account_exports.sources import SOURCES, Source
from aidial_api.surfaces.account_exports.telling import tell
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

WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15, 30))
"""After each attempt that met no store, before the next."""
MOST_ATTEMPTS: Final = len(WAITS) + 1
SILENCE: Final = timedelta(minutes=2)
"""An attempt that wrote nothing for so long is over: its worker was killed."""
MAKE_JOB: Final = "account_exports.make"


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


async def ask_for(tx: Tx, client_id: str, job_id: str, *, at: datetime | None = None) -> None:
    """Have an export made, now or at a time, provided that this transaction commits."""
    await enqueue(tx, MAKE_JOB, {"client_id": client_id, "job_id": job_id}, at=at or utc_now())


async def make(db: Database, files: Files, *, client_id: str, job_id: str) -> None:
    """Make the file of an export that waits, or whose attempt was killed."""
    async with db.transaction(Reach((client_id,))) as tx:
        row = await store.locked(tx, client_id, job_id)
        attempt = None if row is None else await _begun(tx, files, row)
    if attempt is not None:
        await _write(db, files, attempt)


async def _begun(tx: Tx, files: Files, row: asyncpg.Record) -> _Attempt | None:
    """The attempt, or None: it is over, it is somebody else's for now, or there will be none any more."""
    client_id, job_id, now = row["client_id"], str(row["job_id"]), utc_now()
    if row["status"] not in {"queued", "running"}:
        return None
    if row["leased_until"] is not None and row["leased_until"] > now:
        await ask_for(tx, client_id, job_id, at=row["leased_until"])
        return None
    former = None if row["file_id"] is None else str(row["file_id"])
    if former is not None:  # of an attempt that was killed
        await clear_up(tx, (client_id, job_id, former))
    if row["attempts"] >= MOST_ATTEMPTS:
        await _fail(tx, (client_id, job_id, former), "interrupted")
        return None
    sources = await _sources(tx, row)
    if sources is None:
        await _fail(tx, (client_id, job_id, former), "access_changed")
        return None
    attempt = _Attempt(row, new_id(), sources, await files.keys.get(tx, client_id))
    await store.begin(tx, attempt.mine, now, now + SILENCE)
    await clear_up(tx, attempt.mine, at=now + LAST_LOOK)
    return attempt


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
        if not await store.grow(tx, attempt.mine, rows, done, utc_now() + SILENCE):
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
    failure = None
    try:
        await files.storage.write(name, seal(attempt.key.of_file(name), made.pieces()))
        if await _complete(db, attempt, made):
            return
    except NotMineAnyMore:
        pass
    except TooLarge:
        failure = "too_large"
    except Fault as fault:
        if fault.row is not errors.STORAGE_UNAVAILABLE:
            raise
        failure = "storage_unavailable"
    async with db.transaction(Reach((client_id,))) as tx:
        await _came_to_nothing(tx, attempt, failure)


async def _came_to_nothing(tx: Tx, attempt: _Attempt, failure: str | None) -> None:
    """Clear up after an attempt; without a store the export waits for the next, if there is to be one."""
    tried, (client_id, job_id, _) = attempt.row["attempts"], attempt.mine
    if failure == "storage_unavailable" and tried < len(WAITS):
        at = utc_now() + WAITS[tried]
        if await store.wait(tx, attempt.mine, at):
            await ask_for(tx, client_id, job_id, at=at)
    elif failure is not None:
        await _fail(tx, attempt.mine, failure)
    await clear_up(tx, attempt.mine)


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
        await tell(tx, client_id, job_id, action="account_exports.export.completed", technical=technical)
        arguments = {"client_id": client_id, "job_id": job_id}
        await enqueue(tx, EXPIRE_JOB, arguments, at=manifest.expires_at)
    return True


async def _fail(tx: Tx, mine: tuple[str, str, str | None], failure: str) -> None:
    """Give up an export, while it is this attempt's (or nobody's, without a file)."""
    if await store.fail(tx, mine, failure, utc_now()):
        action = "account_exports.export.failed"
        await tell(tx, *mine[:2], action=action, outcome="failed", technical={"failure": failure})


MAKE: Final = Job(MAKE_JOB, make, with_files=True)
