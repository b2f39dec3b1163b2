"""Priya edits and publishes a project's profile through the portal."""

from __future__ import annotations

from tests.people import ALICE, NORTHSIDE_LINE, PHYSIO_LINE, PRIYA, TOM
from tests.support.portal import Town

PROJECT = f"/api/workspace/projects/{PHYSIO_LINE}"
VALUE = {"display_name": "Reception", "timezone": "Australia/Perth"}


async def test_priya_saves_publishes_and_has_nothing_left_to_publish(town: Town) -> None:
    priya = await town.of(PRIYA)
    before = (await priya.get(f"{PROJECT}/draft/profile")).json["version"]
    saved = await priya.change(
        "PUT", f"{PROJECT}/draft/profile", {"value": VALUE, "expected_version": before}
    )
    assert (saved.status, saved.json["version"]) == (200, before + 1)
    published = await priya.change("POST", f"{PROJECT}/publish", {"expected_version": before + 1})
    assert published.status == 202
    newest = (await (await town.of(TOM)).get(f"{PROJECT}/versions")).json["versions"][0]
    assert newest["number"] == published.json["version"]["number"]
    again = await priya.change("POST", f"{PROJECT}/publish", {"expected_version": before + 1})
    assert (again.status, again.json["error"]["code"]) == (409, "draft_state_missing")


async def test_a_stale_version_is_a_conflict_with_the_current_one(town: Town) -> None:
    priya = await town.of(PRIYA)
    current = (await priya.get(f"{PROJECT}/draft/profile")).json["version"]
    stale = await priya.change(
        "PUT", f"{PROJECT}/draft/profile", {"value": VALUE, "expected_version": current + 7}
    )
    assert (stale.status, stale.json["error"]["code"]) == (409, "version_conflict")
    assert stale.json["error"]["details"] == {"current_version": current}
    missing = await priya.change("PUT", f"{PROJECT}/draft/profile", {"value": VALUE})
    assert (missing.status, missing.json["error"]["code"]) == (428, "precondition_required")


async def test_nobody_else_edits_and_a_rivals_project_is_missing(town: Town) -> None:
    body = {"value": VALUE, "expected_version": 1}
    for someone in (TOM, ALICE):
        page = await (await town.of(someone)).change("PUT", f"{PROJECT}/draft/profile", body)
        assert page.status == 404
    rival = f"/api/workspace/projects/{NORTHSIDE_LINE}/draft/profile"
    assert (await (await town.of(PRIYA)).get(rival)).status == 404
