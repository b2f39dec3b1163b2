"""Opening the log is itself in the log, once an opening, and only when it was opened."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest

from aidial_api.routes import TABLE
from tests.api.audit.logs import PATH, Log, open_log, read
from tests.support.api import World


async def _openings(log: Log) -> list[dict[str, object]]:
    events = await log.world.sql(
        "SELECT actor_id, target_id, technical FROM audit_events"
        " WHERE client_id = $1 AND action = 'audit.viewed' ORDER BY event_id",
        log.business.client_id,
    )
    return [dict(row) for row in events]


async def test_an_opening_is_recorded_once_and_seen_at_the_next(world: World) -> None:
    log = await open_log(world)
    first = await read(log.admin)
    assert "audit.viewed" not in {one["action"] for one in first}
    (opening,) = await _openings(log)
    assert opening["actor_id"] == log.admin.user_id
    assert opening["target_id"] == log.business.client_id
    seen = (await read(log.manager))[0]
    assert seen["action"] == "audit.viewed"
    assert seen["actor"] == {"kind": "user", "id": log.admin.user_id, "label": log.admin.someone.email}


async def test_further_pages_and_the_list_of_actors_belong_to_the_same_opening(world: World) -> None:
    log = await open_log(world)
    page = (await log.admin.get(f"{PATH}?limit=1")).json
    while page["next_cursor"] is not None:
        page = (await log.admin.get(f"{PATH}?limit=1&cursor={quote(page['next_cursor'])}")).json
    assert (await log.admin.get(f"{PATH}/actors")).status == 200
    assert len(await _openings(log)) == 1


async def test_which_filters_were_used_is_recorded_and_not_what_for(world: World) -> None:
    log = await open_log(world)
    await read(log.admin, actor="somebody@example.com", preset="calls", limit="10")
    (opening,) = await _openings(log)
    assert opening["technical"] == '{"filters": ["actor", "preset"]}'


async def test_a_refused_request_records_nothing(world: World) -> None:
    log = await open_log(world)
    for asker, query in (
        (log.admin, "?preset=everything"),
        (log.admin, "?nonsense=1"),
        (log.admin, "?cursor=x"),
        (log.admin, "?from=2026-03-02&to=2026-03-01"),
        (log.admin, "?project_id=nowhere"),
        (log.business.staff, ""),
        (log.business.key, ""),
    ):
        assert (await asker.get(PATH + query)).status in {400, 403, 404, 422}
    assert await _openings(log) == []


@pytest.mark.parametrize("name", ["calls.create", "health.live"])
def test_only_a_read_by_somebody_known_is_recorded(name: str) -> None:
    row = next(one for one in TABLE.rows if one.name == name)
    with pytest.raises(ValueError, match="only a read by somebody known"):
        replace(row, records=True)
