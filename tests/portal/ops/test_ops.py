"""The pages of AiDial's own people: incidents, tenants, sessions, jobs and dead letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aidial_api.kernel.jobs import enqueue
from aidial_api.kernel.reach import NOTHING
from aidial_contract.ids import new_id
from tests.people import ADA, ALICE, CHLOE, FRONT_DESK, OMAR, PRIYA
from tests.portal.status.incidents import incident, new_incident
from tests.support.portal import Town

PAGES = ("/ops", "/ops/incidents", "/ops/incidents/new", "/ops/tenants", "/ops/sessions", "/ops/jobs")
ALL_PAGES = (*PAGES, "/ops/dead-letters", "/ops/outbox", "/ops/tickets")


async def test_every_page_is_there_for_internal_roles_and_for_nobody_else(town: Town) -> None:
    for path in ALL_PAGES:
        for someone in (ADA, OMAR):
            page = await (await town.of(someone)).get(path)
            assert page.status == 200, path
            assert set(ALL_PAGES) - {"/ops/incidents/new"} <= set(page.links("/ops"))
        for someone in (ALICE, PRIYA):
            assert (await (await town.of(someone)).get(path)).status == 404


async def test_omar_publishes_an_incident_and_finds_it(town: Town) -> None:
    omar = await town.of(OMAR)
    async with incident(town, project_ids=[FRONT_DESK]) as opened:
        listed = await omar.get("/ops/incidents?state=investigating,identified,monitoring")
        assert opened["title"] in listed.words
        page = await omar.get(f"/ops/incidents/{opened['incident_id']}")
        assert page.status == 200
        assert "1 phone line" in page.words
        assert 'name="expected_version" value="1"' in page.text
    page = await omar.get(f"/ops/incidents/{opened['incident_id']}")
    assert "This incident is resolved" in page.words
    assert (await omar.get(f"/ops/incidents/{new_id()}")).status == 404
    assert (await omar.get("/ops/incidents/nonsense")).status == 404


async def test_the_lines_of_a_tenant_are_offered_once_it_is_named(town: Town) -> None:
    omar = await town.of(OMAR)
    assert "everybody" in (await omar.get("/ops/incidents/new")).words
    page = await omar.get("/ops/incidents/new?tenant=harbour-dental")
    assert FRONT_DESK in page.text
    assert "Front desk" in page.words
    lost = await omar.get("/ops/incidents/new?tenant=nobody-s")
    assert "There is no tenant with that id" in lost.words
    vague = await omar.get("/ops/incidents/new?tenant=Dental")
    assert "Do you mean one of these?" in vague.words
    assert "/ops/incidents/new?tenant=harbour-dental" in vague.text
    assert "/ops/incidents/new?tenant=northside-dental" in vague.text
    assert "Publish incident" not in vague.words


async def test_what_is_wrong_is_told_in_the_family_of_the_row(town: Town) -> None:
    omar = await town.of(OMAR)
    bad = await omar.change("POST", "/api/ops/incidents", new_incident(severity="huge", title=" "))
    assert bad.status == 422
    fields = {one["field"] for one in bad.json["error"]["details"]["field_errors"]}
    assert fields == {"/severity", "/title"}
    async with incident(town, project_ids=[FRONT_DESK]) as opened:
        path = f"/api/ops/incidents/{opened['incident_id']}"
        said = {"state": "identified", "message": "Known."}
        assert (await omar.change("PATCH", path, said)).status == 428
        stale = await omar.change("PATCH", path, {**said, "expected_version": 7})
        assert (stale.status, stale.json["error"]["code"]) == (409, "version_conflict")
        assert stale.json["error"]["details"]["current_version"] == 1
        done = {"state": "resolved", "expected_version": 1}
        assert (await omar.change("PATCH", path, done)).status == 200
        over = await omar.change("PATCH", path, {"state": "monitoring", "expected_version": 2})
        assert (over.status, over.json["error"]["code"]) == (409, "state_conflict")


async def test_ada_reads_tenants_sessions_and_jobs(town: Town) -> None:
    ada = await town.of(ADA)
    tenants = await ada.get("/ops/tenants?limit=1")
    assert tenants.text.count("row-item") == 1
    (more,) = {one for one in tenants.links("/ops/tenants?") if "cursor=" in one}
    next_one = await ada.get(more, hx_request="true")
    assert next_one.text.count("row-item") == 1
    assert "<html" not in next_one.text
    assert "Harbour Dental" in (await ada.get("/ops/tenants?q=harbour%20dental")).words
    assert "No tenants match" in (await ada.get("/ops/tenants?q=no-such-tenant")).words
    async with town.visitor(CHLOE):
        assert CHLOE.email in (await ada.get("/ops/sessions")).words
    assert "The oldest waits" in (await ada.get("/ops/jobs")).words
    for what in ("tenants", "sessions", "jobs", "incidents"):
        listed = await ada.get(f"/api/ops/{what}?limit=1")
        assert listed.status == 200
        assert len(listed.json[what]) <= 1


@pytest.fixture
async def dead_job(town: Town) -> str:
    name = f"test.dead.{new_id()}"
    services = town.api.app.services
    assert services is not None
    async with services.db.transaction(NOTHING) as tx:
        await enqueue(tx, name, {"call_id": "0193"}, at=datetime.now(UTC) - timedelta(minutes=1))
    await town.sql("UPDATE jobs.procrastinate_jobs SET status = 'failed' WHERE task_name = $1", name)
    return name


async def test_a_job_that_failed_for_good_is_a_dead_letter(town: Town, dead_job: str) -> None:
    omar = await town.of(OMAR)
    assert dead_job in (await omar.get("/ops/dead-letters")).words
    assert dead_job in (await omar.get("/ops/jobs?state=failed")).words
    assert "Run again" not in (await omar.get("/ops/dead-letters")).words
    ada = await town.of(ADA)
    (job,) = [
        one for one in (await ada.get("/api/ops/jobs?state=failed")).json["jobs"] if one["name"] == dead_job
    ]
    again = f"/api/ops/jobs/{job['job_id']}/retry"
    assert again in (await ada.get("/ops/dead-letters")).text
    assert (await omar.change("POST", again)).status == 404
    assert (await ada.change("POST", again)).json["job"]["state"] == "waiting"
    assert (await ada.change("POST", again)).status == 409
    await town.sql("UPDATE jobs.procrastinate_jobs SET status = 'failed' WHERE task_name = $1", dead_job)
    assert dead_job not in (await omar.get("/ops/jobs?state=waiting")).words
    await town.sql("DELETE FROM jobs.procrastinate_jobs WHERE task_name = $1", dead_job)
    gone = await omar.get("/ops/dead-letters")
    assert dead_job not in gone.words
