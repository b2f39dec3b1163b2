"""A session ends at its second: not before it, and not after it. The clock is the test's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aidial_api.kernel import credentials
from aidial_api.surfaces.sessions import registry
from tests.people import ALICE
from tests.support.api import SignedIn, World


class Clock:
    """A time that stands still until it is set."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    set_by_test = Clock()
    for module in (credentials, registry):
        monkeypatch.setattr(module, "utc_now", set_by_test)
    return set_by_test


async def ends(alice: SignedIn) -> tuple[datetime, datetime]:
    """When the session ends if nobody touches it, and when it ends in any case."""
    said = (await alice.get(f"/v1/sessions/{alice.session_id}/state")).json
    return (
        datetime.fromisoformat(said["idle_expires_at"]),
        datetime.fromisoformat(said["absolute_expires_at"]),
    )


async def code(alice: SignedIn) -> str:
    answer = await alice.get("/v1/projects")
    return "" if answer.status == 200 else str(answer.code)


async def test_an_idle_session_ends_at_its_second(world: World, clock: Clock) -> None:
    alice = await world.sign_in(ALICE)
    idle, absolute = await ends(alice)
    assert idle - clock.now == timedelta(minutes=30)
    assert absolute - clock.now == timedelta(hours=12)
    clock.now = idle - timedelta(microseconds=1)
    assert await code(alice) == ""
    clock.now = idle
    assert await code(alice) == "session_expired"


async def test_a_touch_in_the_last_second_counts_and_one_at_the_end_does_not(
    world: World, clock: Clock
) -> None:
    alice = await world.sign_in(ALICE)
    touch = f"/v1/sessions/{alice.session_id}/touch"
    idle, _ = await ends(alice)
    clock.now = idle - timedelta(seconds=1)
    assert (await alice.post(touch)).status == 200
    slid, _ = await ends(alice)
    assert slid == clock.now + timedelta(minutes=30)
    clock.now = slid
    late = await alice.post(touch)
    assert (late.status, late.code) == (401, "session_expired")


async def test_a_session_in_use_ends_at_its_absolute_second(world: World, clock: Clock) -> None:
    alice = await world.sign_in(ALICE)
    touch = f"/v1/sessions/{alice.session_id}/touch"
    idle, absolute = await ends(alice)
    while idle < absolute:
        clock.now = idle - timedelta(seconds=1)
        assert (await alice.post(touch)).status == 200
        idle, _ = await ends(alice)
    assert idle == absolute
    clock.now = absolute - timedelta(microseconds=1)
    assert await code(alice) == ""
    clock.now = absolute
    assert await code(alice) == "session_expired"


async def test_a_touch_writes_again_after_exactly_a_minute(world: World, clock: Clock) -> None:
    alice = await world.sign_in(ALICE)
    touch = f"/v1/sessions/{alice.session_id}/touch"
    first, _ = await ends(alice)
    clock.now += timedelta(seconds=59)
    await alice.post(touch)
    assert (await ends(alice))[0] == first
    clock.now += timedelta(seconds=1)
    await alice.post(touch)
    assert (await ends(alice))[0] == first + timedelta(minutes=1)
