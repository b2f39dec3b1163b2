"""The HTTP of a client's policy: read, saved, its history, tried out, and its receipts.

The one thing a newcomer would get wrong: saving is what starts retention. The run is enqueued in the same
transaction, and a run of an older version of the policy stops by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import asyncpg
import msgspec

from aidial_api.kernel import client_settings
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.preconditions import etag
from aidial_api.kernel.route import Answer
from aidial_api.kernel.settings_history import change_of, read_page
from aidial_api.kernel.versions import conflict
from aidial_api.surfaces.governance import retention, store
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import plain_id
from aidial_contract.shapes.governance import (
    CATEGORIES,
    SECTION,
    DataGovernance,
    DataGovernanceDocument,
    RetentionCount,
    RetentionDryRun,
    RetentionReceipt,
    RetentionReceiptList,
)
from aidial_contract.shapes.settings import LastChange
from aidial_contract.shapes.settings_history import SettingsHistory

COUNTING_MS: Final = 2_000
"""How long the database may count each category; a dry run is for somebody who waits."""


class Position(msgspec.Struct, array_like=True):
    """Where a page ended."""

    at: datetime
    record_id: str


async def find_client(ask: Ask) -> asyncpg.Record | None:
    """The policy of the client the query names, for who reaches all of its projects: it governs them all."""
    named = next((text for name, text in ask.raw_query if name == "client_id"), "")
    return await client_settings.find_whole(ask.tx, plain_id(named), ask.reach, SECTION)


async def show(ask: Ask) -> Answer:
    """The policy."""
    return _answer(ask, _policy(ask.found), ask.found)


async def save(ask: Ask) -> Answer:
    """The policy after the change. 409 `version_conflict`."""
    client_id, former = ask.found["client_id"], _policy(ask.found)
    value = msgspec.convert(msgspec.structs.asdict(ask.body.value), DataGovernance)
    text = msgspec.json.encode(value).decode()
    before = msgspec.json.encode(former).decode() if ask.found["value"] is None else None
    saved = await client_settings.save(
        ask.tx, client_id, SECTION, text, ask.body.expected_version, ask.actor.label, before=before
    )
    if saved is None:
        raise conflict(await client_settings.current_version(ask.tx, client_id, SECTION))
    if any(getattr(value, f"{category}_days") is not None for category in CATEGORIES):
        await retention.ask_for(ask.tx, client_id, saved["version"], at=ask.services.clock())
    await record(ask, _saved(client_id, former, value))
    return _answer(ask, value, saved)


def _policy(row: asyncpg.Record) -> DataGovernance:
    value = row["value"]
    return DataGovernance() if value is None else msgspec.json.decode(value, type=DataGovernance)


def _saved(client_id: str, former: DataGovernance, value: DataGovernance) -> Event:
    """What changed, old and new: days and yes or no are nobody's personal details."""
    changed = {
        name: [getattr(former, name), getattr(value, name)]
        for name in value.__struct_fields__
        if getattr(former, name) != getattr(value, name)
    }
    return Event(
        action="governance.policy.updated",
        target_kind="settings",
        target_id=SECTION,
        client_id=client_id,
        technical={"changed": changed},
    )


def _answer(ask: Ask, value: DataGovernance, row: asyncpg.Record) -> Answer:
    client_id: str = ask.found["client_id"]
    document = DataGovernanceDocument(
        section=SECTION,
        client_id=client_id,
        mode="edit",
        version=row["version"],
        working=value,
        published=value,
        publish_status="published",
        observed_at=None,
        last_changed=row["changed_at"] and LastChange(at=row["changed_at"], by=row["changed_by"]),
    )
    tag = etag(ask.services.etag_key, client_id, f"settings/{SECTION}", row["version"])
    return Answer(document, headers={"etag": tag})


async def show_history(ask: Ask) -> Answer:
    """Who changed the policy when, and what, newest first. 400 `invalid_cursor`."""
    client_id: str = ask.found["client_id"]
    changes, cursor = await read_page(
        ask,
        (f"settings/{SECTION}", client_id),
        partial(client_settings.history, ask.tx, client_id, SECTION),
        _read,
        change_of,
    )
    return Answer(SettingsHistory(section=SECTION, mode="edit", history=changes, next_cursor=cursor))


async def _read(text: str) -> DataGovernance:
    return msgspec.json.decode(text, type=DataGovernance)


async def dry_run(ask: Ask) -> Answer:
    """How many calls would lose what, by category. 503 `dependency_timeout` when counting takes too long."""
    now = ask.services.clock()
    return Answer(RetentionDryRun(counts=[await _counted(ask, one, now) for one in CATEGORIES]))


async def _counted(ask: Ask, category: Any, now: datetime) -> RetentionCount:
    days: int | None = ask.query[f"{category}_days"]
    if days is None:
        return RetentionCount(category=category, days=None, before=None, calls=0, held=0)
    before = retention.before_of(category, now - timedelta(days=days))
    found = await store.count_due(ask.tx, ask.found["client_id"], category, before, COUNTING_MS)
    if found is None:
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason="counting what is due took too long")
    calls, held = found
    return RetentionCount(category=category, days=days, before=before, calls=calls, held=held)


async def show_receipts(ask: Ask) -> Answer:
    """One page of receipts."""
    client_id: str = ask.found["client_id"]
    position = read_cursor(ask.services.cursors, ask.query["cursor"], Position, "receipts", client_id)
    limit: int = ask.query["limit"]
    after = (position.at, position.record_id) if position else None
    rows = await store.list_receipts(ask.tx, client_id, after, limit + 1)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        end = Position(rows[-1]["started_at"], str(rows[-1]["receipt_id"]))
        cursor = ask.services.cursors.encode(end, "receipts", client_id)
    return Answer(RetentionReceiptList(receipts=[_receipt(row) for row in rows], next_cursor=cursor))


def _receipt(row: asyncpg.Record) -> RetentionReceipt:
    return RetentionReceipt(
        receipt_id=str(row["receipt_id"]),
        run_id=str(row["run_id"]),
        category=row["category"],
        policy_version=row["policy_version"],
        days=row["days"],
        before=row["before"],
        calls=row["calls"],
        held=row["held"],
        manifest_sha256=row["manifest"].hex(),
        started_at=row["started_at"],
        completed_at=row["completed_at"],
    )
