"""`aidial analytics rebuild`: somebody at a shell mends the dashboard's numbers."""

from __future__ import annotations

import asyncio

import pytest

from tests.aidial.cli.test_commands import Ran, aidial, owner, patiently
from tests.api.analytics.counting import fold
from tests.api.analytics.test_counts import delivered, same
from tests.api.calls.lines import Business
from tests.support.api import World

CALLS = 12


async def rebuilt(world: World, *words: str) -> Ran:
    """The command in a process of its own, while the API goes on."""
    return await asyncio.to_thread(patiently, "analytics", "rebuild", *words, env=owner(world.urls))


async def damage(world: World, business: Business) -> None:
    """Too many of each hour and no outcome or agent at all, as nothing of ours leaves them."""
    await fold(world)
    await world.sql("UPDATE call_counts SET calls = calls + 1 WHERE client_id = $1", business.client_id)
    await world.sql("DELETE FROM call_counts_by_key WHERE client_id = $1", business.client_id)


def named(ran: Ran, business: Business) -> list[str]:
    """What the command says of a tenant."""
    return [line for line in ran.out.splitlines() if line.startswith(business.client_id)]


async def test_damaged_numbers_of_a_tenant_are_those_of_a_recount_after_a_rebuild(world: World) -> None:
    mended, other = await delivered(world, count=CALLS), await delivered(world, count=CALLS)
    await damage(world, mended)
    await damage(world, other)
    with pytest.raises(AssertionError):
        await same(world, mended)
    ran = await rebuilt(world, "--client", mended.client_id)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[-1] == f"{CALLS} calls of 1 tenants are counted."
    assert named(ran, mended)
    assert all("were counted" in line for line in named(ran, mended))
    await same(world, mended)
    # Whom nobody named is as wrong as before, until everybody is counted.
    assert named(ran, other) == []
    ran = await rebuilt(world)
    assert ran.code == 0, ran.err
    assert (named(ran, mended), bool(named(ran, other))) == ([], True)
    await same(world, other)
    await same(world, mended)


async def test_a_rebuild_without_a_database_says_which_setting_is_missing() -> None:
    ran = await asyncio.to_thread(aidial, "analytics", "rebuild")
    assert (ran.code, ran.out) == (78, "")
    assert "AIDIAL_DATABASE_OWNER_URL" in ran.err


async def test_a_tenant_that_is_not_there_is_named_and_nothing_is_counted(world: World) -> None:
    ran = await rebuilt(world, "--client", "harbor-dental-misspelt")
    assert (ran.code, ran.out) == (2, "")
    assert "harbor-dental-misspelt" in ran.err
