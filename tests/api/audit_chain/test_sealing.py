"""Every event is sealed, once, in the order in which it was committed, whoever seals."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from aidial_api.kernel.audit_chain.checkpoints import SigningKey
from aidial_api.kernel.audit_chain.outside import OutsideUnavailable
from aidial_api.kernel.audit_chain.sealer import Sealer
from aidial_api.kernel.reach import NOTHING, Reach
from tests.api.audit_chain.chains import Chain


async def sealed_ids(log: Chain) -> list[str]:
    rows = await log.owner.fetch(
        "SELECT event_id FROM audit_seals WHERE client_id IS NOT DISTINCT FROM $1 ORDER BY seq", log.client_id
    )
    return [str(row["event_id"]) for row in rows]


async def test_events_are_sealed_in_the_order_in_which_they_were_committed(log: Chain) -> None:
    await log.seal()
    late = log.db.transaction(log.reach)
    tx = await late.__aenter__()
    slow = await log.write_in(tx)  # an older id and an older time than what is committed before it
    await log.write(3)
    assert await log.seal() == 3
    assert (await log.verify()).waiting == 0  # it is not there yet, and nobody waits for it
    await late.__aexit__(None, None, None)
    await log.write()
    assert await log.seal() == 2
    ids = await sealed_ids(log)
    assert ids[1:] == [*log.event_ids[1:4], slow, log.event_ids[4]]
    assert (await log.verify()).bad == 0


async def test_what_was_rolled_back_is_never_waited_for(log: Chain) -> None:
    async def undone() -> None:
        async with log.db.transaction(log.reach) as tx:
            await log.write_in(tx)
            raise LookupError

    with pytest.raises(LookupError):
        await undone()
    await log.seal()
    assert (await log.verify()).sealed == 1
    assert await log.seal() == 0


async def test_several_sealers_at_once_seal_everything_once_while_others_write(log: Chain) -> None:
    writing = True

    async def seal_on() -> None:
        while writing:
            await Sealer(log.db).seal_all()
            await asyncio.sleep(0)

    sealers = [asyncio.create_task(seal_on()) for _ in range(3)]
    await asyncio.gather(*(log.write(8) for _ in range(4)))
    writing = False
    await asyncio.gather(*sealers)
    await log.seal()
    report = await log.verify()
    assert (report.sealed, report.waiting, report.bad) == (33, 0, 0)
    assert set(await sealed_ids(log)) >= set(log.event_ids)


async def test_events_of_no_tenant_have_a_chain_of_their_own_which_no_tenant_sees(log: Chain) -> None:
    internal = Chain(log.db, log.urls, log.owner, None, log.settings)
    await internal.write(2)
    await log.seal()
    await internal.checkpoint()
    report = await internal.verify()
    assert (report.chain, report.bad) == ("_internal", 0)
    assert report.sealed >= 2
    assert report.vouched_for == report.sealed
    async with log.db.transaction(log.reach) as tx:
        assert await tx.fetchval("SELECT count(*) FROM audit_seals WHERE client_id IS NULL") == 0
        assert await tx.fetchval("SELECT count(*) FROM audit_events WHERE client_id IS NULL") == 0
        assert await tx.fetchval("SELECT count(*) FROM audit_unsealed") == 0
        assert await tx.fetchval("SELECT count(*) FROM audit_chains") == 0


async def test_a_tenant_sees_its_own_seals_only_and_nobody_without_reach_sees_any(log: Chain) -> None:
    await log.seal()
    async with log.db.transaction(log.reach) as tx:
        assert {row[0] for row in await tx.fetch("SELECT client_id FROM audit_seals")} == {log.client_id}
    for reach in (Reach(("northside",)), NOTHING):
        async with log.db.transaction(reach) as tx:
            for table in ("audit_seals", "audit_unsealed", "audit_chains"):
                assert await tx.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_an_event_that_waits_is_counted_and_one_that_waits_long_is_late(log: Chain) -> None:
    await log.write(2)
    await log.attack(
        "UPDATE audit_unsealed SET at = at - interval '11 s' WHERE client_id = $1 AND event_id = $2",
        log.client_id,
        log.event_ids[0],
    )
    report = await log.verify()
    assert (report.sealed, report.waiting, report.waiting_late, report.bad) == (0, 3, 1, 0)


async def test_a_checkpoint_is_the_days_last_and_says_who_signed(log: Chain) -> None:
    await log.seal()
    assert await log.checkpoint() >= 1
    await log.write()
    await log.seal()
    await log.checkpoint()
    assert log.client_id is not None
    kept = await log.outside.read_all(log.client_id)
    assert len(kept) <= 2  # one a day, and midnight may come between
    name, last = max(kept, key=lambda one: one[0])
    assert last is not None
    assert (last.seq, last.key_id) == (2, log.settings.key.public.key_id)
    assert name == f"{log.client_id}/{last.made_at.date().isoformat()}.json"
    assert await log.checkpoint() == 0  # nothing moved


async def test_another_key_goes_on_while_the_old_one_is_trusted_and_not_otherwise(log: Chain) -> None:
    old = log.settings
    await log.seal()
    await log.checkpoint()
    await log.owner.execute(  # yesterday's: one file a day
        "UPDATE audit_chains SET checkpoint_at = checkpoint_at - interval '1 day' WHERE client_id = $1",
        log.client_id,
    )
    await log.write()
    await log.seal()
    log.settings = replace(old, key=SigningKey(bytes(32)))
    assert await log.checkpoint() == 0
    assert (await log.first_bad())[0] == "unbelieved"
    log.settings = replace(old, key=SigningKey(bytes(32)), also_trusted=(old.key.public,))
    assert await log.checkpoint() >= 1
    report = await log.verify()
    assert (report.bad, report.vouched_for) == (0, 2)


@pytest.mark.parametrize("change", ["seq", "hash", "signature", "nonsense", "gone"])
async def test_a_checkpoint_somebody_touched_is_not_believed(log: Chain, tmp_path: Path, change: str) -> None:
    await log.write(2)
    await log.seal()
    await log.checkpoint()
    (file,) = (tmp_path / str(log.client_id)).iterdir()
    text = file.read_text()
    changed = {
        "seq": text.replace('"seq": 3', '"seq": 2'),
        "hash": text.replace('"hash": "', '"hash": "0'),
        "signature": text.replace('"signature": "', '"signature": "AAAA'),
        "nonsense": "{",
    }
    if change == "gone":
        file.unlink()
    else:
        assert changed[change] != text
        file.write_text(changed[change])
    assert (await log.first_bad())[0] == "unbelieved"


async def test_sealing_goes_on_when_checkpoints_cannot_be_written(log: Chain, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("not a folder")
    log.settings = replace(log.settings, place=(blocked / "checkpoints").as_uri())
    await log.seal()
    with pytest.raises(OutsideUnavailable):
        await log.checkpoint()
    await log.write()
    assert await log.seal() == 1
    assert (await log.verify(checkpoints=False)).sealed == 2
