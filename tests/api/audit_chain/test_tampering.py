"""Whatever the database's own superuser does to the activity log, verifying finds it and names the first."""

from __future__ import annotations

import asyncpg
import pytest

from aidial_api.kernel.audit_chain.chain import HEAD_BYTES, SEALED_BYTES, first_hash, next_hash
from aidial_contract.ids import new_id
from tests.api.audit_chain.chains import INSERT, Chain


async def rewrite(log: Chain, start: int) -> None:
    """Write the chain anew from a seal on, hash by hash, as somebody would who knows how it is made."""
    assert log.client_id is not None
    async with log.owner.transaction():
        await log.owner.execute("SET LOCAL session_replication_role = replica")
        before = await log.owner.fetchval(
            "SELECT hash FROM audit_seals WHERE client_id = $1 AND seq = $2", log.client_id, start - 1
        ) or first_hash(log.client_id)
        rows = await log.owner.fetch(
            f"SELECT s.seq, s.sealed_at, {SEALED_BYTES} AS event FROM audit_seals s JOIN audit_events e"
            " USING (event_id) WHERE s.client_id = $1 AND seq >= $2 ORDER BY seq",
            log.client_id,
            start,
        )
        for row in rows:
            before = next_hash(before, row["seq"], row["sealed_at"], row["event"][HEAD_BYTES:])
            await log.owner.execute(
                "UPDATE audit_seals SET hash = $3 WHERE client_id = $1 AND seq = $2",
                log.client_id,
                row["seq"],
                before,
            )
        await log.owner.execute(
            "UPDATE audit_chains SET hash = $2, seq = (SELECT max(seq) FROM audit_seals WHERE client_id = $1)"
            " WHERE client_id = $1",
            log.client_id,
            before,
        )


async def test_a_log_nobody_touched_is_as_it_was_sealed(sealed: Chain) -> None:
    report = await sealed.verify()
    assert (report.bad, report.findings, report.first) == (0, [], None)
    assert (report.sealed, report.waiting, report.checkpoints, report.vouched_for) == (10, 0, 1, 8)


COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "partner_org_id": "'somebody'",
    "actor_kind": "'key'",
    "actor_id": "'somebody else'",
    "actor_label": "'mallory@rival.example'",
    "action": "'audit.viewed'",
    "target_kind": "'ticket'",
    "target_id": "NULL",
    "project_id": "gen_random_uuid()",
    "outcome": "'refused'",
    "why": "''",
    "request_id": "'req-2'",
    "ip": "'203.0.113.10'",
    "technical": '\'{"rows": 4, "a": null}\'',
    "policy": "'calls.view (full)'",
    "client_id": "'another'",
}


@pytest.mark.parametrize("column", COLUMNS)
async def test_an_edited_event_is_found_whatever_was_edited(sealed: Chain, column: str) -> None:
    wanted = sealed.event_ids[4]
    await sealed.attack(f"UPDATE audit_events SET {column} = {COLUMNS[column]} WHERE event_id = $1", wanted)
    kind = "deleted" if column == "client_id" else "changed"
    assert await sealed.first_bad() == (kind, 5, wanted)
    assert (await sealed.verify()).bad == 1


def test_every_column_of_an_event_is_sealed_and_attacked() -> None:
    assert {*COLUMNS, "event_id"} == set(_fields())


def _fields() -> tuple[str, ...]:
    from aidial_api.kernel.audit_chain.chain import FIELDS  # noqa: PLC0415 - beside what it is about

    return tuple(FIELDS)


async def test_a_column_nobody_seals_would_be_noticed(sealed: Chain) -> None:
    rows = await sealed.owner.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'audit_events'"
    )
    assert {row["column_name"] for row in rows} == set(_fields())


async def test_an_event_edited_with_its_own_seal_is_found(sealed: Chain) -> None:
    await sealed.attack("UPDATE audit_events SET why = 'x' WHERE event_id = $1", sealed.event_ids[4])
    await rewrite_one(sealed, 5)
    report = await sealed.verify()
    assert report.first is not None
    # The next seal is tied to what the fifth was.
    assert (report.first.kind, report.first.seq) == ("changed", 6)


async def rewrite_one(log: Chain, seq: int) -> None:
    row = await log.owner.fetchrow(
        f"SELECT s.sealed_at, {SEALED_BYTES} AS event, b.hash FROM audit_seals s JOIN audit_events e"
        " USING (event_id) JOIN audit_seals b ON b.client_id = s.client_id AND b.seq = s.seq - 1"
        " WHERE s.client_id = $1 AND s.seq = $2",
        log.client_id,
        seq,
    )
    assert row is not None
    held = next_hash(row["hash"], seq, row["sealed_at"], row["event"][HEAD_BYTES:])
    await log.attack(
        "UPDATE audit_seals SET hash = $3 WHERE client_id = $1 AND seq = $2", log.client_id, seq, held
    )


async def test_a_changed_hash_is_found_at_its_own_seal_and_counted_once(sealed: Chain) -> None:
    await sealed.attack(
        "UPDATE audit_seals SET hash = sha256('x') WHERE client_id = $1 AND seq = 5", sealed.client_id
    )
    assert await sealed.first_bad() == ("changed", 5, sealed.event_ids[4])
    assert (await sealed.verify()).bad == 1


async def test_a_later_time_of_sealing_is_found(sealed: Chain) -> None:
    await sealed.attack(
        "UPDATE audit_seals SET sealed_at = sealed_at + interval '1 s' WHERE client_id = $1 AND seq = 5",
        sealed.client_id,
    )
    assert await sealed.first_bad() == ("changed", 5, sealed.event_ids[4])


async def test_a_deleted_event_is_found(sealed: Chain) -> None:
    await sealed.attack("DELETE FROM audit_events WHERE event_id = $1", sealed.event_ids[4])
    assert await sealed.first_bad() == ("deleted", 5, sealed.event_ids[4])


async def test_an_event_deleted_with_its_seal_is_found(sealed: Chain) -> None:
    await sealed.attack("DELETE FROM audit_events WHERE event_id = $1", sealed.event_ids[4])
    await sealed.attack("DELETE FROM audit_seals WHERE client_id = $1 AND seq = 5", sealed.client_id)
    assert await sealed.first_bad() == ("deleted", 5, None)


async def test_an_event_deleted_and_the_rest_moved_up_is_found(sealed: Chain) -> None:
    await sealed.attack("DELETE FROM audit_events WHERE event_id = $1", sealed.event_ids[4])
    await sealed.attack("DELETE FROM audit_seals WHERE client_id = $1 AND seq = 5", sealed.client_id)
    for seq in range(6, 11):
        await sealed.attack(
            "UPDATE audit_seals SET seq = seq - 1 WHERE client_id = $1 AND seq = $2", sealed.client_id, seq
        )
    kind, seq, event_id = await sealed.first_bad()
    assert (kind, seq, event_id) == ("changed", 5, sealed.event_ids[5])


async def test_events_that_changed_places_are_found(sealed: Chain) -> None:
    third, seventh = sealed.event_ids[2], sealed.event_ids[6]
    sql = "UPDATE audit_seals SET event_id = $3 WHERE client_id = $1 AND seq = $2"
    await sealed.attack(sql, sealed.client_id, 3, new_id())
    await sealed.attack(sql, sealed.client_id, 7, third)
    await sealed.attack(sql, sealed.client_id, 3, seventh)
    assert await sealed.first_bad() == ("swapped", 3, seventh)
    assert [one.seq for one in (await sealed.verify()).findings] == [3, 7]


async def test_seals_that_changed_places_are_found(sealed: Chain) -> None:
    sql = "UPDATE audit_seals SET seq = $3 WHERE client_id = $1 AND seq = $2"
    for old, new in ((3, 99), (7, 3), (99, 7)):
        await sealed.attack(sql, sealed.client_id, old, new)
    assert await sealed.first_bad() == ("swapped", 3, sealed.event_ids[6])


async def test_contents_that_changed_places_are_found(sealed: Chain) -> None:
    three, seven = sealed.event_ids[2], sealed.event_ids[6]
    await sealed.attack(
        "UPDATE audit_events e SET target_id = o.target_id FROM audit_events o"
        " WHERE (e.event_id, o.event_id) IN (($1::uuid, $2::uuid), ($2::uuid, $1::uuid))",
        three,
        seven,
    )
    assert await sealed.first_bad() == ("changed", 3, three)


async def test_an_event_put_in_without_a_note_is_found(sealed: Chain) -> None:
    forged = new_id()
    await sealed.attack(INSERT, forged, sealed.client_id)
    assert await sealed.first_bad() == ("inserted", 0, forged)


async def test_an_event_of_last_week_put_in_the_ordinary_way_is_found(sealed: Chain) -> None:
    """Its note has it sealed like any other; what it says of its time gives it away."""
    forged = new_id()
    await sealed.owner.execute(INSERT, forged, sealed.client_id)
    await sealed.owner.execute(
        "UPDATE audit_unsealed SET at = at - interval '7 days' WHERE event_id = $1", forged
    )
    await sealed.owner.execute(
        "UPDATE audit_events SET at = at - interval '7 days' WHERE event_id = $1", forged
    )
    await sealed.seal()
    assert await sealed.first_bad() == ("inserted", 11, forged)


async def test_an_event_of_the_future_is_found_and_casts_no_doubt_on_later_ones(sealed: Chain) -> None:
    forged = new_id()
    await sealed.owner.execute(
        INSERT.replace("(event_id,", "(at, event_id,").replace(
            "VALUES (", "VALUES (now() + interval '1 day', "
        ),
        forged,
        sealed.client_id,
    )
    await sealed.seal()
    await sealed.write(2)
    await sealed.seal()
    assert await sealed.first_bad() == ("inserted", 11, forged)
    assert (await sealed.verify()).bad == 1


async def test_an_event_put_between_two_with_the_chain_written_anew_is_found(sealed: Chain) -> None:
    forged = new_id()
    await sealed.attack(INSERT, forged, sealed.client_id)
    for seq in range(10, 4, -1):
        await sealed.attack(
            "UPDATE audit_seals SET seq = seq + 1 WHERE client_id = $1 AND seq = $2", sealed.client_id, seq
        )
    await sealed.attack(
        "INSERT INTO audit_seals SELECT client_id, 5, $2, sealed_at, hash FROM audit_seals"
        " WHERE client_id = $1 AND seq = 4",
        sealed.client_id,
        forged,
    )
    await rewrite(sealed, 5)
    assert (await sealed.verify(checkpoints=False)).bad == 0  # the chain alone cannot tell
    kind, seq, _ = await sealed.first_bad()
    assert (kind, seq) == ("rewritten", 1)


async def test_an_edit_with_the_chain_written_anew_is_found_by_the_checkpoint(sealed: Chain) -> None:
    await sealed.attack("UPDATE audit_events SET why = 'x' WHERE event_id = $1", sealed.event_ids[4])
    await rewrite(sealed, 5)
    assert (await sealed.verify(checkpoints=False)).bad == 0
    assert (await sealed.first_bad())[0] == "rewritten"


async def cut(log: Chain, last: int) -> None:
    """Let the log end at a seal, everywhere in the database."""
    await log.attack(
        "DELETE FROM audit_events e USING audit_seals s WHERE s.client_id = $1 AND s.seq > $2"
        " AND e.event_id = s.event_id",
        log.client_id,
        last,
    )
    await log.attack("DELETE FROM audit_seals WHERE client_id = $1 AND seq > $2", log.client_id, last)


async def test_a_log_cut_short_is_found(sealed: Chain) -> None:
    await cut(sealed, 5)
    assert await sealed.first_bad() == ("truncated", 6, None)


async def test_a_log_cut_short_with_its_end_moved_is_found_by_the_checkpoint(sealed: Chain) -> None:
    await cut(sealed, 5)
    await rewrite(sealed, 6)
    await sealed.attack(
        "UPDATE audit_chains c SET hash = s.hash, checkpoint_seq = 5 FROM audit_seals s"
        " WHERE c.client_id = $1 AND s.client_id = $1 AND s.seq = 5",
        sealed.client_id,
    )
    assert (await sealed.verify(checkpoints=False)).bad == 0
    assert await sealed.first_bad() == ("truncated", 6, None)


async def test_a_chain_said_to_be_endless_is_read_and_found(sealed: Chain) -> None:
    await sealed.attack("UPDATE audit_chains SET seq = $2 WHERE client_id = $1", sealed.client_id, 2**60)
    assert await sealed.first_bad() == ("truncated", 11, None)


async def test_a_log_that_is_gone_altogether_is_found_by_its_checkpoint(sealed: Chain) -> None:
    await cut(sealed, 0)
    await sealed.attack("DELETE FROM audit_chains WHERE client_id = $1", sealed.client_id)
    assert sealed.client_id in await sealed.outside.chains()
    assert await sealed.first_bad() == ("truncated", 1, None)


async def test_a_log_that_was_cut_and_goes_on_is_not_signed_over(
    sealed: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    """Or the next checkpoint would write over the proof."""
    await cut(sealed, 5)
    await sealed.attack(
        "UPDATE audit_chains c SET seq = 5, hash = s.hash, checkpoint_seq = 0 FROM audit_seals s"
        " WHERE c.client_id = $1 AND s.client_id = $1 AND s.seq = 5",
        sealed.client_id,
    )
    await sealed.write(5)
    await sealed.seal()
    assert await sealed.checkpoint() == 0
    assert (await sealed.first_bad())[0] == "rewritten"


async def test_an_event_deleted_before_it_was_sealed_is_found(sealed: Chain) -> None:
    await sealed.write()
    await sealed.attack("DELETE FROM audit_events WHERE event_id = $1", sealed.event_ids[-1])
    assert await sealed.seal() == 0
    assert await sealed.first_bad() == ("deleted", 0, sealed.event_ids[-1])


async def test_an_event_sealed_twice_stops_its_own_chain_only(sealed: Chain) -> None:
    await sealed.owner.execute(
        "INSERT INTO audit_unsealed SELECT client_id, at, event_id FROM audit_events WHERE event_id = $1",
        sealed.event_ids[4],
    )
    other = Chain(sealed.db, sealed.urls, sealed.owner, None, sealed.settings)
    await other.write()
    assert await sealed.seal() >= 1
    await sealed.owner.execute("DELETE FROM audit_unsealed WHERE event_id = $1", sealed.event_ids[4])
    assert (await sealed.verify()).bad == 0


async def test_a_seal_of_another_length_is_read_and_found(sealed: Chain) -> None:
    async with sealed.owner.transaction():
        await sealed.owner.execute("ALTER TABLE audit_seals DROP CONSTRAINT audit_seals_hash_check")
        await sealed.owner.execute(
            "UPDATE audit_seals SET hash = 'x' WHERE client_id = $1 AND seq = 5", sealed.client_id
        )
        await sealed.owner.execute(
            "ALTER TABLE audit_seals ADD CONSTRAINT audit_seals_hash_check"
            " CHECK (length(hash) = 32) NOT VALID"
        )
    assert await sealed.first_bad() == ("changed", 5, sealed.event_ids[4])
    await sealed.owner.execute("DELETE FROM audit_seals WHERE client_id = $1", sealed.client_id)


async def test_whoever_has_the_application_s_rights_cannot_touch_what_was_sealed(sealed: Chain) -> None:
    for sql in (
        "UPDATE audit_events SET why = 'x'",
        "DELETE FROM audit_events",
        "UPDATE audit_seals SET seq = 0",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with sealed.db.transaction(sealed.reach) as tx:
                await tx.execute(sql)
