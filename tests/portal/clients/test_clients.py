"""Partners see their clients through the portal."""

from __future__ import annotations

from tests.people import BAYSIDE, CHLOE, HARBOUR, NORTHSIDE, PRIYA, TOM
from tests.support.portal import Town


async def test_priya_lists_her_clients_and_opens_one(town: Town) -> None:
    priya = await town.of(PRIYA)
    listed = await priya.get("/api/partner/clients")
    assert [one["client_id"] for one in listed.json["clients"]] == [BAYSIDE, HARBOUR]
    one = await priya.get(f"/api/partner/clients/{HARBOUR}")
    assert one.json["business_name"] == "Harbour Dental"


async def test_a_client_in_the_lists_query_is_refused_by_name(town: Town) -> None:
    page = await (await town.of(TOM)).get(f"/api/partner/clients?client_id={HARBOUR}")
    assert page.status == 400
    assert page.json["error"]["code"] == "unsupported_query_parameter"
    assert page.json["error"]["details"]["field_errors"][0]["field"] == "query.client_id"


async def test_a_rivals_client_is_a_missing_one(town: Town) -> None:
    priya = await town.of(PRIYA)
    for client_id in (NORTHSIDE, "nobody-at-all", "No%20Id"):
        assert (await priya.get(f"/api/partner/clients/{client_id}")).status == 404
    assert (await (await town.of(CHLOE)).get("/api/partner/clients")).status == 404
