"""The status page and the banners above every page."""

from __future__ import annotations

import re

import pytest

from aidial_portal.kernel import context
from tests.people import ADA, ALICE, CHLOE, FRONT_DESK, MALLORY, OMAR, OSCAR, PRIYA
from tests.portal.status.incidents import incident
from tests.support.portal import Page, Town

TITLE = "Calls start late"


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who somebody is, and with it what concerns them, is asked for each page."""
    monkeypatch.setattr(context, "REUSED_S", 0.0)


@pytest.fixture(autouse=True)
async def calm(town: Town) -> None:
    """Other tests' incidents are over."""
    await town.sql("UPDATE incidents SET state = 'resolved', resolved_at = now() WHERE state <> 'resolved'")


def banners(page: Page) -> list[str]:
    """The titles of the banners of a page."""
    return re.findall(r'aria-label="Incident: ([^"]+)"', page.text)


async def test_everybody_reads_how_things_are(town: Town) -> None:
    for someone in (ALICE, CHLOE, PRIYA, OMAR, ADA):
        page = await (await town.of(someone)).get("/status")
        assert page.status == 200
        assert "All systems operational" in page.words
        report = (await (await town.of(someone)).get("/api/status")).json
        assert report.keys() == {"overall", "incidents", "history", "projects"}
        assert report["overall"] == "operational"
    chloe = await (await town.of(CHLOE)).get("/status")
    assert "Front desk" in chloe.words
    assert "After hours" not in chloe.words


async def test_an_incident_is_a_banner_on_every_page_of_those_it_concerns(town: Town) -> None:
    async with incident(town, severity="critical", project_ids=[FRONT_DESK]) as opened:
        for someone in (ALICE, CHLOE, PRIYA):
            browser = await town.of(someone)
            for path in ("/", "/calls", "/support", "/account", "/status"):
                page = await browser.get(path)
                assert banners(page) == [TITLE], (someone.name, path)
            page = await browser.get("/status")
            assert "Critical disruption" in page.words
            assert "We look into it." in page.words
        for someone in (MALLORY, OSCAR):
            browser = await town.of(someone)
            assert banners(await browser.get("/account")) == []
        # AiDial's own people read of it and are not bothered by it on every page.
        omar = await town.of(OMAR)
        assert TITLE in (await omar.get("/status")).words
        said = {"state": "resolved", "message": "It works again.", "expected_version": 1}
        path = f"/api/ops/incidents/{opened['incident_id']}"
        assert (await omar.change("PATCH", path, said)).status == 200
        page = await (await town.of(ALICE)).get("/status")
        assert banners(page) == []
        assert "All systems operational" in page.words
        assert "It works again." in page.words


async def test_what_somebody_hid_is_shown_again_when_it_is_updated(town: Town) -> None:
    async with incident(town, project_ids=[FRONT_DESK]) as opened, town.visitor(ALICE) as alice:
        page = await alice.get("/calls")
        (key,) = re.findall(r'data-dismiss="([^"]+)"', page.text)
        alice.http.cookie_jar.update_cookies({"aidial.hidden": f"nonsense~{key}"})
        assert banners(await alice.get("/calls")) == []
        said = {"state": "identified", "message": "It is the carrier.", "expected_version": 1}
        path = f"/api/ops/incidents/{opened['incident_id']}"
        assert (await (await town.of(OMAR)).change("PATCH", path, said)).status == 200
        assert banners(await alice.get("/calls")) == [TITLE]


async def test_a_critical_one_cannot_be_hidden(town: Town) -> None:
    async with (
        incident(town, severity="critical", project_ids=[FRONT_DESK]) as opened,
        town.visitor(ALICE) as alice,
    ):
        page = await alice.get("/calls")
        assert "data-dismiss" not in page.text
        alice.http.cookie_jar.update_cookies({"aidial.hidden": f"{opened['incident_id']}.1"})
        assert banners(await alice.get("/calls")) == [TITLE]


async def test_words_of_an_incident_are_never_markup(town: Town) -> None:
    async with incident(town, project_ids=[FRONT_DESK], title="<script>alert(1)</script>", message="<b>x"):
        alice = await town.of(ALICE)
        for path in ("/calls", "/status"):
            text = (await alice.get(path)).text
            assert "<script>alert" not in text
            assert "<b>x" not in text


async def test_a_script_is_given_the_report_alone(town: Town) -> None:
    alice = await town.of(ALICE)
    part = await alice.get("/status", hx_request="true")
    assert part.status == 200
    assert "<html" not in part.text
    assert "data-headline" in part.text
    page = await alice.get("/status")
    assert 'data-minute="/status"' in page.text
    assert "/status" in page.links("/status")
