"""`/settings`: a form for administrators, a summary for managers, one's own profile for everybody."""

from __future__ import annotations

import re

import pytest

from tests.people import ADA, ALICE, BEN, CHLOE, MALLORY, PRIYA, TOM
from tests.portal.settings.closing import ALLOWLIST, TENANT, save
from tests.support.portal import Page, Town


def field(page: Page, name: str) -> str:
    """The value of a field of the form."""
    found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', page.text)
    assert found is not None, name
    return found[1]


async def test_alice_finds_a_form_with_what_is_saved(town: Town) -> None:
    alice = await town.of(ALICE)
    now = (await alice.get(TENANT)).json
    for path in ("/settings", "/settings?section=tenant-settings"):
        page = await alice.get(path)
        assert page.status == 200
        assert f'data-json="{TENANT}" data-method="PUT"' in page.text
        assert field(page, "value/timezone") == now["working"]["timezone"]
        for label in ("Name", "Time zone", "Regional format", "Billing contact", "Security contact"):
            assert label in page.words
        assert re.search(rf'name="expected_version"[^>]* value="{now["version"]}"', page.text)
        assert page.links("/settings?") == [
            "/settings?section=tenant-settings",
            "/settings?section=ip-allowlist",
            "/settings?section=session-policy",
            "/settings?section=business-hours",
            "/settings?section=call-limits",
            "/settings?section=compliance-copy",
            "/settings?section=transfer-settings",
            "/settings?section=transfer-alerts",
            "/settings?section=notifications",
            "/settings?section=reports",
            "/settings?section=data-exports",
            "/settings?section=data-deletion",
            "/settings?section=active-sessions",
            "/settings?section=profile",
        ]
        groups = re.findall(r'class="settings-group"[^>]*>([^<]+)<', page.text)
        assert groups == ["Your organisation", "Phone lines", "Data and reports", "You"]
        assert page.text.count('aria-current="page">Organisation</a>') == 1


async def test_every_field_has_a_label_and_every_help_is_tied_to_its_field(town: Town) -> None:
    alice = await town.of(ALICE)
    for path in ("/settings", "/settings?section=ip-allowlist"):
        text = (await alice.get(path)).text.partition("data-versioned")[2].partition("</form>")[0]
        ids = re.findall(r'<input[^>]* id="([^"]+)"', text)
        labels = re.findall(r'<label[^>]* for="([^"]+)"', text)
        assert sorted(ids) == sorted(labels)
        for helped in re.findall(r'aria-describedby="([^"]+)"', text):
            assert f'id="{helped}"' in text


async def test_the_allowlist_is_off_and_says_where_one_is(town: Town) -> None:
    page = await (await town.of(ALICE)).get("/settings?section=ip-allowlist", x_forwarded_for="203.0.113.77")
    assert page.status == 200
    assert "Your address now is 203.0.113.77" in page.words
    assert "No networks yet" in page.words
    assert not re.search(r'name="value/enabled"[^>]* checked', page.text)


async def test_networks_are_shown_as_they_are_kept_and_labels_are_no_markup(town: Town) -> None:
    mallory = await town.of(MALLORY)
    entries = [{"cidr": "203.0.113.9/24", "label": '"><script>alert(1)</script>'}]
    assert (await save(mallory, ALLOWLIST, {"enabled": False, "entries": entries})).status == 200
    page = await mallory.get("/settings?section=ip-allowlist")
    assert field(page, "value/entries/0/cidr") == "203.0.113.0/24"
    assert "<script>alert(1)" not in page.text
    assert (await save(mallory, ALLOWLIST, {"enabled": False, "entries": []})).status == 200


async def test_ben_reads_a_summary_without_a_form(town: Town) -> None:
    ben = await town.of(BEN)
    for path in ("/settings", "/settings?section=ip-allowlist"):
        page = await ben.get(path)
        assert page.status == 200
        assert "data-json" not in page.text
        assert "Your administrator changes these" in page.words
    assert "0 on the list" in (await ben.get("/settings?section=ip-allowlist")).words


async def test_the_menu_leads_there_whoever_has_a_section(town: Town) -> None:
    for someone in (ALICE, BEN, CHLOE, PRIYA, ADA, TOM):
        has_sections = someone is not TOM
        browser = await town.of(someone)
        home = await browser.get("/account")
        rail = home.text.partition('<nav class="nav"')[2].partition("</nav>")[0]
        assert ('href="/settings"' in rail) is has_sections, someone.name
        page = await browser.get("/settings")
        assert page.status == 200
        # The others are taken to their account.
        assert ("· Settings" in page.words) is has_sections


@pytest.mark.parametrize("section", ["nothing", "tenant-settings", "ip-allowlist", ""])
async def test_a_section_that_is_not_ones_own_is_no_page(town: Town, section: str) -> None:
    for someone in (CHLOE, PRIYA, ADA):
        assert (await (await town.of(someone)).get(f"/settings?section={section}")).status == 404
