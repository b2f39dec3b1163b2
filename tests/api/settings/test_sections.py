"""What a tenant sets for itself: who sees how much, what is kept, what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.api.settings.clinics import ALLOWLIST, TENANT, Clinic
from tests.support.api import World

NEW = {
    "timezone": "Australia/Perth",
    "regional_format": "EN-nz",
    "billing_contact": "accounts@hill-street.example",
    "security_contact": None,
    "display_name": " Hill St ",
}
KEPT = NEW | {"regional_format": "en-NZ", "display_name": "Hill St", "staff_may_play_recordings": False}
EDIT = {
    "section", "mode", "version", "working", "published", "publish_status", "observed_at", "last_changed",
}  # fmt: skip


async def test_a_tenant_that_never_saved_has_version_one_and_what_it_was_made_with(clinic: Clinic) -> None:
    answer = await clinic.alice.get(TENANT)
    assert answer.status == 200
    document = answer.json
    assert set(document) == EDIT
    assert (document["section"], document["mode"], document["version"]) == ("tenant-settings", "edit", 1)
    assert document["working"] == document["published"] == {
        "timezone": "Australia/Hobart",
        "regional_format": "en-AU",
        "billing_contact": "office@hill-street.example",
        "security_contact": "office@hill-street.example",
        "display_name": "Hill Street Clinic",
        "staff_may_play_recordings": False,
    }  # fmt: skip
    assert (document["publish_status"], document["last_changed"]) == ("published", None)
    assert (await clinic.alice.get(ALLOWLIST)).json["working"] == {"enabled": False, "entries": []}


async def test_alice_saves_and_the_tenant_is_as_she_said(clinic: Clinic) -> None:
    first = await clinic.alice.get(TENANT)
    answer = await clinic.alice.put(TENANT, {"expected_version": 1, "value": NEW})
    assert answer.status == 200, answer
    assert (answer.json["version"], answer.json["working"]) == (2, KEPT)
    assert answer.json["last_changed"]["by"] == clinic.alice.someone.email
    again = await clinic.alice.get(TENANT)
    assert (again.json, again.headers["etag"]) == (answer.json, answer.headers["etag"])
    assert again.headers["etag"] != first.headers["etag"]
    context = (await clinic.alice.get("/v1/session-context")).json
    assert context["tenant_name"] == "Hill St"
    assert [one["timezone"] for one in context["clients"]] == ["Australia/Perth"]


async def test_a_revision_one_has_is_not_sent_again(clinic: Clinic) -> None:
    tag = (await clinic.alice.get(TENANT)).headers["etag"]
    assert (await clinic.alice.get(TENANT, if_none_match=tag)).status == 304
    assert (await clinic.ben.get(TENANT)).headers["etag"] != tag


async def test_a_manager_gets_a_smaller_document_that_names_what_it_leaves_out(clinic: Clinic) -> None:
    await clinic.save(ALLOWLIST, {"enabled": False, "entries": [{"cidr": "10.1.2.3", "label": "Ward"}]})
    tenant, listed = (await clinic.ben.get(TENANT)).json, (await clinic.ben.get(ALLOWLIST)).json
    assert (tenant["mode"], tenant["restricted"]) == ("summary", ["billing_contact", "security_contact"])
    assert tenant["working"]["timezone"] == "Australia/Hobart"
    assert tenant["working"]["billing_contact"] is None
    assert (listed["mode"], listed["working"]) == ("summary", {"enabled": False, "entries": []})
    assert (listed["restricted"], listed["counts"]) == (["entries"], {"entries": 1})
    for text in (b"10.1.2", b"Ward", b"office@"):
        assert text not in (await clinic.ben.get(ALLOWLIST)).body + (await clinic.ben.get(TENANT)).body


@pytest.mark.parametrize("path", [TENANT, ALLOWLIST])
async def test_whoever_may_not_see_or_save_finds_nothing_there(clinic: Clinic, path: str) -> None:
    change = {"expected_version": 99, "value": {"enabled": "no"}}
    answers = [
        await clinic.ben.put(path, change),
        await clinic.ben.put(path, b"not json"),
        *[await one.get(path) for one in (clinic.chloe, clinic.petra, clinic.world.ada, clinic.world.omar)],
        *[await one.put(path, change) for one in (clinic.chloe, clinic.petra, clinic.world.ada)],
        await clinic.alice.get("/v1/settings/nothing-of-the-kind"),
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({one.body.replace(one.headers["x-request-id"].encode(), b"") for one in answers}) == 1
    assert (await clinic.key.get(path)).code == "auth_mode_not_allowed"


async def test_a_save_says_which_version_it_changes(clinic: Clinic) -> None:
    missing = await clinic.alice.put(TENANT, {"value": NEW})
    assert (missing.status, missing.code) == (428, "precondition_required")
    for stale in (0, 2, 2**31 - 1):
        answer = await clinic.alice.put(TENANT, {"expected_version": stale, "value": NEW})
        assert (answer.status, answer.code) == (409, "version_conflict")
        assert answer.json["details"] == {"current_version": 1}
    assert (await clinic.alice.get(TENANT)).json["version"] == 1
    assert await _events(clinic) == []


async def test_what_is_wrong_is_said_before_which_version_is_asked_for(clinic: Clinic) -> None:
    answer = await clinic.alice.put(TENANT, {"value": {**NEW, "timezone": "Mars/Olympus"}})
    assert (answer.status, answer.code) == (422, "validation_failed")


async def test_each_save_raises_the_version_and_is_recorded_by_the_names_of_its_fields(
    clinic: Clinic,
) -> None:
    await clinic.alice.put(TENANT, {"expected_version": 1, "value": NEW})
    await clinic.alice.put(TENANT, {"expected_version": 2, "value": {**NEW, "billing_contact": None}})
    answer = await clinic.alice.put(
        TENANT, {"expected_version": 3, "value": {**NEW, "billing_contact": None}}
    )
    assert answer.json["version"] == 4
    await clinic.save(ALLOWLIST, {"enabled": False, "entries": [{"cidr": "10.0.0.1", "label": ""}]})
    assert await _events(clinic) == [
        (
            "settings.tenant_settings.updated",
            ["timezone", "regional_format", "billing_contact", "security_contact", "display_name"],
        ),
        ("settings.tenant_settings.updated", ["billing_contact"]),
        ("settings.tenant_settings.updated", []),
        ("settings.ip_allowlist.updated", ["entries"]),
    ]


async def _events(clinic: Clinic) -> list[tuple[str, list[str]]]:
    rows = await clinic.world.sql(
        "SELECT action, technical FROM audit_events"
        " WHERE client_id = $1 AND target_kind = 'settings' ORDER BY event_id",
        clinic.client_id,
    )
    told = [(row["action"], msgspec.json.decode(row["technical"])) for row in rows]
    assert all(set(technical) == {"fields"} for _, technical in told)
    return [(action, technical["fields"]) for action, technical in told]


def fields(answer: Any) -> dict[str, str]:
    assert (answer.status, answer.code) == (422, "validation_failed"), answer
    return {one["field"]: one["code"] for one in answer.json["field_errors"]}


async def test_every_bad_field_is_named_at_once(clinic: Clinic) -> None:
    bad = {
        "timezone": "Mars/Olympus",
        "regional_format": "english",
        "billing_contact": "nobody",
        "security_contact": "a@b@c.example",
        "display_name": "x" * 201,
        "logo": "x",
    }
    answer = await clinic.alice.put(TENANT, {"expected_version": 1, "value": bad, "also": 1})
    assert fields(answer) == {
        "/value/timezone": "format",
        "/value/regional_format": "format",
        "/value/billing_contact": "format",
        "/value/security_contact": "format",
        "/value/display_name": "too_long",
        "/value/logo": "unknown",
        "/also": "unknown",
    }
    entries = [
        {"cidr": "10.0.0.0/33"},
        {"cidr": "10.0.0.1/8", "label": "a"},
        {"cidr": "10.0.0.0/8", "label": "b" * 81},
        {"cidr": "2001:db8::1/64"},
        {"cidr": "2001:DB8:0:0::/64"},
        {"cidr": "::ffff:10.9.0.0/112"},
        {"cidr": "10.9.1.1/16"},
        {"label": "no network"},
        {"cidr": "fe80::1%eth0"},
        {"cidr": "10.0.0.0/255.0.0.0"},
        "10.0.0.0/8",
    ]
    answer = await clinic.alice.put(
        ALLOWLIST, {"expected_version": 1, "value": {"enabled": "yes", "entries": entries}}
    )
    assert fields(answer) == {
        "/value/enabled": "wrong_type",
        "/value/entries/0/cidr": "format",
        "/value/entries/2/label": "too_long",
        "/value/entries/2/cidr": "repeated",
        "/value/entries/4/cidr": "repeated",
        "/value/entries/6/cidr": "repeated",
        "/value/entries/7/cidr": "required",
        "/value/entries/8/cidr": "format",
        "/value/entries/9/cidr": "format",
        "/value/entries/10": "wrong_type",
    }


async def test_networks_are_kept_in_one_form_and_there_is_an_end_to_them(clinic: Clinic) -> None:
    given = ["203.0.113.7/24", " 198.51.100.9 ", "2001:DB8::ff/48", "::ffff:192.0.2.0/120", "0.0.0.0/0"]
    answer = await clinic.save(
        ALLOWLIST, {"enabled": False, "entries": [{"cidr": one, "label": " x "} for one in given]}
    )
    assert [one["cidr"] for one in answer.json["working"]["entries"]] == [
        "203.0.113.0/24",
        "198.51.100.9/32",
        "2001:db8::/48",
        "192.0.2.0/24",
        "0.0.0.0/0",
    ]
    assert {one["label"] for one in answer.json["working"]["entries"]} == {"x"}
    many = [{"cidr": f"10.0.{number}.0/24"} for number in range(101)]
    answer = await clinic.save(ALLOWLIST, {"enabled": False, "entries": many})
    assert fields(answer) == {"/value/entries": "too_long"}
    assert (await clinic.save(ALLOWLIST, {"enabled": False, "entries": many[:100]})).status == 200


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("zh-hant-tw", "zh-Hant-TW"),
        ("EN", "en"),
        ("es-419", "es-419"),
        ("sl-rozaj-biske", "sl-rozaj-biske"),
        ("en-au-u-CA-buddhist", "en-AU-u-ca-buddhist"),
        ("de-x-ABC", "de-x-abc"),
    ],
)
async def test_a_language_tag_is_kept_as_it_is_usually_spelt(clinic: Clinic, given: str, kept: str) -> None:
    answer = await clinic.save(TENANT, {**NEW, "regional_format": given})
    assert answer.json["working"]["regional_format"] == kept


async def test_a_rival_neither_sees_nor_changes_a_tenants_settings(world: World, clinic: Clinic) -> None:
    await clinic.save(TENANT, NEW)
    assert (await world.mallory.get(TENANT)).json["working"]["display_name"] != "Hill St"
    answer = await world.mallory.get(f"{TENANT}?client_id={clinic.client_id}")
    assert (answer.status, answer.code) == (400, "unsupported_query_parameter")
