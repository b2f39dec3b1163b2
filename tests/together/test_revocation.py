"""A session that was ended is refused by every process of the API within a second of the commit."""

from __future__ import annotations

import time
from pathlib import Path

import aiohttp

from tests.api.sessions.newcomers import invite
from tests.people import CHLOE
from tests.support.api import SignedIn, World
from tests.support.askers import Asker
from tests.support.processes import free_ports, running

AT_ONCE_S = 1.0
ROUNDS = 3
"""A busy machine may hold one up, never all of them."""


async def refused_after_s(there: Asker, ended_at: float) -> float:
    """How long after the end another process still answered."""
    while (answer := await there.get("/v1/projects")).status == 200:
        assert time.monotonic() - ended_at < 10 * AT_ONCE_S, "it is never refused"
    assert (answer.status, answer.code) == (401, "session_revoked")
    return time.monotonic() - ended_at


async def end_by(way: str, world: World, chloe: SignedIn, here: Asker) -> None:
    """End a session: its owner signs out, or the partner who manages the client's users ends it."""
    if way == "partner":
        path = f"/v1/clients/{chloe.someone.client_id}/users/{chloe.user_id}/sessions"
        asker = Asker(here.http, world.priya.headers)
        assert (await asker.delete(path)).json == {"revoked": 1}
    else:
        assert (await here.post(f"/v1/sessions/{chloe.session_id}/sign-out", {})).status == 204


async def test_two_processes_refuse_an_ended_session_within_a_second(
    world: World, tmp_path: Path, record_property: object
) -> None:
    ports = free_ports(2)
    measured: list[float] = []
    with running("api", ports, {**world.environ, "AIDIAL_DATABASE_CONNECTIONS": "4"}, tmp_path / "log"):
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        async with aiohttp.ClientSession(urls[0]) as first, aiohttp.ClientSession(urls[1]) as second:
            for way in ("owner", "partner"):
                seconds = []
                for _ in range(ROUNDS):
                    chloe = await world.sign_in(await invite(world, CHLOE))
                    here, there = Asker(first, chloe.headers), Asker(second, chloe.headers)
                    for one in (here, there):
                        assert (await one.get("/v1/projects")).status == 200
                    await end_by(way, world, chloe, here)
                    seconds.append(await refused_after_s(there, time.monotonic()))
                assert min(seconds) < AT_ONCE_S
                measured += seconds
    assert callable(record_property)
    record_property("measured", f"refused by the other process after {max(measured) * 1000:.0f} ms at most")
