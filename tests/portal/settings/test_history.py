"""The page of who changed a section: words, not members; without scripts; for whom the section is."""

from __future__ import annotations

from tests.people import ALICE, BEN, CHLOE, PRIYA
from tests.portal.settings.test_project_sections import LIMITS, VALUE, first_of
from tests.support.portal import Town

HISTORY = "/settings/call-limits/history"


async def test_alice_reads_what_she_changed_and_ben_that_the_words_did(town: Town) -> None:
    alice, ben = await town.of(ALICE), await town.of(BEN)
    ref, version = await first_of(alice)
    for minutes in (21, 22):
        value = VALUE | {"greeting": f"Said in minute {minutes}.", "max_duration_minutes": minutes}
        change = {"project_ref": ref, "expected_version": version, "value": value}
        version = (await alice.change("PUT", LIMITS, change)).json["version"]
    section = await alice.get(f"/settings?section=call-limits&project_ref={ref}")
    (link,) = section.links("/settings/call-limits/history")
    words = (await alice.get(link)).words
    for said in ("Welcome message", "Said in minute 21.", "Said in minute 22.", ALICE.email):
        assert said in words
    page = await ben.get(HISTORY)
    assert "Also changed: Welcome message. What it says is restricted" in page.words
    assert "Longest call, minutes" in page.words
    assert "Said in minute" not in page.text


async def test_older_changes_are_a_link_away(town: Town) -> None:
    alice = await town.of(ALICE)
    ref, version = await first_of(alice)
    for minutes in (11, 13, 17):
        value = VALUE | {"max_duration_minutes": minutes}
        change = {"project_ref": ref, "expected_version": version, "value": value}
        version = (await alice.change("PUT", LIMITS, change)).json["version"]
    newest = await alice.get(f"{HISTORY}?project_ref={ref}&limit=1")
    assert f'id="version-{version}"' in newest.text
    older = next(one for one in newest.links(HISTORY) if "cursor=" in one)
    page = await alice.get(older)
    assert f'id="version-{version - 1}"' in page.text
    assert f"{HISTORY}?project_ref={ref}" in page.links(HISTORY)


async def test_who_has_no_such_section_finds_no_history_of_it(town: Town) -> None:
    chloe, priya, ben = await town.of(CHLOE), await town.of(PRIYA), await town.of(BEN)
    assert (await chloe.get(HISTORY)).status == 404
    assert (await priya.get("/settings/ip-allowlist/history")).status == 404
    assert (await ben.get("/settings/profile/history")).status == 404
    assert (await ben.get(f"{HISTORY}?project_ref={'x' * 22}")).status == 404
