"""Which lines somebody sees."""

from __future__ import annotations

import pytest

from tests.people import (
    AFTER_HOURS,
    BAYSIDE,
    FRONT_DESK,
    HARBOUR,
    NORTHSIDE_LINE,
    OLD_LINE,
    PHYSIO_LINE,
)
from tests.support.api import World

HARBOURS = {FRONT_DESK, AFTER_HOURS, OLD_LINE}
SEEN = {
    "alice": HARBOURS,
    "ben": HARBOURS,
    "chloe": {FRONT_DESK},
    "priya": {*HARBOURS, PHYSIO_LINE},
    "tom": {*HARBOURS, PHYSIO_LINE},
    "bella": {PHYSIO_LINE},
    "mallory": {NORTHSIDE_LINE},
    "harbour_read": HARBOURS,
    "northside_manage": {NORTHSIDE_LINE},
}


@pytest.mark.parametrize("name", SEEN)
async def test_everybody_sees_their_own_lines_and_no_other(world: World, name: str) -> None:
    listed = (await getattr(world, name).get("/v1/projects")).json["projects"]
    assert {one["project_id"] for one in listed} == SEEN[name]
    assert len(listed) == len(SEEN[name])
    order = [(one["client_id"], one["display_name"]) for one in listed]
    assert order == sorted(order)


async def test_a_line_says_its_name_zone_and_whether_it_is_on(world: World) -> None:
    listed = (await world.alice.get("/v1/projects")).json["projects"]
    by_id = {one["project_id"]: one for one in listed}
    assert by_id[FRONT_DESK] == {
        "project_id": FRONT_DESK,
        "client_id": HARBOUR,
        "display_name": "Front desk",
        "timezone": "Australia/Sydney",
        "is_active": True,
    }
    assert by_id[OLD_LINE]["is_active"] is False


async def test_a_partner_may_look_at_one_client(world: World) -> None:
    listed = (await world.tom.get(f"/v1/projects?client_id={BAYSIDE}")).json["projects"]
    assert [one["project_id"] for one in listed] == [PHYSIO_LINE]
    assert (await world.bella.get(f"/v1/projects?client_id={HARBOUR}")).status == 404


async def test_a_switched_off_lines_calls_stay_readable(world: World) -> None:
    call_id = world.calls["old-1"]
    assert (await world.alice.get(f"/v1/calls/{call_id}")).status == 200
    assert (await world.chloe.get(f"/v1/calls/{call_id}")).status == 404
