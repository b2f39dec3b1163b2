"""Who is told when nobody takes a call over: by destination, once a call, sealed and masked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aidial_contract.ids import new_id
from tests.api.settings.clinics import Clinic
from tests.api.settings.test_transfers import DESK, DOCTOR, approve
from tests.support.askers import Answer, SignedIn
from tests.support.deliveries import deliveries, send_due
from tests.support.world_calls import new_call

TELLS = {"front_desk": ["Desk@hill.example", "owner@hill.example"], "doctor": []}


def path(clinic: Clinic) -> str:
    return f"/v1/projects/{clinic.project_id}/settings/transfer-alerts"


@pytest.fixture
async def told(clinic: Clinic, pam: SignedIn) -> Clinic:
    """The clinic, whose front desk is told of failed transfers and whose doctor is not."""
    await approve(clinic, pam, DESK, DOCTOR)
    answer = await clinic.save(path(clinic), {"alerts": TELLS})
    assert answer.status == 200, answer
    return clinic


async def call(clinic: Clinic, result: str, destination: str = "Front desk", **changes: Any) -> str:
    handed = {"destination": destination, "result": result}
    body = new_call(clinic.project_id, f"handed-{new_id()}", transfer=handed, **changes)
    answer = await clinic.key.post("/v1/calls", body)
    assert answer.status == 201, answer
    await send_due(clinic.world)
    return str(answer.json["call_id"])


async def recipients(clinic: Clinic, call_id: str) -> list[str]:
    rows = await deliveries(clinic.world, call_id)
    assert {row["kind"] for row in rows} <= {"transfer_failed"}
    return sorted(row["recipient_shown"] for row in rows)


async def test_a_failed_transfer_is_told_to_whom_it_concerns_once_a_call(told: Clinic) -> None:
    call_id = await call(told, "no answer")
    assert await recipients(told, call_id) == ["D...@hill.example", "o...@hill.example"]
    (row, _) = await deliveries(told.world, call_id)
    kept = msgspec.json.decode(row["content"])
    assert kept["subject"].startswith("Transfer to Front desk failed on Desk, ")
    assert "was to be handed over to Front desk, and was not: no answer." in kept["text"]
    etag = (await told.key.get(f"/v1/calls/{call_id}")).headers["etag"]
    again = {"transfer": {"destination": "front desk", "result": "failed again"}}
    changed = await told.key.ask("PATCH", f"/v1/calls/{call_id}", again, headers={"if-match": etag})
    assert changed.status == 200, changed
    await send_due(told.world)
    assert len(await deliveries(told.world, call_id)) == 2


async def test_nobody_is_told_of_what_went_well_or_concerns_others(told: Clinic) -> None:
    assert await recipients(told, await call(told, "answered")) == []
    assert await recipients(told, await call(told, "busy", "Doctor on call")) == []
    assert await recipients(told, await call(told, "busy", "Somebody else")) == []


async def test_a_transfer_that_is_reported_as_failed_later_is_told_then(told: Clinic) -> None:
    call_id = await call(told, "ringing")
    etag = (await told.key.get(f"/v1/calls/{call_id}")).headers["etag"]
    later = {"transfer": {"destination": "Front desk", "result": "declined"}}
    await told.key.ask("PATCH", f"/v1/calls/{call_id}", later, headers={"if-match": etag})
    await send_due(told.world)
    assert len(await recipients(told, call_id)) == 2


async def test_ben_reads_masked_recipients_and_nobody_stores_whole_ones(told: Clinic) -> None:
    document = (await told.alice.get(path(told))).json
    assert document["working"]["alerts"] == TELLS
    assert [one["label"] for one in document["destinations"]] == ["Front desk", "Doctor on call"]
    summary = (await told.ben.get(path(told))).json
    assert summary["mode"] == "summary"
    assert summary["working"]["alerts"]["front_desk"] == ["D...@hill.example", "o...@hill.example"]
    for somebody in (told.chloe, told.petra):
        assert (await somebody.get(path(told))).status == 404
    (change,) = (await told.alice.get(f"{path(told)}/history")).json["history"]
    masked = summary["working"]["alerts"]["front_desk"]
    assert change["changes"] == [{"field": "alerts/front_desk", "before": [], "after": masked, "kept": 0}]
    for table in ("project_settings", "project_settings_history", "audit_events", "deliveries"):
        rows = await told.world.sql(f"SELECT * FROM {table} WHERE client_id = $1", told.client_id)
        assert not any("Desk@hill" in str(dict(row)) for row in rows), table


async def test_a_withdrawn_destination_may_be_cleared_and_a_strange_one_not_added(
    told: Clinic, pam: SignedIn
) -> None:
    await approve(told, pam, DOCTOR)
    gone = (await told.alice.get(path(told))).json["destinations"][-1]
    assert gone == {"code": "front_desk", "label": "Front desk", "is_current": False}
    cleared: Answer = await told.save(path(told), {"alerts": {"doctor": ["owner@hill.example"]}})
    assert cleared.json["working"]["alerts"] == {"doctor": ["owner@hill.example"], "front_desk": []}
    bad = {"alerts": {"nowhere": [], "doctor": ["x"]}}
    first = await told.save(path(told), bad)
    assert [one["field"] for one in first.json["field_errors"]] == ["/value/alerts/doctor/0"]
    second = await told.save(path(told), {"alerts": {"nowhere": []}})
    assert [(one["field"], one["code"]) for one in second.json["field_errors"]] == [
        ("/value/alerts/nowhere", "not_allowed")
    ]
