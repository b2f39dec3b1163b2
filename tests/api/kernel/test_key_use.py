"""When a key was last used: to the minute, behind the requests, and never at their cost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from aidial_api.kernel import key_use
from aidial_api.kernel.db import Database
from aidial_api.kernel.key_use import KeyUse
from aidial_api.kernel.reach import Reach
from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_api_key
from tests.people import HARBOUR
from tests.support.api import World, running_api
from tests.support.askers import Asker
from tests.support.faults import faulty_url
from tests.support.statements import statements_of_requests

LAST_USED = "SELECT last_used_at FROM api_keys WHERE api_key_id = $1"


@pytest.fixture
async def key(world: World) -> tuple[str, str]:
    """A key nobody has used yet: its text and its id."""
    text, parts = new_api_key("live")
    await world.provisioner.add_key(HARBOUR, text, scope="read", description="used")
    return text, parts.api_key_id


async def test_a_key_that_was_used_says_when(
    world: World, key: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, api_key_id = key
    monkeypatch.setattr(key_use, "WRITE_EVERY_S", 0.02)
    async with running_api(world.environ) as api:
        with statements_of_requests() as statements:
            for _ in range(3):
                assert (await Asker(api.http, {API_KEY: text}).get("/v1/projects")).status == 200
        assert not any("UPDATE" in statement for statement in statements)
        async with asyncio.timeout(5):
            while (used_at := (await world.sql(LAST_USED, api_key_id))[0][0]) is None:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
    assert (used_at.second, used_at.microsecond) == (0, 0)
    assert timedelta(0) <= datetime.now(UTC) - used_at < timedelta(minutes=2)


async def test_a_stop_writes_what_is_left_and_a_refused_key_was_not_used(
    world: World, key: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, api_key_id = key
    monkeypatch.setattr(key_use, "LAST_WRITE_S", 10.0)
    async with running_api(world.environ) as api:
        holder = Asker(api.http, {API_KEY: text})
        assert (await holder.get("/v1/projects")).status == 200
        assert (await Asker(api.http, world.revoked_key.headers).get("/v1/projects")).status == 401
    assert (await world.sql(LAST_USED, api_key_id))[0][0] is not None
    rows = await world.sql("SELECT last_used_at FROM api_keys WHERE description = 'revoked_key'")
    assert [row["last_used_at"] for row in rows] == [None]


async def test_an_earlier_minute_never_replaces_a_later_one(world: World, key: tuple[str, str]) -> None:
    _, api_key_id = key
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    await world.sql("UPDATE api_keys SET last_used_at = $2 WHERE api_key_id = $1", api_key_id, later)
    services = world.api.app.services
    assert services is not None
    db: Database = services.db
    use = KeyUse(db)
    use.note(HARBOUR, api_key_id)
    await use.write()
    assert (await world.sql(LAST_USED, api_key_id))[0][0] == later


async def test_what_the_database_does_not_take_is_written_when_it_is_back(
    world: World, key: tuple[str, str]
) -> None:
    _, api_key_id = key
    async with (
        faulty_url(world.urls.app_url) as (way, url),
        running_api({**world.environ, "DATABASE_URL": url}) as api,
    ):
        services = api.app.services
        assert services is not None
        use = KeyUse(services.db)
        use.note(HARBOUR, api_key_id)
        await way.fail("refuse")
        await use.write()
        assert (await world.sql(LAST_USED, api_key_id))[0][0] is None
        await way.heal()
        async with asyncio.timeout(5):
            while (await world.sql(LAST_USED, api_key_id))[0][0] is None:
                await use.write()


async def test_a_key_that_is_used_again_and_again_is_written_once_a_minute(
    world: World, key: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, api_key_id = key
    services = world.api.app.services
    assert services is not None
    use, now = KeyUse(services.db), datetime.now(UTC).replace(second=1)
    written: list[datetime] = []

    async def quietly(_reach: Reach, _sql: str, *values: datetime) -> None:
        written.append(values[-1])

    monkeypatch.setattr(services.db, "quietly", quietly)
    for later_s in (0, 5, 10, 60, 65):
        monkeypatch.setattr(key_use, "utc_now", lambda at=now + timedelta(seconds=later_s): at)
        use.note(HARBOUR, api_key_id)
        await use.write()
    minute = now.replace(second=0, microsecond=0)
    assert written == [minute, minute + timedelta(minutes=1)]


async def test_what_the_use_of_one_key_meets_keeps_no_other_from_being_written(
    world: World, key: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, api_key_id = key
    monkeypatch.setattr(key_use, "WRITE_EVERY_S", 0.02)
    services = world.api.app.services
    assert services is not None
    quietly = services.db.quietly

    async def broken_for_one(reach: Reach, sql: str, *values: object) -> None:
        if values[1] == "broken":
            raise RuntimeError("nobody thought of it")
        await quietly(reach, sql, *values)

    monkeypatch.setattr(services.db, "quietly", broken_for_one)
    use = KeyUse(services.db)
    use.note(HARBOUR, "broken")
    use.note(HARBOUR, api_key_id)
    use.start()
    async with asyncio.timeout(5):
        while (await world.sql(LAST_USED, api_key_id))[0][0] is None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)
    await use.close()
