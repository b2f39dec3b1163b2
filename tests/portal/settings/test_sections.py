"""Settings through the portal: who gets which document, what a save needs, what is refused how."""

from __future__ import annotations

from typing import Any

import pytest

from aidial_contract.ids import new_id
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.routes import all_rows
from tests.people import ADA, ALICE, BEN, CHLOE, MALLORY, OMAR, PRIYA, TOM
from tests.portal.settings.closing import ALLOWLIST, TENANT, save
from tests.support.portal import Page, Town

EDIT = {
    "section", "mode", "version", "working", "published", "publish_status", "observed_at", "last_changed",
    "projects",
}  # fmt: skip
NOTHING = "/api/settings/nothing-of-the-kind"


def refused(page: Page, status: int, code: str) -> dict[str, Any]:
    """The details of a refusal in the family of settings."""
    assert page.status == status, page.text
    body = page.json
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "message_key", "request_id", "details"}
    assert body["error"]["code"] == code
    details: dict[str, Any] = body["error"]["details"]
    return details


async def test_alice_gets_the_whole_document_with_and_without_a_project(town: Town) -> None:
    alice = await town.of(ALICE)
    projects = (await alice.get("/api/projects")).json["projects"]
    for path in (TENANT, ALLOWLIST):
        page = await alice.get(path)
        assert (page.status, set(page.json)) == (200, EDIT)
        assert (page.json["mode"], page.json["projects"]) == ("edit", [])
        assert (await alice.get(f"{path}?project_ref={projects[0]['project_ref']}")).json == page.json


async def test_a_reference_that_is_not_ones_own_is_not_found(town: Town) -> None:
    alice = await town.of(ALICE)
    of_chloe = (await (await town.of(CHLOE)).get("/api/projects")).json["projects"][0]["project_ref"]
    value = (await alice.get(TENANT)).json["working"]
    for reference in (of_chloe, new_id(), "x"):
        refused(await alice.get(f"{TENANT}?project_ref={reference}"), 404, "not_found")
        # Also before the version is asked for.
        page = await alice.change("PUT", TENANT, {"project_ref": reference, "value": value})
        refused(page, 404, "not_found")
    refused(await alice.get(f"{TENANT}?project_ref=%ed%a0%80"), 400, "malformed_request")
    refused(await alice.get(f"{TENANT}?project=1"), 400, "unsupported_query_parameter")


async def test_ben_reads_a_summary_and_saves_nothing(town: Town) -> None:
    ben = await town.of(BEN)
    for path in (TENANT, ALLOWLIST):
        page = await ben.get(path)
        assert (page.status, page.json["mode"]) == (200, "summary")
        assert page.json["restricted"]
        value = page.json["working"]
        refused(await ben.change("PUT", path, {"expected_version": 1, "value": value}), 404, "not_found")
        refused(await ben.change("PUT", path, {"value": 1}), 404, "not_found")


async def test_everybody_else_finds_nothing_and_an_unknown_section_is_the_same_nothing(town: Town) -> None:
    pages = [await (await town.of(ALICE)).get(NOTHING)]
    for someone in (CHLOE, PRIYA, TOM, ADA, OMAR):
        browser = await town.of(someone)
        pages += [await browser.get(path) for path in (TENANT, ALLOWLIST, NOTHING)]
        pages += [await browser.change("PUT", path, {}) for path in (TENANT, ALLOWLIST, NOTHING)]
    for page in pages:
        refused(page, 404, "not_found")
    assert len({page.text.replace(page.headers["x-request-id"], "") for page in pages}) == 1


async def test_ben_who_may_only_look_is_not_told_which_sections_he_could_save_if_he_might(town: Town) -> None:
    ben = await town.of(BEN)
    wrong = [
        await ben.change("PUT", path, {"value": 1}, **more)
        for path in (TENANT, f"{TENANT}?nothing=1", NOTHING, f"{NOTHING}?nothing=1")
        for more in ({}, {"accept": "image/png"})
    ]
    for page in wrong:
        refused(page, 404, "not_found")


async def test_a_save_names_its_version_and_a_stale_one_is_told_the_current(town: Town) -> None:
    alice = await town.of(ALICE)
    before = (await alice.get(TENANT)).json
    assert (
        refused(await alice.change("PUT", TENANT, {"value": before["working"]}), 428, "precondition_required")
        == {}
    )
    for stale in (before["version"] - 1, before["version"] + 1):
        page = await alice.change("PUT", TENANT, {"expected_version": stale, "value": before["working"]})
        assert refused(page, 409, "version_conflict") == {"current_version": before["version"]}
    assert (await alice.get(TENANT)).json == before


async def test_every_bad_field_is_named_where_the_form_has_it(town: Town) -> None:
    alice = await town.of(ALICE)
    value = {
        "enabled": False,
        "entries": [{"cidr": "nonsense"}, {"cidr": "10.0.0.1"}, {"cidr": "10.0.0.1/32"}],
    }
    details = refused(await save(alice, ALLOWLIST, value), 422, "validation_failed")
    assert [(one["field"], one["code"]) for one in details["field_errors"]] == [
        ("/value/entries/0/cidr", "format"),
        ("/value/entries/2/cidr", "repeated"),
    ]
    value = {"enabled": True, "entries": [{"cidr": "203.0.113.0/24"}]}
    details = refused(await save(alice, ALLOWLIST, value), 422, "validation_failed")
    assert [(one["field"], one["code"]) for one in details["field_errors"]] == [
        ("/value/confirm_lockout", "locks_you_out")
    ]


async def test_what_mallory_saves_is_hers_and_shows(town: Town) -> None:
    mallory, alice = await town.of(MALLORY), await town.of(ALICE)
    before = (await mallory.get(TENANT)).json
    harbour = (await alice.get(TENANT)).json
    page = await save(mallory, TENANT, {**before["working"], "display_name": "Northside & Co"})
    assert (page.status, page.json["version"]) == (200, before["version"] + 1)
    assert page.json["last_changed"]["by"] == MALLORY.email
    assert "Northside & Co" in (await mallory.get("/calls")).words
    assert "Changed the tenant settings" in (await mallory.get("/audit-log")).words
    assert (await alice.get(TENANT)).json == harbour
    assert (await save(mallory, TENANT, before["working"])).status == 200


@pytest.mark.parametrize(
    "row", [row for row in all_rows() if row.path.startswith("/api/settings/") and row.unsafe]
)
def test_saves_are_counted_per_person(row: Any) -> None:
    assert row.bucket is SETTINGS_CHANGES
