"""What is set for each project, at the portal: opaque references, the first project without one, pages."""

from __future__ import annotations

from tests.people import ALICE, BELLA, BEN, CHLOE, FRONT_DESK, PRIYA
from tests.support.portal import Browser, Town

LIMITS = "/api/settings/call-limits"
VALUE = {"greeting": "Harbour Dental, hello.", "interruptible": True, "max_duration_minutes": 12}


async def first_of(browser: Browser) -> tuple[str, int]:
    """The first project's reference and the section's version there."""
    document = (await browser.get(LIMITS)).json
    return document["project_ref"], document["version"]


async def test_alice_is_given_every_project_by_references_that_mean_nothing_to_ben(town: Town) -> None:
    alice, ben = await town.of(ALICE), await town.of(BEN)
    page = await alice.get(LIMITS)
    document = page.json
    assert document["mode"] == "edit"
    assert FRONT_DESK not in page.text
    refs = [one["ref"] for one in document["projects"]]
    assert document["project_ref"] == refs[0]
    assert len(set(refs)) == len(refs) >= 2
    for one in document["projects"]:
        other = (await alice.get(f"{LIMITS}?project_ref={one['ref']}")).json
        assert (other["project_ref"], other["projects"]) == (one["ref"], document["projects"])
        assert (await ben.get(f"{LIMITS}?project_ref={one['ref']}")).status == 404
    theirs = {one["ref"] for one in (await ben.get(LIMITS)).json["projects"]}
    assert theirs.isdisjoint(refs)
    known = {one["project_ref"] for one in (await alice.get("/api/projects")).json["projects"]}
    assert known == set(refs)


async def test_a_save_is_of_the_project_it_names_and_of_no_other(town: Town) -> None:
    alice = await town.of(ALICE)
    refs = [one["ref"] for one in (await alice.get(LIMITS)).json["projects"]]
    before = {ref: (await alice.get(f"{LIMITS}?project_ref={ref}")).json for ref in refs}
    said = {"project_ref": refs[-1], "expected_version": before[refs[-1]]["version"], "value": VALUE}
    saved = await alice.change("PUT", LIMITS, said)
    assert saved.status == 200, saved.text
    assert (saved.json["project_ref"], saved.json["working"]) == (refs[-1], VALUE)
    assert saved.json["version"] == before[refs[-1]]["version"] + 1
    number = saved.json["provenance"]["published_version"]
    page = await alice.get(f"/settings?section=call-limits&project_ref={refs[-1]}")
    assert f"Published in Version {number} of the project" in page.words
    for ref in refs[:-1]:
        assert (await alice.get(f"{LIMITS}?project_ref={ref}")).json == before[ref]
    stale = await alice.change("PUT", LIMITS, said)
    assert (stale.status, stale.json["error"]["code"]) == (409, "version_conflict")
    assert stale.json["error"]["details"]["current_version"] == saved.json["version"]
    missing = await alice.change("PUT", LIMITS, {"project_ref": refs[-1], "value": VALUE})
    assert (missing.status, missing.json["error"]["code"]) == (428, "precondition_required")
    elsewhere = await alice.change("PUT", LIMITS, {**said, "project_ref": "made-up"})
    assert elsewhere.status == 404


async def test_a_save_without_a_reference_is_of_the_first_project(town: Town) -> None:
    alice = await town.of(ALICE)
    ref, version = await first_of(alice)
    saved = await alice.change("PUT", LIMITS, {"expected_version": version, "value": VALUE})
    assert (saved.status, saved.json["project_ref"]) == (200, ref)


async def test_ben_and_priya_read_summaries_and_chloe_nothing(town: Town) -> None:
    alice = await town.of(ALICE)
    _, version = await first_of(alice)
    await alice.change("PUT", LIMITS, {"expected_version": version, "value": VALUE})
    for someone in (BEN, PRIYA):
        page = await (await town.of(someone)).get(LIMITS)
        assert (page.status, page.json["mode"], page.json["restricted"]) == (200, "summary", ["greeting"])
        assert "Harbour Dental, hello." not in page.text
    names = [one["name"] for one in (await (await town.of(PRIYA)).get(LIMITS)).json["projects"]]
    assert any(name.startswith("Harbour Dental") and ": " in name for name in names)
    for someone in (CHLOE, BELLA):
        browser = await town.of(someone)
        for path in (LIMITS, "/settings?section=call-limits"):
            status = (await browser.get(path)).status
            assert status == (404 if someone is CHLOE else 200)


async def test_the_page_shows_the_form_to_alice_and_facts_to_ben(town: Town) -> None:
    alice, ben = await town.of(ALICE), await town.of(BEN)
    page = await alice.get("/settings?section=call-limits")
    assert page.status == 200
    assert 'name="value/max_duration_minutes"' in page.text
    assert FRONT_DESK not in page.text.split("<main", 1)[1]
    assert "Published" in page.words
    ref = (await alice.get(LIMITS)).json["projects"][-1]["ref"]
    chosen = await alice.get(f"/settings?section=call-limits&project_ref={ref}")
    assert f'name="project_ref" value="{ref}"' in chosen.text
    assert (await alice.get("/settings?section=call-limits&project_ref=made-up")).status == 404
    summary = await ben.get("/settings?section=call-limits")
    assert "Restricted to administrators" in summary.words
    assert "data-json" not in summary.text


async def test_notifications_say_that_they_reach_nobody_where_nothing_is_set_up(town: Town) -> None:
    for someone in (ALICE, BEN):
        browser = await town.of(someone)
        page = await browser.get("/settings?section=notifications")
        assert "Neither e-mail nor SMS is set up here yet" in page.words
        document = (await browser.get("/api/settings/notifications")).json
        assert document["reaches"] == {"email": False, "sms": False}
