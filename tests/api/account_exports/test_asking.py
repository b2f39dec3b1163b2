"""Who may ask for an export of their account, how often, and what they are told of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.api.calls.lines import Business, open_business
from tests.support.api import World
from tests.support.exports import PATH, make_export, new_export


@pytest.fixture
async def clinic(world: World) -> Business:
    return await open_business(world, "Australia/Sydney")


async def ask(business: Business, *categories: str) -> str:
    """An export just asked for; its id."""
    answer = await business.admin.post(PATH, new_export(*categories))
    assert answer.status == 202, answer
    return str(answer.json["export"]["job_id"])


async def test_an_administrator_is_told_what_there_is_and_asks_for_it(world: World, clinic: Business) -> None:
    catalogue = (await clinic.admin.get(f"{PATH}/catalog")).json
    assert [one["category"] for one in catalogue["categories"]] == [
        "users",
        "configuration_summaries",
        "audit_events",
        "support_tickets",
    ]
    assert catalogue["limits"] == {
        "per_user": 3,
        "per_tenant": 10,
        "window_hours": 24,
        "unfinished_per_user": 1,
        "kept_days": 7,
    }
    assert catalogue["used"] == {"by_you": 0, "by_tenant": 0, "next_at": None}
    answer = await clinic.admin.post(PATH, new_export("support_tickets", "users"))
    assert answer.status == 202
    export = answer.json["export"]
    assert (export["status"], export["categories"]) == ("queued", ["users", "support_tickets"])
    assert answer.headers["location"] == f"{PATH}/{export['job_id']}"
    shown = (await clinic.admin.get(answer.headers["location"])).json["export"]
    assert shown == export
    listed = (await clinic.admin.get(PATH)).json
    assert listed == {"exports": [export], "next_cursor": None}
    (event,) = await world.events(export["job_id"])
    assert (event["action"], event["outcome"]) == ("account_exports.export.requested", "done")
    (job,) = await world.sql(
        "SELECT args::text AS args FROM jobs.procrastinate_jobs WHERE args ->> 'job_id' = $1",
        export["job_id"],
    )
    assert clinic.client_id in job["args"]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"categories": []}, {"/categories": "too_short"}),
        ({"categories": ["calls"]}, {"/categories/0": "not_allowed"}),
        ({"categories": ["users", "users"]}, {"/categories/1": "repeated"}),
        ({}, {"/categories": "required"}),
    ],
)
async def test_what_nobody_can_export_is_refused(
    world: World, body: dict[str, Any], wrong: dict[str, str]
) -> None:
    answer = await world.alice.post(PATH, body)
    assert answer.code == "validation_failed"
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == wrong


async def test_one_at_a_time_and_the_refusal_stands_in_the_log(world: World, clinic: Business) -> None:
    first = await ask(clinic, "users")
    again = await clinic.admin.post(PATH, new_export("users"))
    assert (again.status, again.code) == (409, "state_conflict")
    assert again.json["details"] == {
        "current_state": "queued",
        "allowed": ["running", "cancelled", "failed"],
    }
    (event,) = [
        one
        for one in await world.events(clinic.client_id)
        if one["action"] == "account_exports.export.blocked"
    ]
    assert (event["outcome"], event["actor_label"]) == ("refused", clinic.admin.someone.email)
    cancelled = await clinic.admin.post(f"{PATH}/{first}/cancel")
    assert (cancelled.status, cancelled.json["export"]["status"]) == (200, "cancelled")
    twice = await clinic.admin.post(f"{PATH}/{first}/cancel")
    assert (twice.code, twice.json["details"]) == (
        "state_conflict",
        {"current_state": "cancelled", "allowed": []},
    )
    await ask(clinic, "users")


async def test_three_a_person_in_any_twenty_four_hours_cancelled_ones_too(
    world: World, clinic: Business
) -> None:
    for _ in range(3):
        job_id = await ask(clinic, "users")
        assert (await clinic.admin.post(f"{PATH}/{job_id}/cancel")).status == 200
    fourth = await clinic.admin.post(PATH, new_export("users"))
    assert (fourth.status, fourth.code) == (429, "quota_exceeded")
    assert 86_000 < int(fourth.headers["retry-after"]) <= 86_400
    assert fourth.json["details"]["used"] == {"by_you": 3, "by_tenant": 3}
    next_at = (await clinic.admin.get(f"{PATH}/catalog")).json["used"]["next_at"]
    assert datetime.fromisoformat(next_at) > datetime.fromisoformat(
        (await clinic.admin.get(PATH)).json["exports"][-1]["requested_at"]
    )
    await world.sql(
        "UPDATE account_exports SET requested_at = requested_at - interval '24 hours' WHERE job_id = $1",
        (await clinic.admin.get(PATH)).json["exports"][-1]["job_id"],
    )
    await ask(clinic, "users")


async def test_ten_a_tenant_whoever_asks(world: World, clinic: Business) -> None:
    job_id = await ask(clinic, "users")
    await clinic.admin.post(f"{PATH}/{job_id}/cancel")
    await world.sql(
        "INSERT INTO account_exports (client_id, job_id, requested_by, requested_by_name, project_ids,"
        " categories, status, kept_days, requested_at)"
        " SELECT client_id, gen_random_uuid(), gen_random_uuid(), 'Another', project_ids, categories,"
        " 'cancelled', 7, now() - interval '1 hour' FROM account_exports, generate_series(1, 9)"
        " WHERE job_id = $1",
        job_id,
    )
    refused = await clinic.admin.post(PATH, new_export("users"))
    assert refused.code == "quota_exceeded"
    assert refused.json["details"]["used"] == {"by_you": 1, "by_tenant": 10}
    assert 82_000 < int(refused.headers["retry-after"]) <= 82_800


async def test_the_same_request_again_is_one_export(clinic: Business) -> None:
    first = await clinic.admin.post(PATH, new_export("users"), idempotency_key="once")
    again = await clinic.admin.post(PATH, new_export("users"), idempotency_key="once")
    assert (again.status, again.json) == (202, first.json)
    assert again.headers["idempotency-replayed"] == "true"
    other = await clinic.admin.post(PATH, new_export("audit_events"), idempotency_key="once")
    assert other.code == "idempotency_conflict"
    blocked = await clinic.admin.post(PATH, new_export("users"), idempotency_key="another")
    assert blocked.code == "state_conflict"
    assert len((await clinic.admin.get(PATH)).json["exports"]) == 1


async def test_nobody_else_sees_that_there_is_one(world: World, clinic: Business) -> None:
    job_id = await ask(clinic, "users")
    for somebody in (clinic.staff, world.alice, world.ben, world.priya, world.ada, world.mallory):
        assert (await somebody.get(f"{PATH}/{job_id}")).status == 404
        assert (await somebody.post(f"{PATH}/{job_id}/cancel")).status == 404
        assert (await somebody.get(f"{PATH}/{job_id}/download")).status == 404
    for somebody in (clinic.staff, world.ben, world.chloe, world.priya, world.tom, world.ada, world.omar):
        assert (await somebody.get(f"{PATH}/catalog")).status == 404
        assert (await somebody.get(PATH)).status == 404
        assert (await somebody.post(PATH, new_export())).status == 404
    assert (await clinic.key.get(PATH)).code == "auth_mode_not_allowed"


async def test_an_administrator_of_one_line_never_sees_an_export_of_more(world: World) -> None:
    both = await open_business(world, "Australia/Sydney", "Australia/Perth")
    job_id = await ask(both, "users")
    await world.sql(
        "UPDATE assignments SET project_id = $2 WHERE client_id = $1 AND project_id IS NULL",
        both.client_id,
        both.lines[0],
    )
    world.api.hear()
    assert (await both.admin.get(f"{PATH}/{job_id}")).status == 404
    assert (await both.admin.get(PATH)).json["exports"] == []
    await make_export(world, job_id, both.client_id)
    (row,) = await world.sql("SELECT status, failure FROM account_exports WHERE job_id = $1", job_id)
    assert (row["status"], row["failure"]) == ("failed", "access_changed")


async def test_exports_are_paged_and_narrowed_by_state(world: World, clinic: Business) -> None:
    made = []
    for _ in range(3):
        made.append(await ask(clinic, "users"))
        await clinic.admin.post(f"{PATH}/{made[-1]}/cancel")
    first = (await clinic.admin.get(f"{PATH}?limit=2")).json
    rest = (await clinic.admin.get(f"{PATH}?limit=2&cursor={first['next_cursor']}")).json
    assert [one["job_id"] for one in first["exports"] + rest["exports"]] == made[::-1]
    assert rest["next_cursor"] is None
    assert (await clinic.admin.get(f"{PATH}?status=queued,running")).json["exports"] == []
    assert len((await clinic.admin.get(f"{PATH}?status=cancelled")).json["exports"]) == 3
    other = await clinic.admin.get(f"{PATH}?status=cancelled&cursor={first['next_cursor']}")
    assert other.code == "invalid_cursor"
