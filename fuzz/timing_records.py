"""Pairs of recordings, unlocks, holds, incidents, numbers and live calls, on the API and on the portal.

The one thing a newcomer would get wrong: where a path has two ids, one of them stays one's own, so that the
other alone is what may not be told.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.matrix.records import Place, own_record, records_elsewhere
from tests.people import AFTER_HOURS, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.portal import Page, Town

from aidial_contract.ids import new_id
from fuzz.timing import Pair, pair_of

Browsing = Callable[..., Awaitable[Page]]
RELEASE = {"reason": "timed", "expected_version": 1}
CHANGE = {"state": "monitoring", "message": "timed", "expected_version": 1}


@dataclass(frozen=True, slots=True)
class _Records:
    """A rival's, and one's own that a role may not change."""

    unlock: str
    own_unlock: str
    hold: str
    own_incident: str


@asynccontextmanager
async def _records(place: Place) -> AsyncIterator[_Records]:
    own = {name: await own_record(place, name) for name in ("unlock_id", "incident_id")}
    async with (
        records_elsewhere(place, "unlock_id") as unlocks,
        records_elsewhere(place, "hold_id") as holds,
    ):
        rival = "the rival's"
        yield _Records(unlocks[rival], own["unlock_id"], holds[rival], own["incident_id"])


@asynccontextmanager
async def pairs_of_api(world: World) -> AsyncIterator[list[Pair]]:
    """The API's."""
    async with _records(world) as records:
        yield [*_recordings(world), *_changes(world, records), *_narrowed(world)]


def _recordings(world: World) -> Iterator[Pair]:
    alice, chloe, tom, grant = world.alice, world.chloe, world.tom, new_id()
    rival, after, own = (world.calls[name] for name in ("northside-1", "after-1", "front-1"))
    yield pair_of("a recording, a rival's", lambda one: alice.get(f"/v1/calls/{one}/recording"), rival)
    yield pair_of(
        "a recording, another project's", lambda one: chloe.get(f"/v1/calls/{one}/recording"), after
    )
    yield pair_of(
        "a recording's bytes, a rival's",
        lambda one: alice.get(f"/v1/calls/{one}/recording/media/{grant}"),
        rival,
    )
    yield pair_of(
        "a recording's address, by a role that may not",
        lambda one: tom.post(f"/v1/calls/{one}/recording/playback"),
        own,
    )


def _changes(world: World, records: _Records) -> Iterator[Pair]:
    alice, chloe, own = world.alice, world.chloe, world.calls["front-1"]
    yield pair_of(
        "an unlock's details, a rival's",
        lambda one: alice.get(f"/v1/calls/{own}/pii-unlocks/{one}/reveal"),
        records.unlock,
    )
    yield pair_of(
        "an unlock's approval, by a role that may not",
        lambda one: chloe.post(f"/v1/calls/{own}/pii-unlocks/{one}/approve"),
        records.own_unlock,
    )
    yield pair_of(
        "a hold's release, a rival's",
        lambda one: alice.post(f"/v1/legal-holds/{one}/release", RELEASE),
        records.hold,
    )
    yield pair_of(
        "an incident's change, by a role that may not",
        lambda one: alice.patch(f"/v1/incidents/{one}", CHANGE),
        records.own_incident,
    )


def _narrowed(world: World) -> Iterator[Pair]:
    alice, chloe = world.alice, world.chloe
    yield pair_of(
        "numbers of a rival's project",
        lambda one: alice.get(f"/v1/analytics/summary?project_id={one}"),
        NORTHSIDE_LINE,
    )
    yield pair_of(
        "live calls of another project",
        lambda one: chloe.get(f"/v1/calls/live?project_id={one}"),
        AFTER_HOURS,
    )


@asynccontextmanager
async def pairs_of_portal(town: Town, **people: Browsing) -> AsyncIterator[list[Pair]]:
    """The portal's."""
    async with _records(town) as records:
        yield [*_heard(town, **people), *_changed(town, records, **people)]


def _heard(town: Town, alice: Browsing, chloe: Browsing, tom: Browsing, **_: Browsing) -> Iterator[Pair]:
    rival, after, own, grant = *(town.calls[name] for name in ("northside-1", "after-1", "front-1")), new_id()
    yield pair_of(
        "a recording, another project's", lambda one: chloe("GET", f"/api/calls/{one}/recording"), after
    )
    yield pair_of(
        "a recording's bytes, a rival's",
        lambda one: alice("GET", f"/api/calls/{one}/recording/media/{grant}"),
        rival,
    )
    yield pair_of(
        "a recording's address, by a role that may not",
        lambda one: tom("POST", f"/api/calls/{one}/recording/playback"),
        own,
    )
    yield pair_of(
        "numbers of a rival's project",
        lambda one: alice("GET", f"/api/analytics/summary?project_id={one}"),
        NORTHSIDE_LINE,
    )


def _changed(town: Town, records: _Records, alice: Browsing, **_: Browsing) -> Iterator[Pair]:
    own, rival = town.calls["front-1"], town.calls["northside-1"]
    asked: tuple[tuple[str, str, str, str, Any], ...] = (
        ("the unlocks of a call, a rival's", "GET", "/calls/{}/pii-unlocks", rival, None),
        (
            "an unlock's details, a rival's",
            "GET",
            f"/api/calls/{own}/pii-unlocks/{{}}/reveal",
            records.unlock,
            None,
        ),
        ("a hold's release, a rival's", "POST", "/api/legal-holds/{}/release", records.hold, RELEASE),
        (
            "an incident's change, by a role that may not",
            "PATCH",
            "/api/ops/incidents/{}",
            records.own_incident,
            CHANGE,
        ),
    )
    for name, method, path, denied, body in asked:
        yield pair_of(
            name,
            lambda one, method=method, path=path, body=body: alice(method, path.format(one), body),  # type: ignore[misc]
            denied,
        )
