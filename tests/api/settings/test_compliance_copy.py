"""What callers are told about recording: an approved revision, and the customer's words after it."""

from __future__ import annotations

from typing import Any

from aidial_contract.consent_templates import TEMPLATES
from tests.api.settings.clinics import Clinic
from tests.support.askers import Answer

OWN = "We never ask for card numbers."


def path(clinic: Clinic) -> str:
    return f"/v1/projects/{clinic.project_id}/settings/compliance-copy"


async def save(clinic: Clinic, value: Any, version: int = 1) -> Answer:
    return await clinic.alice.put(path(clinic), {"expected_version": version, "value": value})


async def told(clinic: Clinic) -> dict[str, Any]:
    config = await clinic.key.get(f"/v1/projects/{clinic.project_id}/runtime-config")
    found: dict[str, Any] = config.json["compliance"]
    return found


async def test_a_project_begins_with_the_first_template_and_alice_sees_them_all(clinic: Clinic) -> None:
    document = (await clinic.alice.get(path(clinic))).json
    assert document["working"] == document["published"] == {
        "template_revision": TEMPLATES[0].revision,
        "appendix": "",
    }  # fmt: skip
    assert document["preview"] == {
        "collection_notice": TEMPLATES[0].collection_notice,
        "consent_notice": TEMPLATES[0].consent_notice,
    }
    assert [one["revision"] for one in document["templates"]] == [one.revision for one in TEMPLATES]


async def test_the_runtime_says_the_chosen_revision_and_the_customers_words_after_it(clinic: Clinic) -> None:
    chosen = TEMPLATES[1]
    value = {"template_revision": chosen.revision, "appendix": f"  {OWN}\n"}
    saved = await save(clinic, value)
    assert saved.status == 200, saved
    assert saved.json["working"] == {"template_revision": chosen.revision, "appendix": OWN}
    assert saved.json["preview"]["consent_notice"] == f"{chosen.consent_notice} {OWN}"
    assert await told(clinic) == {
        "template_revision": chosen.revision,
        "collection_notice": chosen.collection_notice,
        "consent_notice": f"{chosen.consent_notice} {OWN}",
    }
    assert (await save(clinic, {"template_revision": chosen.revision}, 2)).json["working"]["appendix"] == ""
    assert (await told(clinic))["consent_notice"] == chosen.consent_notice


async def test_ben_reads_what_callers_hear_and_has_nothing_to_choose(clinic: Clinic) -> None:
    await save(clinic, {"template_revision": TEMPLATES[2].revision, "appendix": OWN})
    document = (await clinic.ben.get(path(clinic))).json
    assert (document["mode"], document["templates"]) == ("summary", [])
    assert document["preview"]["consent_notice"].endswith(OWN)
    assert (await clinic.ben.put(path(clinic), {})).status == 404


async def test_only_approved_revisions_and_short_texts_are_taken(clinic: Clinic) -> None:
    answer = await save(clinic, {"template_revision": "my-own.1", "appendix": "x" * 1001})
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == {
        "/value/template_revision": "not_allowed",
        "/value/appendix": "too_long",
    }
    answer = await save(clinic, {"appendix": "a\x07b"})
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == {
        "/value/template_revision": "required",
        "/value/appendix": "control_characters",
    }
    fits = {"template_revision": TEMPLATES[0].revision, "appendix": "x" * 1000}
    assert (await save(clinic, fits)).status == 200


async def test_markup_in_the_words_stays_text(clinic: Clinic) -> None:
    value = {"template_revision": TEMPLATES[0].revision, "appendix": "<b>Hello</b>"}
    await save(clinic, value)
    assert (await told(clinic))["consent_notice"].endswith("<b>Hello</b>")
