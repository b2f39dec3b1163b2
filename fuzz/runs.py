"""Every long run, and its share of the time that is given to all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from tests.support.postgres import PostgresServer

from fuzz import contract, machines, parsers, timing_api, timing_portal
from fuzz.ground import town_of, world_of
from fuzz.report import Budget, Report


@dataclass(frozen=True, slots=True)
class Run:
    """`share` of the minutes; a run by pairs has none."""

    run: Callable[[PostgresServer, Budget], Coroutine[Any, Any, Report]]
    share: float


async def _contract(server: PostgresServer, budget: Budget) -> Report:
    async with world_of(server, "contract") as world:
        return await contract.run(world, budget)


async def _machines(server: PostgresServer, budget: Budget) -> Report:
    async with world_of(server, "machines") as world:
        return await machines.run(world, budget)


async def _parsers(_: PostgresServer, budget: Budget) -> Report:
    return await parsers.run(budget)


async def _timing_api(server: PostgresServer, budget: Budget) -> Report:
    async with world_of(server, "timing") as world:
        return await timing_api.run(world, budget)


async def _timing_portal(server: PostgresServer, budget: Budget) -> Report:
    async with town_of(server, "timing_portal") as town:
        return await timing_portal.run(town, budget)


RUNS: Final = {
    "contract": Run(_contract, 0.6),
    "machines": Run(_machines, 0.25),
    "parsers": Run(_parsers, 0.15),
    "timing-api": Run(_timing_api, 0.0),
    "timing-portal": Run(_timing_portal, 0.0),
}
