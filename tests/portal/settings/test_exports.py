"""Account exports on the portal: the page asks, shows how far it is, and hands the file on."""

from __future__ import annotations

import hashlib
import json

from tests.people import ADA, ALICE, BEN, CHLOE, HARBOUR, MALLORY, OMAR, PRIYA, TOM
from tests.support.exports import allow_another, make_export, new_export
from tests.support.portal import Town

PAGE = "/settings?section=data-exports"
PATH = "/api/account-exports"


async def test_alice_asks_sees_it_made_and_downloads_it(town: Town) -> None:
    await allow_another(town)
    alice = await town.of(ALICE)
    assert "Ask for this export" in (await alice.get(PAGE)).words
    asked = await alice.change("POST", PATH, new_export("users", "support_tickets"))
    assert asked.status == 202
    job_id = asked.json["export"]["job_id"]
    page = await alice.get(PAGE)
    assert "0 of 2 done" in page.words
    assert "Ask for this export" not in page.words
    part = await alice.get(PAGE, hx_request="true")
    assert "<html" not in part.text
    assert f"{PATH}/{job_id}/cancel" in part.text
    again = await alice.change("POST", PATH, new_export("users"))
    assert (again.status, again.json["error"]["code"]) == (409, "state_conflict")
    await make_export(town, job_id)
    shown = (await alice.get(f"{PATH}/{job_id}")).json["export"]
    assert shown["status"] == "completed"
    assert f"{PATH}/{job_id}/download" in (await alice.get(PAGE)).text
    file = await alice.get(f"{PATH}/{job_id}/download")
    assert file.headers["content-type"] == "application/json"
    assert file.headers["content-disposition"] == f'attachment; filename="account-export-{job_id}.json"'
    assert file.headers["cache-control"] == "no-store"
    document = json.loads(file.text)
    document["manifest"]["checksum"] = ""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == shown["checksum"]
    await allow_another(town)
    await town.sql("UPDATE account_exports SET expires_at = now() WHERE job_id = $1", job_id)
    late = await alice.get(f"{PATH}/{job_id}/download")
    assert (late.status, late.json["error"]["details"]["current_state"]) == (409, "expired")
    assert "Its file was deleted" in (await alice.get(PAGE)).words


async def test_what_alice_chooses_stays_while_somebody_elses_export_is_made(town: Town) -> None:
    await allow_another(town)
    await town.sql(
        "INSERT INTO account_exports (client_id, job_id, requested_by, requested_by_name, project_ids,"
        " categories, status, kept_days, requested_at)"
        " VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'Another', '{}', '{users}', 'running', 7, now())",
        HARBOUR,
    )
    alice = await town.of(ALICE)
    page = (await alice.get(PAGE)).text
    assert "data-unfinished" in page
    assert "data-waiting" not in page.replace('data-while="[data-waiting]"', "")
    form, listed = page.split('id="exports-title"')
    assert 'data-while="[data-waiting]"' in form
    assert 'name="categories/-"' in form
    assert 'data-while="[data-unfinished]"' in listed
    part = (await alice.get(f"{PAGE}&part=list", hx_request="true")).text
    assert "Asked for by Another" in part
    assert "categories/-" not in part
    await alice.change("POST", PATH, new_export("users"))
    asking = (await alice.get(f"{PAGE}&part=asking", hx_request="true")).text
    assert "data-waiting" in asking
    assert "Asked for by" not in asking
    await allow_another(town)


async def test_alice_cancels_one_and_is_told_when_her_allowance_is_used(town: Town) -> None:
    await allow_another(town)
    alice = await town.of(ALICE)
    for _ in range(3):
        job_id = (await alice.change("POST", PATH, new_export("users"))).json["export"]["job_id"]
        cancelled = await alice.change("POST", f"{PATH}/{job_id}/cancel")
        assert (cancelled.status, cancelled.json["export"]["status"]) == (200, "cancelled")
    refused = await alice.change("POST", PATH, new_export("users"))
    assert (refused.status, refused.json["error"]["code"]) == (429, "quota_exceeded")
    assert int(refused.headers["retry-after"]) > 80_000
    assert refused.json["error"]["details"]["retry_after_seconds"] == int(refused.headers["retry-after"])
    assert "The allowance is used." in (await alice.get(PAGE)).words
    catalogue = (await alice.get(f"{PATH}/catalog")).json
    assert catalogue["used"]["by_you"] == 3
    wrong = await alice.change("POST", PATH, {"categories": ["calls"]})
    assert (wrong.status, wrong.json["error"]["code"]) == (422, "validation_failed")
    await allow_another(town)


async def test_nobody_else_has_the_section_or_learns_of_an_export(town: Town) -> None:
    await allow_another(town)
    alice = await town.of(ALICE)
    job_id = (await alice.change("POST", PATH, new_export("users"))).json["export"]["job_id"]
    for someone in (BEN, CHLOE, PRIYA, TOM, ADA, OMAR):
        browser = await town.of(someone)
        assert (await browser.get(PAGE)).status == 404
        assert (await browser.get(PATH)).status == 404
        assert "Data exports" not in (await browser.get("/settings?section=profile")).words
    mallory = await town.of(MALLORY)
    for path in (f"{PATH}/{job_id}", f"{PATH}/{job_id}/download", f"{PATH}/nothing"):
        assert (await mallory.get(path)).status == 404
    assert (await mallory.change("POST", f"{PATH}/{job_id}/cancel")).status == 404
    await allow_another(town)
