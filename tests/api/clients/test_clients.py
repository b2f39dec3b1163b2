"""Partners see the clients assigned to them, and nobody else's."""

from __future__ import annotations

from tests.people import BAYSIDE, HARBOUR, NORTHSIDE
from tests.support.api import World


async def test_priya_sees_her_two_clients_by_name_with_whom_to_write_to(world: World) -> None:
    await world.sql(
        "UPDATE clients SET contact_email = 'owner@harbour.example' WHERE client_id = $1", HARBOUR
    )
    answer = await world.priya.get("/v1/clients")
    assert answer.status == 200
    listed = answer.json["clients"]
    assert [one["client_id"] for one in listed] == [BAYSIDE, HARBOUR]
    harbour = listed[1]
    assert (harbour["business_name"], harbour["lifecycle"]) == ("Harbour Dental", "active")
    assert (harbour["project_count"], harbour["business_email"]) == (3, "owner@harbour.example")
    assert harbour["contact_hidden"] is False


async def test_tom_sees_the_same_clients_without_the_people_to_write_to(world: World) -> None:
    await world.sql(
        "UPDATE clients SET contact_email = 'owner@harbour.example' WHERE client_id = $1", HARBOUR
    )
    answer = await world.tom.get("/v1/clients")
    assert [one["client_id"] for one in answer.json["clients"]] == [BAYSIDE, HARBOUR]
    assert {one["business_email"] for one in answer.json["clients"]} == {None}
    assert b"owner@harbour" not in answer.body


async def test_a_page_ends_where_the_next_begins(world: World) -> None:
    first = (await world.priya.get("/v1/clients?limit=1")).json
    second = (await world.priya.get(f"/v1/clients?limit=1&cursor={first['next_cursor']}")).json
    assert [one["client_id"] for one in first["clients"] + second["clients"]] == [BAYSIDE, HARBOUR]
    assert second["next_cursor"] is None


async def test_a_cursor_of_another_search_or_another_person_is_none(world: World) -> None:
    cursor = (await world.priya.get("/v1/clients?limit=1")).json["next_cursor"]
    for asked in (f"/v1/clients?limit=1&q=harbour&cursor={cursor}", f"/v1/clients?cursor={cursor[:-2]}AA"):
        answer = await world.priya.get(asked)
        assert (answer.status, answer.code) == (400, "invalid_cursor")


async def test_words_are_looked_for_in_id_name_and_domain(world: World) -> None:
    found = (await world.priya.get("/v1/clients?q=PHYSIO")).json["clients"]
    assert [one["client_id"] for one in found] == [BAYSIDE]
    assert (await world.priya.get("/v1/clients?q=Northside")).json["clients"] == []
    assert (await world.priya.get("/v1/clients?lifecycle=suspended")).json["clients"] == []


async def test_the_list_takes_no_client(world: World) -> None:
    answer = await world.priya.get(f"/v1/clients?client_id={HARBOUR}")
    assert (answer.status, answer.code) == (400, "unsupported_query_parameter")


async def test_one_client_is_shown_to_its_partner_and_a_rivals_is_missing(world: World) -> None:
    assert (await world.priya.get(f"/v1/clients/{BAYSIDE}")).json["business_name"] == "Bayside Physio"
    for client_id in (NORTHSIDE, "nobody-at-all", "No-Id"):
        assert (await world.priya.get(f"/v1/clients/{client_id}")).status == 404
