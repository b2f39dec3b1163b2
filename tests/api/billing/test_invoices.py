"""Invoices: listed, opened, downloaded; and everybody else's are not there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aidial_api.kernel.months import month_of, moved
from aidial_api.surfaces.billing.embedded.issuing import issue_due
from aidial_contract.ids import new_id
from tests.api.billing.accounts import billed_business, bookkeeper
from tests.support.api import World

SUMMARY = {
    "invoice_id",
    "number",
    "period",
    "issued_at",
    "status",
    "subtotal_minor",
    "tax_minor",
    "total_minor",
    "currency",
}


async def pages(asker: Any, query: str) -> list[list[dict[str, Any]]]:
    """Every page of a list."""
    found, cursor = [], ""
    while True:
        answer = await asker.get(f"/v1/invoices?{'&'.join(filter(None, (query, cursor)))}")
        assert answer.status == 200, answer
        found.append(answer.json["invoices"])
        if answer.json["next_cursor"] is None:
            return found
        cursor = f"cursor={answer.json['next_cursor']}"


async def test_alice_sees_her_invoices_newest_first(world: World) -> None:
    (listed,) = await pages(world.alice, "")
    assert [one["invoice_id"] for one in listed] == [world.invoices["harbour-2"], world.invoices["harbour-1"]]
    assert [one["status"] for one in listed] == ["open", "paid"]
    assert all(set(one) == SUMMARY for one in listed)
    for status, expected in (
        ("paid", ["harbour-1"]),
        ("open", ["harbour-2"]),
        ("all", ["harbour-2", "harbour-1"]),
    ):
        (found,) = await pages(world.alice, f"status={status}")
        assert [one["invoice_id"] for one in found] == [world.invoices[name] for name in expected]
    assert (await world.alice.get("/v1/invoices?status=void")).code == "unsupported_query_value"


async def test_a_page_holds_twenty_and_the_next_begins_where_it_ended(world: World) -> None:
    business = await billed_business(world, months_ago=23)
    found = await pages(business.admin, "")
    assert [len(page) for page in found] == [20, 3]
    periods = [one["period"] for page in found for one in page]
    assert periods == sorted(periods, reverse=True)
    assert len(set(periods)) == 23
    assert [len(page) for page in await pages(business.admin, "limit=5&status=open")] == [5, 5, 5, 5, 3]
    numbers = [one["number"] for page in found for one in page]
    assert numbers[-1] == f"{business.client_id.upper()}-0001"


async def test_a_cursor_belongs_to_its_list(world: World) -> None:
    business = await billed_business(world, months_ago=3)
    cursor = (await business.admin.get("/v1/invoices?limit=1")).json["next_cursor"]
    for asker, query in (
        (business.admin, f"status=open&cursor={cursor}"),
        (world.alice, f"cursor={cursor}"),
        (business.admin, "cursor=nonsense"),
        (business.admin, f"cursor={cursor[:-1]}"),
    ):
        assert (await asker.get(f"/v1/invoices?{query}")).code == "invalid_cursor"


async def test_alice_opens_an_invoice_and_it_adds_up(world: World) -> None:
    paid = (await world.alice.get(f"/v1/invoices/{world.invoices['harbour-1']}")).json["invoice"]
    assert set(paid) > SUMMARY | {"lines"}
    assert all(set(line) == {"description", "quantity", "amount_minor"} for line in paid["lines"])
    assert sum(line["amount_minor"] for line in paid["lines"]) == paid["subtotal_minor"]
    assert paid["subtotal_minor"] + paid["tax_minor"] == paid["total_minor"]
    assert (paid["paid_minor"], paid["due_minor"]) == (paid["total_minor"], 0)
    assert paid["billed_to"] == "Harbour Dental"
    still_open = (await world.ben.get(f"/v1/invoices/{world.invoices['harbour-2']}")).json["invoice"]
    assert (still_open["paid_at"], still_open["due_minor"]) == (None, still_open["total_minor"])


async def test_an_invoice_of_somebody_else_is_not_there(world: World) -> None:
    wrong = [
        (world.alice, world.invoices["northside-1"]),
        (world.alice, world.invoices["bayside-2"]),
        (world.alice, world.invoices["closed-1"]),
        (world.alice, new_id()),
        (world.alice, "1"),
        (world.alice, world.invoices["harbour-1"].replace("-", "")),
        (world.chloe, world.invoices["harbour-1"]),
        (world.tom, world.invoices["harbour-1"]),
        (world.ada, world.invoices["harbour-1"]),
        (world.carla, world.invoices["closed-1"]),
    ]
    for asker, invoice_id in wrong:
        for path in (f"/v1/invoices/{invoice_id}", f"/v1/invoices/{invoice_id}/pdf"):
            answer = await asker.get(path)
            assert (answer.status, answer.code) == (404, "not_found"), path


async def test_a_download_is_a_pdf_and_is_recorded(world: World) -> None:
    number = f"{'harbour-dental'.upper()}-0001"
    before = len(await world.events(number))
    path = f"/v1/invoices/{world.invoices['harbour-1']}/pdf"
    answer = await world.alice.get(path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="invoice-{number}.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.startswith(b"%PDF-")
    events = (await world.events(number))[before:]
    assert [one["action"] for one in events] == ["billing.invoice.downloaded"]
    assert events[0]["actor_label"] == world.alice.someone.email
    assert (await world.alice.get(path, accept="application/json")).code == "not_acceptable"
    assert (await world.alice.get(path, accept="application/pdf")).status == 200


async def test_an_invoice_is_made_once_and_credit_beyond_it_goes_on(world: World) -> None:
    business = await billed_business(world)
    month = month_of(datetime.now(UTC), "Australia/Sydney")
    last = moved(month, -1)
    await bookkeeper(world).add_adjustment(business.client_id, "A very large credit", -20_000, last)
    await world.sql(
        "UPDATE billing_accounts SET first_period = $2 WHERE client_id = $1", business.client_id, last
    )
    services = world.api.app.services
    assert services is not None
    for _ in range(2):
        await issue_due(services.db, client_id=business.client_id, month=last)
    await issue_due(services.db, client_id=business.client_id, month=month)  # not over yet
    (listed,) = await pages(business.admin, "")
    (made,) = listed
    assert (made["period"], made["total_minor"]) == (last, 0)
    invoice = (await business.admin.get(f"/v1/invoices/{made['invoice_id']}")).json["invoice"]
    assert [line["amount_minor"] for line in invoice["lines"]] == [14_900, -20_000, 5_100]
    usage = (await business.admin.get("/v1/usage")).json
    assert [one["amount_minor"] for one in usage["estimate"]["lines"]] == [14_900, -5_100]
    assert [one["action"] for one in await world.events(made["number"])] == ["billing.invoice.issued"]
    jobs = await world.sql(
        "SELECT args->>'month' AS month FROM jobs.procrastinate_jobs WHERE task_name = 'billing.issue'"
        " AND args->>'client_id' = $1",
        business.client_id,
    )
    assert sorted(row["month"] for row in jobs) == [month, month, month]


async def test_head_downloads_nothing_and_records_nothing(world: World) -> None:
    path = f"/v1/invoices/{world.invoices['harbour-1']}/pdf"
    number = "HARBOUR-DENTAL-0001"
    before = len(await world.events(number))
    answer = await world.alice.ask("HEAD", path)
    assert (answer.status, answer.body) == (200, b"")
    assert len(await world.events(number)) == before
