"""The HTTP of account exports: what there is, asked for, looked at, cancelled, downloaded.

The one thing a newcomer would get wrong: a refusal that the log has to know of is returned, not raised: its
transaction commits, so its event stays.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.crypto import CannotDecrypt
from aidial_api.kernel.guard import still_allowed
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.route import Answer
from aidial_api.kernel.sealed import sealed_range, unseal
from aidial_api.kernel.storage import FileMissing
from aidial_api.kernel.streaming import first_piece
from aidial_api.surfaces.account_exports import making, store
from aidial_api.surfaces.account_exports.clearing import clear_up, file_name
from aidial_api.surfaces.account_exports.present import manifest_of, next_moment, status_of, to_export
from aidial_api.surfaces.account_exports.sources import EXCLUDED, SOURCES
from aidial_contract import errors, limits
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id, parse_uuid
from aidial_contract.lifecycle import ACCOUNT_EXPORTS
from aidial_contract.shapes.account_exports import (
    AccountExportAnswer,
    AccountExportCatalog,
    AccountExportList,
    ExportCategoryEntry,
    ExportLimits,
    ExportUse,
)

ACCEPTED: Final = 202
NOTHING: Final = "00000000-0000-0000-0000-000000000000"
ASK_AGAIN_BYTES: Final = 4 * limits.MIB
"""A reader is asked for again so often that whoever may no more has no more than this."""
DAY_HOURS: Final = 24


class Position(msgspec.Struct, array_like=True):
    """Where a page ended."""

    at: datetime
    job_id: str


async def find_tenant(ask: Ask) -> asyncpg.Record | None:
    """The asker's own tenant."""
    return await store.find_tenant(ask.tx, ask.actor.own_client_id, ask.reach.client_ids)


async def find(ask: Ask) -> asyncpg.Record | None:
    """The export the path names."""
    return await store.find(ask.tx, ask.reach, parse_uuid(ask.path["job_id"]) or NOTHING)


def _limits(ask: Ask) -> ExportLimits:
    size = ask.services.settings.numbers.size
    return ExportLimits(
        per_user=size(limits.ACCOUNT_EXPORTS_OF_USER),
        per_tenant=size(limits.ACCOUNT_EXPORTS_OF_TENANT),
        window_hours=size(limits.ACCOUNT_EXPORTS_HOURS),
        unfinished_per_user=1,
        kept_days=size(limits.ACCOUNT_EXPORT_DAYS),
    )


async def _use(ask: Ask, known: ExportLimits) -> ExportUse:
    """What of the window is used, by the asker and by their tenant."""
    now, window = ask.services.clock(), timedelta(hours=known.window_hours)
    rows = await store.recent(ask.tx, ask.found["client_id"], now - window)
    times = [row["requested_at"] for row in rows]
    own = [row["requested_at"] for row in rows if str(row["requested_by"]) == ask.actor.actor_id]
    waits = (
        next_moment(own, known.per_user, window),
        next_moment(times, known.per_tenant, window),
    )
    return ExportUse(
        by_you=len(own), by_tenant=len(times), next_at=max((one for one in waits if one), default=None)
    )


async def catalog(ask: Ask) -> Answer:
    """Categories, limits, and how much of them is used."""
    entries = [
        ExportCategoryEntry(
            category=source.category,
            title=source.title,
            description=source.description,
            members=list(source.members),
        )
        for source in SOURCES.values()
    ]
    known = _limits(ask)
    return Answer(
        AccountExportCatalog(
            categories=entries, limits=known, used=await _use(ask, known), excluded=list(EXCLUDED)
        )
    )


async def create(ask: Ask) -> Answer | Fault:
    """202 with the export, queued. 409 `state_conflict` beside one's own, 429 `quota_exceeded`."""
    client_id, now = ask.found["client_id"], ask.services.clock()
    await store.lock(ask.tx, client_id)
    known = _limits(ask)
    refusal = await _refusal(ask, known, now)
    if refusal is not None:
        await record(ask, _event(client_id, client_id, refusal, kind="client"))
        return refusal
    person = ask.actor.person
    if person is None:
        raise RuntimeError("account exports are for people")
    name = " ".join(filter(None, (person.first_name, person.last_name))) or person.email
    job_id = new_id()
    projects = [project.project_id for project in ask.reach.projects]
    wanted = [one for one in SOURCES if one in ask.body.categories]
    columns = (client_id, job_id, ask.actor.actor_id, name, projects, wanted, known.kept_days, now)
    row = await store.add(ask.tx, columns)
    await making.ask_for(ask.tx, client_id, job_id)
    await record(ask, _done(row, action="account_exports.export.requested"))
    return Answer(
        AccountExportAnswer(export=to_export(row, ask.actor.actor_id, now)),
        ACCEPTED,
        headers={"location": f"/v1/account-exports/{job_id}"},
    )


async def _refusal(ask: Ask, known: ExportLimits, now: datetime) -> Fault | None:
    other = await store.unfinished(ask.tx, ask.found["client_id"], ask.actor.actor_id)
    if other is not None:
        return ACCOUNT_EXPORTS.conflict(other["status"])
    used = await _use(ask, known)
    if used.next_at is None:
        return None
    details: dict[str, Any] = {
        "limits": {"per_user": known.per_user, "per_tenant": known.per_tenant},
        "used": {"by_you": used.by_you, "by_tenant": used.by_tenant},
        "window_hours": known.window_hours,
    }
    wait_ms = max(1, ceil((used.next_at - now).total_seconds() * 1_000))
    return Fault(errors.QUOTA_EXCEEDED, details=details, retry_after_ms=wait_ms, reason="account exports")


async def show_list(ask: Ask) -> Answer:
    """One page, newest first."""
    client_id: str = ask.found["client_id"]
    statuses, limit = ask.query["status"], ask.query["limit"]
    bound = ("account exports", client_id, ",".join(sorted(statuses or ())))
    position = read_cursor(ask.services.cursors, ask.query["cursor"], Position, *bound)
    after = (position.at, position.job_id) if position else None
    now = ask.services.clock()
    rows = await store.read_page(ask.tx, client_id, ask.reach, now, statuses, after, limit + 1)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        end = Position(rows[-1]["requested_at"], str(rows[-1]["job_id"]))
        cursor = ask.services.cursors.encode(end, *bound)
    shown = [to_export(row, ask.actor.actor_id, now) for row in rows]
    return Answer(AccountExportList(exports=shown, next_cursor=cursor))


async def show(ask: Ask) -> Answer:
    """One export: its state and its manifest, never what is in the file."""
    return _answer(ask, ask.found)


def _answer(ask: Ask, row: asyncpg.Record) -> Answer:
    return Answer(AccountExportAnswer(export=to_export(row, ask.actor.actor_id, ask.services.clock())))


async def cancel(ask: Ask) -> Answer:
    """The export, cancelled. 409 `state_conflict` once it is over."""
    client_id, job_id = _place(ask)
    row = await store.cancel(ask.tx, client_id, job_id, ask.services.clock())
    if row is None:
        now = await store.locked(ask.tx, client_id, job_id)
        raise ACCOUNT_EXPORTS.conflict(status_of(now or ask.found, ask.services.clock()))
    if row["file_id"] is not None:
        await clear_up(ask.tx, (client_id, job_id, str(row["file_id"])))
    await record(ask, _done(row, action="account_exports.export.cancelled"))
    return _answer(ask, row)


async def download(ask: Ask) -> Answer | Fault:
    """The file. 409 `state_conflict` unless it is completed, and its policies are those of now.

    The first piece is read before anything is recorded: a store that is away gives 503 and leaves no event.
    """
    client_id, job_id = _place(ask)
    found: asyncpg.Record = ask.found
    status = status_of(found, ask.services.clock())
    if status != "completed":
        raise ACCOUNT_EXPORTS.conflict(status)
    if ask.method != "HEAD":
        refusal = _policy_changed(ask)
        if refusal is not None:
            await record(ask, _event(client_id, job_id, refusal))
            return refusal
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    name = file_name(client_id, str(found["file_id"]))
    stream = _opened(ask, key.of_file(name), name, found["size_bytes"])
    if ask.method != "HEAD":
        stream = _led(await first_piece(stream), stream)
        await store.count_download(ask.tx, client_id, job_id)
        await record(ask, _done(found, action="account_exports.export.downloaded"))
    day = found["finished_at"].date().isoformat()
    return Answer(
        headers={
            "content-length": str(found["size_bytes"]),
            "content-disposition": f'attachment; filename="account-export-{day}-{job_id}.json"',
            "cache-control": "no-store",
        },
        stream=stream,
    )


def _policy_changed(ask: Ask) -> Fault | None:
    """A refusal unless what decided what is in the file is still so for this reader."""
    manifest = manifest_of(ask.found["manifest"])
    for one in manifest.categories:
        if SOURCES[one.category].policy_digest(ask.actor.role) != one.policy_digest:
            return _new_one_needed("policy_changed")
    return None


def _new_one_needed(reason: str) -> Fault:
    details: dict[str, Any] = {"current_state": "completed", "allowed": ["expired"], "reason": reason}
    return Fault(errors.STATE_CONFLICT, details=details, reason=reason)


async def _opened(ask: Ask, key: Any, name: str, size: int) -> AsyncGenerator[bytes, None]:
    sealed = ask.services.storage.read(name, *sealed_range(size, 0, size), deadline=ask.deadline)
    sent = asked_at = 0
    try:
        async with aclosing(sealed), aclosing(unseal(key, sealed, size, 0, size)) as pieces:
            async for piece in pieces:
                yield piece
                sent += len(piece)
                if sent - asked_at >= ASK_AGAIN_BYTES and sent < size:
                    asked_at = sent
                    await still_allowed(ask)
    except (FileMissing, CannotDecrypt):
        raise _new_one_needed("file_missing") from None


async def _led(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The whole again, once its first piece was taken."""
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece


def _place(ask: Ask) -> tuple[str, str]:
    return ask.found["client_id"], str(ask.found["job_id"])


def _done(row: asyncpg.Record, action: str) -> Event:
    return Event(
        action=action,
        target_kind="account_export",
        target_id=str(row["job_id"]),
        client_id=row["client_id"],
        technical={"categories": row["categories"]},
    )


def _event(client_id: str, target_id: str, refusal: Fault, *, kind: str = "account_export") -> Event:
    """That it was refused, and by which rule."""
    reason = (refusal.details or {}).get("reason")
    return Event(
        action="account_exports.export.blocked",
        target_kind=kind,
        target_id=target_id,
        client_id=client_id,
        outcome="refused",
        technical={"code": refusal.row.code, **({"reason": reason} if reason else {})},
    )
