"""Fifty people save the same section at the same moment: one of them wins each version."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from tests.api.settings.clinics import TENANT, Clinic
from tests.support.askers import Answer, patiently

WRITERS = 50
FEW = 8


async def test_of_fifty_writers_exactly_one_wins_each_version(clinic: Clinic) -> None:
    for version in (1, 2, 3):
        answers = await asyncio.gather(
            *(patiently(partial(_save, clinic, version, writer)) for writer in range(WRITERS))
        )
        won = [answer for answer in answers if answer.status == 200]
        lost = [answer for answer in answers if answer.status == 409]
        assert (len(won), len(lost)) == (1, WRITERS - 1)
        assert won[0].json["version"] == version + 1
        assert {one.json["details"]["current_version"] for one in lost} == {version + 1}
        kept = (await clinic.alice.get(TENANT)).json
        assert kept == won[0].json
    events = await clinic.world.sql(
        "SELECT count(*) FROM audit_events WHERE client_id = $1 AND action = $2",
        clinic.client_id,
        "settings.tenant_settings.updated",
    )
    assert events[0]["count"] == 3


@pytest.mark.parametrize("section", ["call-limits", "notifications"])
async def test_of_many_first_saves_of_a_projects_section_one_wins(clinic: Clinic, section: str) -> None:
    path = f"/v1/projects/{clinic.project_id}/settings/{section}"
    change = {"expected_version": 1, "value": (await clinic.alice.get(path)).json["working"]}
    answers = await asyncio.gather(*(clinic.alice.put(path, change) for _ in range(FEW)))
    assert sorted(one.status for one in answers) == [200, *[409] * (FEW - 1)]
    for lost in answers:
        if lost.status != 200:
            assert (lost.code, lost.json["details"]) == ("version_conflict", {"current_version": 2})
    history = (await clinic.alice.get(f"{path}/history")).json["history"]
    assert [one["version"] for one in history] == [2]


async def _save(clinic: Clinic, version: int, writer: int) -> Answer:
    value = {"timezone": "Australia/Hobart", "regional_format": "en-AU", "display_name": f"Writer {writer}"}
    return await clinic.alice.put(TENANT, {"expected_version": version, "value": value})
