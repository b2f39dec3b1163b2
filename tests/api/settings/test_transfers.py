"""Transfers: an approved destination, pinned by its revision, and what the runtime is told of it."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from aidial_api.sealing_numbers import seal_numbers
from tests.api.settings.clinics import Clinic
from tests.support.askers import Answer, SignedIn
from tests.support.ids import without_ids

DESK = {"code": "front_desk", "label": "Front desk", "number": "+61280000001", "mode": "warm"}
DOCTOR = {"code": "doctor", "label": "Doctor on call", "number": "+61280000002"}
WORDS = {"warmup_message": "A caller for you.", "handoff_message": " One moment. "}


def path(clinic: Clinic) -> str:
    return f"/v1/projects/{clinic.project_id}/settings/transfer-settings"


async def approve(clinic: Clinic, pam: SignedIn, *destinations: dict[str, Any]) -> None:
    project = f"/v1/projects/{clinic.project_id}"
    draft = (await pam.get(f"{project}/draft/transfer-routing")).json
    value = {"destinations": list(destinations)}
    saved = await pam.put(
        f"{project}/draft/transfer-routing", {"value": value, "expected_version": draft["version"]}
    )
    assert saved.status == 200, saved
    named = {"section": "transfer-routing", "expected_version": saved.json["version"]}
    assert (await pam.post(f"{project}/publish", named)).status == 202


async def save(clinic: Clinic, **value: Any) -> Answer:
    version = (await clinic.alice.get(path(clinic))).json["version"]
    return await clinic.alice.put(path(clinic), {"expected_version": version, "value": value})


async def runtime(clinic: Clinic) -> dict[str, Any]:
    config = await clinic.key.get(f"/v1/projects/{clinic.project_id}/runtime-config")
    found: dict[str, Any] = config.json["transfer"]
    return found


async def test_before_anybody_saved_nobody_is_handed_over(clinic: Clinic, pam: SignedIn) -> None:
    await approve(clinic, pam, DESK)
    document = (await clinic.alice.get(path(clinic))).json
    assert document["working"] == {
        "after_hours": False,
        "destination_revision": None,
        "warmup_message": "",
        "handoff_message": "",
    }
    assert (document["destination"], len(document["options"])) == (None, 1)
    assert (await runtime(clinic))["destination"] is None


async def test_alice_chooses_by_label_and_the_runtime_gets_the_number(clinic: Clinic, pam: SignedIn) -> None:
    await approve(clinic, pam, DESK, DOCTOR)
    shown = await clinic.alice.get(path(clinic))
    assert b"+6128" not in shown.body
    options = {one["label"]: one["revision"] for one in shown.json["options"]}
    saved = await save(clinic, after_hours=True, destination_revision=options["Front desk"], **WORDS)
    assert saved.status == 200, saved
    assert saved.json["destination"] == "Front desk"
    assert await runtime(clinic) == {
        "after_hours": True,
        "destination": {"label": "Front desk", "number": "+61280000001", "mode": "warm"},
        "warmup_message": "A caller for you.",
        "handoff_message": "One moment.",
    }
    summary = await clinic.ben.get(path(clinic))
    assert (summary.json["mode"], summary.json["options"]) == ("summary", [])
    assert summary.json["destination"] == "Front desk"
    assert summary.json["working"]["warmup_message"] is None
    assert b"One moment" not in summary.body
    assert b"+6128" not in summary.body


async def test_what_was_saved_stays_pinned_while_the_partner_changes_the_number(
    clinic: Clinic, pam: SignedIn
) -> None:
    await approve(clinic, pam, DESK, DOCTOR)
    before = (await clinic.alice.get(path(clinic))).json["options"]
    desk, doctor = before[0]["revision"], before[1]["revision"]
    await save(clinic, after_hours=True, destination_revision=desk)
    await approve(clinic, pam, DESK | {"number": "+61280000009"}, DOCTOR)
    assert (await runtime(clinic))["destination"]["number"] == "+61280000001"
    options = (await clinic.alice.get(path(clinic))).json["options"]
    assert [(one["label"], one["is_current"]) for one in options] == [
        ("Front desk", True),
        ("Doctor on call", True),
        ("Front desk", False),
    ]
    assert options[0]["revision"] != desk
    assert (options[1]["revision"], options[2]["revision"]) == (doctor, desk)
    # Its own may be saved again; it is a choice to take the new one.
    assert (await save(clinic, after_hours=False, destination_revision=desk)).status == 200
    await save(clinic, after_hours=True, destination_revision=options[0]["revision"])
    assert (await runtime(clinic))["destination"]["number"] == "+61280000009"
    gone = await save(clinic, after_hours=True, destination_revision=desk)
    assert gone.json["field_errors"][0]["code"] == "not_allowed"


async def test_nobody_is_handed_over_to_nobody(clinic: Clinic, pam: SignedIn) -> None:
    await approve(clinic, pam, DESK)
    answer = await save(clinic, after_hours=True)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.json["field_errors"][0]["field"] == "/value/destination_revision"
    for made_up in ("front_desk.99", "front_desk", "x.y"):
        refused = await save(clinic, after_hours=False, destination_revision=made_up)
        assert refused.json["field_errors"][0]["code"] == "not_allowed"
    assert (await save(clinic, after_hours=False)).status == 200


async def test_a_code_stands_once_among_destinations(clinic: Clinic, pam: SignedIn) -> None:
    draft = f"/v1/projects/{clinic.project_id}/draft/transfer-routing"
    value = {"destinations": [DESK, DESK | {"number": "0280000001"}]}
    answer = await pam.put(draft, {"value": value, "expected_version": 1})
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == {
        "/value/destinations/1/number": "format",
        "/value/destinations/1/code": "repeated",
    }
    assert (await clinic.alice.get(draft)).status == 404


STORED = """
SELECT (SELECT value::text FROM project_drafts
        WHERE client_id = $1 AND project_id = $2 AND section = 'transfer-routing') AS draft,
    (SELECT string_agg(content::text, ' ') FROM project_versions
     WHERE client_id = $1 AND project_id = $2) AS versions
"""


async def stored(clinic: Clinic) -> str:
    """Everything the database holds of a clinic's destinations."""
    (row,) = await clinic.world.sql(STORED, clinic.client_id, clinic.project_id)
    return f"{row['draft']} {row['versions']}"


async def test_no_number_lies_in_clear_and_the_partner_reads_it_all_the_same(
    clinic: Clinic, pam: SignedIn
) -> None:
    await approve(clinic, pam, DESK, DOCTOR)
    assert "6128" not in without_ids(await stored(clinic))
    assert (await stored(clinic)).count("Front desk") == 2
    draft = (await pam.get(f"/v1/projects/{clinic.project_id}/draft/transfer-routing")).json
    assert draft["value"]["destinations"] == [DESK, {**DOCTOR, "mode": "cold"}]
    (first, _) = (await clinic.alice.get(path(clinic))).json["options"]
    await approve(clinic, pam, DESK, DOCTOR)
    assert (await clinic.alice.get(path(clinic))).json["options"][0] == first


async def test_what_an_earlier_version_stored_in_clear_works_and_is_sealed(
    clinic: Clinic, pam: SignedIn
) -> None:
    await approve(clinic, pam, DESK)
    (option,) = (await clinic.alice.get(path(clinic))).json["options"]
    assert (await save(clinic, after_hours=True, destination_revision=option["revision"])).status == 200
    plain = msgspec.json.encode({"destinations": [DESK | {"revision": option["revision"]}]}).decode()
    where = "WHERE client_id = $1 AND project_id = $2"
    sql, at = clinic.world.sql, (clinic.client_id, clinic.project_id)
    await sql(f"UPDATE project_drafts SET value = $3 {where} AND section = 'transfer-routing'", *at, plain)
    await sql(
        f"UPDATE project_versions SET content = jsonb_set(content, '{{transfer-routing}}', $3) {where}",
        *at,
        plain,
    )
    before = await runtime(clinic)
    assert before["destination"]["number"] == DESK["number"]
    master_key = base64.b64decode(clinic.world.environ["AIDIAL_MASTER_KEY"])
    assert await seal_numbers(clinic.world.urls.owner_url, master_key, clinic.client_id) == 3
    assert "6128" not in without_ids(await stored(clinic))
    assert await runtime(clinic) == before
    assert await seal_numbers(clinic.world.urls.owner_url, master_key, clinic.client_id) == 0
    await approve(clinic, pam, DESK)
    assert (await clinic.alice.get(path(clinic))).json["options"] == [option]
