"""From where a tenant may be reached: its people and keys, its partner, and those who run AiDial."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from aidial_api.provisioning import lift_allowlist
from aidial_contract.ids import new_id
from tests.api.settings.clinics import (
    ALLOWLIST,
    ELSEWHERE,
    OFFICE,
    OFFICE_NETWORK,
    TENANT,
    Clinic,
    from_,
    new_person,
)
from tests.people import BAYSIDE
from tests.support.api import World, running_api
from tests.support.askers import Answer, Asker
from tests.support.world_calls import new_call


def outcome(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code


async def test_nothing_is_closed_before_the_list_is_on(clinic: Clinic) -> None:
    answer = await clinic.save(ALLOWLIST, {"enabled": False, "entries": [{"cidr": OFFICE_NETWORK}]})
    assert answer.status == 200
    assert (await clinic.chloe.ask("GET", "/v1/calls", headers=from_(ELSEWHERE))).status == 200


async def test_people_and_keys_come_from_the_office_or_not_at_all(clinic: Clinic) -> None:
    await clinic.allow_only(OFFICE_NETWORK, "2001:db8:7::/48")
    for somebody in (clinic.alice, clinic.ben, clinic.chloe, clinic.key):
        for address in (OFFICE, f"::ffff:{OFFICE}", "2001:db8:7::1"):
            assert (await somebody.ask("GET", "/v1/calls", headers=from_(address))).status == 200
        for address in (ELSEWHERE, "2001:db8:8::1", f"::ffff:{ELSEWHERE}"):
            answer = await somebody.ask("GET", "/v1/calls", headers=from_(address))
            assert outcome(answer) == (403, "ip_not_allowed")
            assert answer.headers["cache-control"] == "no-store"


async def test_somebody_shut_out_learns_nothing_of_what_is_there(clinic: Clinic) -> None:
    """Own tenant: before permission, scope, validation and preconditions."""
    await clinic.allow_only(OFFICE_NETWORK)
    away = from_(ELSEWHERE)
    answers = [
        await clinic.chloe.ask("GET", TENANT, headers=away),
        await clinic.alice.ask("GET", f"/v1/calls/{new_id()}", headers=away),
        await clinic.alice.ask("GET", "/v1/calls?project_id=1&unknown=1", headers=away),
        await clinic.alice.ask("PUT", TENANT, b"not json", headers=away),
        await clinic.alice.ask("PUT", TENANT, {"value": {}}, headers=away),
        await clinic.key.ask("POST", "/v1/calls", {}, headers=away),
        await clinic.key.ask("GET", "/v1/session-context", headers=away),
    ]
    assert {outcome(answer) for answer in answers} == {(403, "ip_not_allowed")}
    assert outcome(await clinic.key.ask("DELETE", "/v1/calls", headers=away)) == (405, "method_not_allowed")
    call = new_call(clinic.project_id, "allowlist-1")
    assert (await clinic.key.ask("POST", "/v1/calls", call, headers=from_(OFFICE))).status == 201


async def test_somebody_shut_out_still_reads_who_they_are_and_signs_out(clinic: Clinic) -> None:
    await clinic.allow_only(OFFICE_NETWORK)
    away, chloe = from_(ELSEWHERE), clinic.chloe
    context = await chloe.ask("GET", "/v1/session-context", headers=away)
    assert (context.status, context.json["role"]) == (200, "client_staff")
    own = f"/v1/sessions/{chloe.session_id}"
    assert (await chloe.ask("POST", f"{own}/touch", headers=away)).status == 200
    assert outcome(await chloe.ask("GET", "/v1/sessions", headers=away)) == (403, "ip_not_allowed")
    assert (await chloe.ask("POST", f"{own}/sign-out", {}, headers=away)).status == 204


async def test_an_invitation_is_accepted_from_a_network_on_the_list(world: World, clinic: Clinic) -> None:
    await clinic.allow_only(OFFICE_NETWORK)
    dora = replace(clinic.ben.someone, first_name="Dora")
    await world.provisioner.add_person(new_person(dora))
    asker = world.bearer_only(dora)
    new = {"id_token": world.id_token(dora), "device_label": "Firefox on Linux"}
    away = await asker.ask("POST", "/v1/sessions", new, headers=from_(ELSEWHERE))
    assert outcome(away) == (403, "ip_not_allowed")
    assert (await asker.ask("POST", "/v1/sessions", new, headers=from_(OFFICE))).status == 201


async def test_a_partner_meets_the_list_of_the_client_they_ask_about(clinic: Clinic) -> None:
    call = new_call(clinic.project_id, "allowlist-2")
    delivered = await clinic.key.post("/v1/calls", call)
    await clinic.allow_only(OFFICE_NETWORK)
    petra, away = clinic.petra, from_(ELSEWHERE)
    shut = (
        f"/v1/calls?client_id={clinic.client_id}",
        f"/v1/calls?project_id={clinic.project_id}",
        f"/v1/calls/{delivered.json['call_id']}",
        f"/v1/calls?client_id={clinic.client_id}&unknown=1",
    )
    for path in shut:
        assert outcome(await petra.ask("GET", path, headers=away)) == (403, "ip_not_allowed"), path
    assert (await petra.ask("GET", shut[0], headers=from_(OFFICE))).status == 200
    assert (await petra.ask("GET", f"/v1/calls?client_id={BAYSIDE}", headers=away)).status == 200
    # What is out of reach is not found, list or no list.
    for path in (f"/v1/calls/{new_id()}", "/v1/calls?client_id=northside-dental"):
        assert outcome(await petra.ask("GET", path, headers=away)) == (404, "not_found")


async def test_a_partners_lists_go_on_without_the_client_that_is_closed_to_them(clinic: Clinic) -> None:
    await clinic.allow_only(OFFICE_NETWORK)
    for address, seen in ((ELSEWHERE, {BAYSIDE}), (OFFICE, {BAYSIDE, clinic.client_id})):
        listed = await clinic.petra.ask("GET", "/v1/projects", headers=from_(address))
        assert {one["client_id"] for one in listed.json["projects"]} == seen
    assert (await clinic.petra.ask("GET", "/v1/session-context", headers=from_(ELSEWHERE))).status == 200


async def test_a_list_of_closed_clients_only_is_refused_as_a_whole(clinic: Clinic) -> None:
    await clinic.world.sql(
        "DELETE FROM assignments a USING users u"
        " WHERE a.client_id = $1 AND a.user_id = u.user_id AND u.email = $2",
        BAYSIDE,
        clinic.petra.someone.email,
    )
    await clinic.allow_only(OFFICE_NETWORK)
    answer = await clinic.petra.ask("GET", "/v1/calls", headers=from_(ELSEWHERE))
    assert outcome(answer) == (403, "ip_not_allowed")


async def test_those_who_run_aidial_meet_the_list_of_the_client_they_name(
    world: World, clinic: Clinic
) -> None:
    await clinic.allow_only(OFFICE_NETWORK)
    new = {"client_id": clinic.client_id, "scope": "read", "description": "reports"}
    for address, read, made in ((ELSEWHERE, 403, 403), (OFFICE, 200, 201)):
        listed = f"/v1/api-keys?client_id={clinic.client_id}"
        assert (await world.ada.ask("GET", listed, headers=from_(address))).status == read
        assert (await world.ada.ask("POST", "/v1/api-keys", new, headers=from_(address))).status == made
    # Nor does the list tell who there is: an archived client is not found, closed or not.
    await world.sql("UPDATE clients SET lifecycle = 'archived' WHERE client_id = $1", clinic.client_id)
    for client_id in (clinic.client_id, "nobody-at-all"):
        answers = [
            await world.ada.ask("GET", f"/v1/api-keys?client_id={client_id}", headers=from_(ELSEWHERE)),
            await world.ada.ask(
                "POST", "/v1/api-keys", {**new, "client_id": client_id}, headers=from_(ELSEWHERE)
            ),
        ]
        assert {outcome(answer) for answer in answers} == {(404, "not_found")}


async def test_a_list_that_would_shut_out_its_author_wants_to_be_confirmed(clinic: Clinic) -> None:
    value = {"enabled": True, "entries": [{"cidr": OFFICE_NETWORK, "label": "Office"}]}
    answer = await clinic.save(ALLOWLIST, value, headers=from_(ELSEWHERE))
    assert outcome(answer) == (422, "validation_failed")
    assert [(one["field"], one["code"]) for one in answer.json["field_errors"]] == [
        ("/value/confirm_lockout", "locks_you_out")
    ]
    assert (await clinic.alice.get(ALLOWLIST)).json["version"] == 1
    assert (await clinic.save(ALLOWLIST, value, headers=from_(OFFICE))).status == 200
    off = {**value, "enabled": False}
    assert (await clinic.save(ALLOWLIST, off, headers=from_(OFFICE))).status == 200
    confirmed = await clinic.save(ALLOWLIST, {**value, "confirm_lockout": True}, headers=from_(ELSEWHERE))
    assert confirmed.status == 200
    assert "confirm_lockout" not in confirmed.json["working"]
    answer = await clinic.alice.ask("GET", ALLOWLIST, headers=from_(ELSEWHERE))
    assert outcome(answer) == (403, "ip_not_allowed")


async def test_a_list_that_is_on_names_somebody(clinic: Clinic) -> None:
    answer = await clinic.save(ALLOWLIST, {"enabled": True, "entries": [], "confirm_lockout": True})
    assert [(one["field"], one["code"]) for one in answer.json["field_errors"]] == [
        ("/value/entries", "required")
    ]


async def until(asker: Asker, address: str, status: int) -> None:
    """Ask until the answer is so; what was asked a second later is not answered otherwise any more."""
    since = time.monotonic()
    while True:
        asked = time.monotonic()
        if (await asker.ask("GET", "/v1/projects", headers=from_(address))).status == status:
            return
        assert asked - since < 1


async def test_every_process_hears_of_it_within_a_second_and_of_its_end(world: World, clinic: Clinic) -> None:
    async with running_api(world.environ) as other:
        there = [Asker(other.http, one.headers) for one in (clinic.chloe, clinic.key, clinic.alice)]
        for asker in there:
            await until(asker, ELSEWHERE, 200)
        await clinic.allow_only(OFFICE_NETWORK)
        for asker in there:
            await until(asker, ELSEWHERE, 403)
        value = {"enabled": False, "entries": [{"cidr": OFFICE_NETWORK, "label": "Office"}]}
        assert (await clinic.save(ALLOWLIST, value, headers=from_(OFFICE))).status == 200
        for asker in there:
            await until(asker, ELSEWHERE, 200)


async def test_whoever_owns_the_database_lifts_a_list_that_shuts_everybody_out(
    world: World, clinic: Clinic
) -> None:
    await clinic.allow_only(OFFICE_NETWORK)
    await until(clinic.alice, ELSEWHERE, 403)
    assert await lift_allowlist(world.urls.owner_url, clinic.client_id, "their office moved")
    await until(clinic.alice, ELSEWHERE, 200)
    assert not await lift_allowlist(world.urls.owner_url, clinic.client_id, "")
    document = (await clinic.alice.get(ALLOWLIST)).json
    assert document["working"] == {"enabled": False, "entries": [{"cidr": OFFICE_NETWORK, "label": "Office"}]}
    assert (document["version"], document["last_changed"]["by"]) == (3, "AiDial")
    (event,) = await world.sql(
        "SELECT actor_label, why FROM audit_events WHERE client_id = $1 AND actor_kind = 'system'"
        " AND action = 'settings.ip_allowlist.updated'",
        clinic.client_id,
    )
    assert (event["actor_label"], event["why"]) == ("command line", "their office moved")


@pytest.mark.parametrize("stored", ["nonsense", ""])
async def test_a_stored_network_that_cannot_be_read_lets_nobody_in(clinic: Clinic, stored: str) -> None:
    await clinic.allow_only(OFFICE_NETWORK)
    await clinic.world.sql(
        "UPDATE client_settings SET value = jsonb_set(value, '{entries,0,cidr}', to_jsonb($2::text))"
        " WHERE client_id = $1",
        clinic.client_id,
        stored,
    )
    await until(clinic.chloe, OFFICE, 403)
