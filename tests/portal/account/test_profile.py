"""One's own profile on the page of one's account: a form for administrators, facts for everybody else."""

from __future__ import annotations

from tests.people import ALICE, CHLOE, OSCAR
from tests.support.portal import Town
from tests.together.newcomers import newcomer

PROFILE = "/api/settings/profile"


async def test_an_administrator_changes_her_profile_and_times_follow(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        page = await browser.get("/account?section=profile")
        assert f'data-json="{PROFILE}" data-method="PUT"' in page.text
        document = (await browser.get(PROFILE)).json
        value = {
            "first_name": "Nia", "last_name": "New", "mobile": "0491 570 156", "timezone": "Australia/Perth",
            "language": "en-AU",
        }  # fmt: skip
        change = {"expected_version": document["version"], "value": value}
        saved = await browser.change("PUT", PROFILE, change)
        assert saved.status == 200, saved.text
        assert saved.json["working"]["mobile"] == "+61491570156"
        assert saved.json["projects"] == []
        page = await browser.get("/account")
        for words in ("Nia New", 'value="+61491570156"', "Australia/Perth"):
            assert words in page.text
        again = await browser.change("PUT", PROFILE, change)
        assert (again.status, again.json["error"]["code"]) == (409, "version_conflict")


async def test_everybody_else_reads_it(town: Town) -> None:
    chloe = await town.of(CHLOE)
    page = await chloe.get("/settings?section=profile")
    assert "data-json" not in page.text
    assert "Chloe Example" in page.words
    assert (await chloe.get(PROFILE)).json["mode"] == "summary"
    refused = await chloe.change(
        "PUT", PROFILE, {"expected_version": 1, "value": {"first_name": "C", "last_name": "T"}}
    )
    assert refused.status == 404


async def test_it_is_there_while_the_second_factor_is_missing(town: Town) -> None:
    oscar = await town.of(OSCAR)
    assert (await oscar.get(PROFILE)).json["mode"] == "summary"
    assert (await oscar.get("/account")).status == 200
    assert (await oscar.get("/ops")).status == 404
    assert (await (await town.of(ALICE)).get(PROFILE)).json["mode"] == "edit"
