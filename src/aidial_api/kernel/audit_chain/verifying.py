"""Looks whether a chain holds: every seal, every event, and every checkpoint outside.

The one thing a newcomer would get wrong: the checkpoints are read first and the chain after. A chain only
grows, so what a checkpoint says must be there; the other way round, one that was just written would seem to
vouch for seals that are gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aidial_api.kernel.audit_chain.chain import chain_of, client_of
from aidial_api.kernel.audit_chain.checkpoints import what_is_wrong
from aidial_api.kernel.audit_chain.findings import MOST_KEPT, Report
from aidial_api.kernel.audit_chain.reading import read_chain
from aidial_api.kernel.audit_chain.sealer import AS_SEALER
from aidial_api.kernel.audit_chain.walking import Walk
from aidial_api.kernel.reach import NOTHING, Reach, begin_text

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.audit_chain.checkpoints import Checkpoint, PublicKey

    Connection = asyncpg.Connection[asyncpg.Record]

LATE_S: Final = 10
"""An event that waits for its seal for longer is waiting late."""

# A superuser is bound by no policy: each statement names its chain.
_CHAINS = """
SELECT client_id, seq, checkpoint_seq FROM audit_chains
UNION ALL SELECT DISTINCT client_id, 0, 0 FROM audit_unsealed u
WHERE NOT EXISTS (SELECT FROM audit_chains c WHERE c.client_id IS NOT DISTINCT FROM u.client_id)
"""
_END = "SELECT seq, hash FROM audit_chains c WHERE c.{whose}"
_EVENTS = "SELECT count(*) FROM audit_events e WHERE e.{whose}"
_WAITING = f"""
SELECT count(*) AS waiting, count(*) FILTER (WHERE u.at < now() - interval '{LATE_S} s') AS late
FROM audit_unsealed u WHERE u.{{whose}} AND EXISTS (SELECT FROM audit_events e WHERE e.event_id = u.event_id)
"""
_GONE = """
SELECT u.event_id FROM audit_unsealed u WHERE u.{whose}
AND NOT EXISTS (SELECT FROM audit_events e WHERE e.event_id = u.event_id)
"""
_STRAYS = """
SELECT e.event_id, e.at FROM audit_events e WHERE e.{whose}
AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.{whose} AND s.event_id = e.event_id)
AND NOT EXISTS (SELECT FROM audit_unsealed u WHERE u.{whose} AND u.event_id = e.event_id)
ORDER BY e.at, e.event_id
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A chain the database knows: how long it is, and how far it says that checkpoints were written."""

    chain: str
    seq: int
    checkpoint_seq: int


async def known_chains(connection: Connection) -> list[Known]:
    """Every chain that has a seal or waits for its first, AiDial's own first."""
    async with _one_moment(connection, NOTHING):
        rows = await connection.fetch(_CHAINS)
    known = [Known(chain_of(row["client_id"]), row["seq"], row["checkpoint_seq"]) for row in rows]
    return sorted(known, key=lambda one: one.chain)


async def verify_chain(
    connections: Sequence[Connection],
    known: Known,
    checkpoints: Sequence[tuple[str, Checkpoint | None]] | None,
    trusted: Mapping[str, PublicKey],
    on_progress: Callable[[int], None],
) -> Report:
    """Look at one chain as it is at one moment. `on_progress` is told how many seals were read.

    Every one of the `connections` reads a part of it.

    `checkpoints` are the files outside by name, None for one that cannot be read; None instead of the list:
    they are not looked at.
    """
    report, client_id = Report(known.chain), client_of(known.chain)
    believed = [] if checkpoints is None else _believed(report, known, checkpoints, trusted)
    walk = Walk(report, {one.seq for one in believed}, on_progress)
    reach = NOTHING if client_id is None else Reach((client_id,))
    connection, *others = connections
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_one_moment(connection, reach))
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()") if others else ""
        for other in others:
            await stack.enter_async_context(_one_moment(other, reach, snapshot))
        await read_chain(connections, client_id, known.seq, walk.take)
        walk.end()
        report.sealed = walk.count
        end = await connection.fetchrow(*_about(_END, client_id))
        if end is not None and (end["seq"], end["hash"]) != (walk.seq, walk.before):
            _cut(report, walk.seq, end["seq"], "the chain's end is another")
        for one in believed:
            _compare(report, walk, one)
        await _look_for_strays(report, connection, client_id, walk.events)
    return report


@asynccontextmanager
async def _one_moment(connection: Connection, reach: Reach, snapshot: str = "") -> AsyncIterator[None]:
    """A transaction that reads only, and all of it as it was when it began, or another one of a snapshot."""
    await connection.execute(begin_text(reach, read_only=True))
    try:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if snapshot:
            await connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        # A slice of a chain is sorted in memory.
        await connection.execute("SET LOCAL work_mem = '64MB'")
        await connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL jit = off")
        await connection.execute(AS_SEALER)
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")


def _about(sql: str, client_id: str | None) -> tuple[Any, ...]:
    if client_id is None:
        return (sql.format(whose="client_id IS NULL"),)
    return sql.format(whose="client_id = $1"), client_id


def _believed(
    report: Report,
    known: Known,
    checkpoints: Sequence[tuple[str, Checkpoint | None]],
    trusted: Mapping[str, PublicKey],
) -> list[Checkpoint]:
    """The checkpoints that count, oldest first. The others are findings, and so is one that is not there."""
    believed = []
    for name, one in checkpoints:
        wrong = "it is no checkpoint" if one is None else what_is_wrong(one, report.chain, trusted)
        if wrong or one is None:
            report.found("unbelieved", 0, None, f"checkpoint {name}: {wrong}")
        else:
            believed.append(one)
    report.checkpoints = len(believed)
    believed.sort(key=lambda one: (one.seq, one.made_at))
    last = believed[-1].seq if believed else 0
    if last < known.checkpoint_seq and not report.bad:
        words = f"the checkpoint that vouches for seal {known.checkpoint_seq} is not there any more"
        report.found("unbelieved", 0, None, words)
    return believed


def _compare(report: Report, walk: Walk, checkpoint: Checkpoint) -> None:
    day = checkpoint.made_at.date().isoformat()
    held = walk.hashes.get(checkpoint.seq)
    if held is not None and held.hex() == checkpoint.hash:
        report.vouched_for = checkpoint.seq
    elif held is not None:
        # The walk may know better where it begins.
        stretch = range(report.vouched_for + 1, checkpoint.seq + 1)
        begins = checkpoint.seq if any(one.seq in stretch for one in report.findings) else stretch.start
        words = f"seals {stretch.start} to {checkpoint.seq} are not what the checkpoint of {day} vouches for"
        report.found("rewritten", begins, None, words)
    elif checkpoint.seq > walk.seq:
        _cut(report, walk.seq, checkpoint.seq, f"the checkpoint of {day} vouches for them")


def _cut(report: Report, last: int, expected: int, why: str) -> None:
    if any(one.kind == "truncated" for one in report.findings):
        return
    gone = f"seals {last + 1} to {expected} are gone" if expected > last else f"seal {expected} was the last"
    report.found("truncated", min(last, expected) + 1, None, f"{gone}: {why}")


async def _look_for_strays(
    report: Report, connection: Connection, client_id: str | None, sealed_events: int
) -> None:
    """Events that nobody sealed and that do not wait; and what waits."""
    waiting = await connection.fetchrow(*_about(_WAITING, client_id))
    if waiting is not None:
        report.waiting, report.waiting_late = waiting["waiting"], waiting["late"]
    for row in await connection.fetch(*_about(_GONE, client_id)):
        report.found("deleted", 0, str(row["event_id"]), "the event was gone before it was sealed")
    # Counting is quick; only when it does not come out even is every event looked up.
    count = await connection.fetchval(*_about(_EVENTS, client_id))
    if count == sealed_events + report.waiting:
        return
    rows = await connection.fetch(*_about(_STRAYS, client_id))
    for row in rows[:MOST_KEPT]:
        words = f"it says it happened at {row['at']:%Y-%m-%d %H:%M:%S} UTC, and was never sealed"
        report.found("inserted", 0, str(row["event_id"]), words)
    report.bad += max(len(rows) - MOST_KEPT, 0)
