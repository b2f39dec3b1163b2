"""`/projects`: a partner's lines, what they are called and what their calls may be."""

from __future__ import annotations

import re

import pytest

from tests.people import (
    ADA,
    ALICE,
    BEN,
    CHLOE,
    FRONT_DESK,
    NORTHSIDE_LINE,
    OMAR,
    PHYSIO_LINE,
    PRIYA,
    TOM,
    Someone,
)
from tests.support.portal import Town

PAGE = f"/projects/{PHYSIO_LINE}"
DRAFT = f"/api/workspace{PAGE}/draft/taxonomy"
BOOKED = {"code": "appointment_booked", "label": "Appointment booked <b>"}


async def test_partners_find_every_line_of_their_clients(town: Town) -> None:
    for someone in (PRIYA, TOM):
        page = await (await town.of(someone)).get("/projects")
        assert page.status == 200
        assert set(page.links("/projects/")) == {
            f"/projects/{one['project_id']}"
            for one in (await (await town.of(someone)).get("/api/projects")).json["projects"]
        }
        assert f"/projects/{NORTHSIDE_LINE}" not in page.text
        assert "Old line" in page.words


async def test_priya_edits_what_is_saved_and_tom_reads_it(town: Town) -> None:
    priya, tom = await town.of(PRIYA), await town.of(TOM)
    version = (await priya.get(DRAFT)).json["version"]
    value = {"outcomes": [BOOKED], "resolutions": [], "call_types": []}
    saved = await priya.change("PUT", DRAFT, {"value": value, "expected_version": version})
    assert saved.status == 200
    page = await priya.get(f"{PAGE}?section=taxonomy")
    assert page.status == 200
    assert f'data-json="{DRAFT}" data-method="PUT"' in page.text
    assert 'value="Appointment booked &lt;b&gt;"' in page.text
    assert len(re.findall(rf'name="expected_version"[^>]* value="{version + 1}"', page.text)) == 2
    assert "Publish what is saved" in page.words
    ids = re.findall(r'<input(?! type="hidden")[^>]* id="([^"]+)"', page.text)
    labels = re.findall(r'<label[^>]* for="([^"]+)"', page.text)
    assert sorted(ids) == sorted(labels)
    read = await tom.get(f"{PAGE}?section=taxonomy")
    assert (read.status, "data-json" in read.text.partition("<main")[2]) == (200, False)
    assert "Appointment booked" in read.words
    assert "not published yet" in read.words
    asked = {"section": "taxonomy", "expected_version": version + 1}
    published = await priya.change("POST", f"/api/workspace{PAGE}/publish", asked)
    assert published.status == 202
    after = await priya.get(f"{PAGE}?section=taxonomy")
    assert "Publish what is saved" not in after.words
    assert f"Version {published.json['version']['number']} of this project was published" in after.words


async def test_the_profile_comes_first_and_an_unknown_section_is_nothing(town: Town) -> None:
    priya = await town.of(PRIYA)
    page = await priya.get(PAGE)
    assert "Name and time zone" in page.words
    assert page.links(f"{PAGE}?") == [
        f"{PAGE}?section={name}" for name in ("profile", "taxonomy", "transfer-routing")
    ]
    assert (await priya.get(f"{PAGE}?section=voice")).status == 404
    assert (await priya.get(f"/projects/{NORTHSIDE_LINE}")).status == 404


@pytest.mark.parametrize("someone", [ALICE, BEN, CHLOE, ADA, OMAR], ids=lambda one: one.name)
async def test_nobody_else_has_the_page_or_a_way_to_it(town: Town, someone: Someone) -> None:
    visitor = await town.of(someone)
    for path in ("/projects", f"/projects/{FRONT_DESK}", PAGE):
        assert (await visitor.get(path)).status == 404
    assert (await visitor.get("/status")).links("/projects") == []


async def test_priya_approves_a_destination_whose_number_alice_never_sees(town: Town) -> None:
    priya, tom, alice = await town.of(PRIYA), await town.of(TOM), await town.of(ALICE)
    line = f"/projects/{FRONT_DESK}"
    draft = f"/api/workspace{line}/draft/transfer-routing"
    former = (await priya.get(draft)).json
    desk = {"code": "night_desk", "label": "Night desk", "number": "+61280000009", "mode": "warm"}
    value = {"destinations": [*former["value"]["destinations"], desk]}
    saved = await priya.change("PUT", draft, {"value": value, "expected_version": former["version"]})
    assert saved.status == 200, saved.text
    page = await priya.get(f"{line}?section=transfer-routing")
    assert 'value="+61280000009"' in page.text
    assert "Publish what is saved" in page.words
    read = await tom.get(f"{line}?section=transfer-routing")
    assert (read.status, "data-json" in read.text.partition("<main")[2]) == (200, False)
    assert "Night desk" in read.words
    assert (await alice.get(f"{line}?section=transfer-routing")).status == 404
