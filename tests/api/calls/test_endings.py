"""Calls from before endings of 5, 7 and 8 digits had tokens are found by them, then and now."""

from __future__ import annotations

import pytest

from aidial.worker import files_of
from aidial_api.kernel.crypto import MasterKey, TenantKey, TenantKeys
from aidial_api.kernel.db import Database
from aidial_api.kernel.reach import Reach
from aidial_api.settings import read_settings
from aidial_api.surfaces.calls import endings
from tests.api.calls.lines import Business, open_business
from tests.support.api import World
from tests.support.world_calls import new_call

NUMBERS = ("+61291034567", "+61298034567", "+61412345678", "+61491570156", "+61491570156")
ENDINGS = {"34567": {0, 1}, "1034567": {0}, "98034567": {1}, "45678": {2}, "1570156": {3, 4}, "99999": set()}
TOKENS = "SELECT call_id, token FROM caller_tokens WHERE client_id = $1"


async def key_of(world: World, db: Database, client_id: str) -> TenantKey:
    async with db.transaction(Reach((client_id,))) as tx:
        return await TenantKeys(MasterKey(read_settings(world.environ).master_key)).get(tx, client_id)


async def as_before(world: World, key: TenantKey, client_id: str) -> None:
    """Take the tokens off that an earlier version did not know."""
    new = [key.suffix_token(number[-digits:]) for number in NUMBERS for digits in (5, 7, 8)]
    await world.sql("DELETE FROM caller_tokens WHERE client_id = $1 AND token = any($2)", client_id, new)


async def found(business: Business, ending: str) -> set[int]:
    page = (await business.admin.get(f"/v1/calls?project_id={business.lines[0]}&caller={ending}")).json
    assert page["matching"]["count"] == len(page["calls"])
    return {int(call["external_id"]) for call in page["calls"]}


async def test_old_calls_are_found_before_the_job_and_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    business = await open_business(world, "Australia/Sydney")
    for at, number in enumerate(NUMBERS):
        await business.deliver(new_call(business.lines[0], str(at), from_number=number))
    await business.deliver(new_call(business.lines[0], "withheld", from_number=None))
    db = await Database.connect(world.urls.app_url, min_size=1, max_size=1)
    files = files_of(read_settings(world.environ))
    key, client_id = await key_of(world, db, business.client_id), business.client_id
    whole = {tuple(row) for row in await world.sql(TOKENS, client_id)}
    await as_before(world, key, client_id)
    # Nobody says that tokens lack: then nothing is found, and so the rest of this test can fail.
    assert await found(business, "34567") == set()
    await world.sql("INSERT INTO callers_without_endings (client_id) VALUES ($1)", client_id)
    for ending, calls in ENDINGS.items():
        assert await found(business, ending) == calls
    # A worker that died after its first batch leaves the rest to another.
    monkeypatch.setattr(endings, "BATCH_CALLS", 2)
    assert await endings.complete_some(db, files, client_id)
    for ending, calls in ENDINGS.items():
        assert await found(business, ending) == calls
    await endings.complete(db, files, client_id=client_id)
    monkeypatch.undo()
    for ending, calls in ENDINGS.items():
        assert await found(business, ending) == calls
    await endings.complete(db, files, client_id=client_id)
    assert {tuple(row) for row in await world.sql(TOKENS, client_id)} == whole
    assert not await world.sql("SELECT FROM callers_without_endings WHERE client_id = $1", client_id)
    for ending, calls in ENDINGS.items():
        assert await found(business, ending) == calls
    await db.close()
