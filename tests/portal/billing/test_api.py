"""Billing as JSON: the shapes other tools rely on, the family's errors, and who gets what."""

from __future__ import annotations

from typing import Any

from aidial_contract.ids import new_id
from tests.people import ADA, ALICE, BAYSIDE, BEN, CHLOE, HARBOUR, MALLORY, NORTHSIDE, PRIYA, TOM
from tests.support.portal import Page, Town

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


def code(page: Page) -> str:
    """The code of the `protected` family."""
    error: dict[str, Any] = page.json["error"]
    assert set(error) == {"code", "message", "message_key", "request_id", "details"}
    return str(error["code"])


async def test_alice_reads_usage_and_invoices(town: Town) -> None:
    alice = await town.of(ALICE)
    usage = (await alice.get("/api/billing/usage")).json
    assert (usage["client_id"], usage["plan"]["name"], usage["is_current"]) == (HARBOUR, "Starter", True)
    listed = (await alice.get("/api/billing/invoices")).json
    assert set(listed) == {"invoices", "next_cursor"}
    assert [one["invoice_id"] for one in listed["invoices"]] == [
        town.invoices["harbour-2"],
        town.invoices["harbour-1"],
    ]
    assert all(set(one) == SUMMARY for one in listed["invoices"])
    paid = (await alice.get("/api/billing/invoices?status=paid")).json["invoices"]
    assert [one["status"] for one in paid] == ["paid"]
    invoice = (await alice.get(f"/api/billing/invoices/{town.invoices['harbour-1']}")).json["invoice"]
    assert set(invoice) > SUMMARY | {"lines"}
    assert sum(line["amount_minor"] for line in invoice["lines"]) == invoice["subtotal_minor"]


async def test_a_page_of_invoices_goes_on_where_it_ended(town: Town) -> None:
    alice = await town.of(ALICE)
    first = (await alice.get("/api/billing/invoices?limit=1")).json
    rest = (await alice.get(f"/api/billing/invoices?limit=1&cursor={first['next_cursor']}")).json
    assert [one["invoice_id"] for one in rest["invoices"]] == [town.invoices["harbour-1"]]
    assert rest["next_cursor"] is None
    wrong = await alice.get("/api/billing/invoices?cursor=nonsense")
    assert (wrong.status, code(wrong)) == (400, "invalid_cursor")
    void = await alice.get("/api/billing/invoices?status=void")
    assert (void.status, code(void)) == (400, "unsupported_query_value")


async def test_alice_downloads_an_invoice(town: Town) -> None:
    alice = await town.of(ALICE)
    page = await alice.get(f"/api/billing/invoices/{town.invoices['harbour-1']}/pdf")
    assert page.status == 200
    assert page.headers["content-type"] == "application/pdf"
    assert page.headers["content-disposition"] == 'attachment; filename="invoice-HARBOUR-DENTAL-0001.pdf"'
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.body.startswith(b"%PDF-")
    log = await alice.get("/api/compliance/audit-events?action=billing.invoice.downloaded")
    assert log.json["events"][0]["target"] == {"kind": "invoice", "id": "HARBOUR-DENTAL-0001"}


async def test_priya_names_her_client(town: Town) -> None:
    priya = await town.of(PRIYA)
    invoice_id = town.invoices["harbour-1"]
    for path in ("usage", "invoices", f"invoices/{invoice_id}", f"invoices/{invoice_id}/pdf"):
        nameless = await priya.get(f"/api/billing/{path}")
        assert (nameless.status, code(nameless)) == (400, "malformed_request"), path
        (field,) = nameless.json["error"]["details"]["field_errors"]
        assert (field["field"], field["code"]) == ("query.client_id", "required")
        assert (await priya.get(f"/api/billing/{path}?client_id={HARBOUR}")).status == 200
        rival = await priya.get(f"/api/billing/{path}?client_id={NORTHSIDE}")
        assert (rival.status, code(rival)) == (404, "not_found")
    elsewhere = await priya.get(f"/api/billing/invoices/{invoice_id}?client_id={BAYSIDE}")
    assert (elsewhere.status, code(elsewhere)) == (404, "not_found")
    portal = await priya.change("POST", "/api/billing/payment-portal")
    assert (portal.status, code(portal)) == (404, "not_found")


async def test_the_others_have_no_billing(town: Town) -> None:
    for someone in (CHLOE, TOM, ADA):
        browser = await town.of(someone)
        for path in ("usage", "invoices", f"invoices/{town.invoices['harbour-1']}", "recipients"):
            page = await browser.get(f"/api/billing/{path}")
            assert (page.status, code(page)) == (404, "not_found")
    mallory = await town.of(MALLORY)
    for invoice_id in (town.invoices["harbour-1"], town.invoices["closed-1"], new_id(), "nonsense"):
        for path in (f"invoices/{invoice_id}", f"invoices/{invoice_id}/pdf"):
            page = await mallory.get(f"/api/billing/{path}")
            assert (page.status, code(page)) == (404, "not_found"), path


async def test_the_payment_portal_leads_back_here(town: Town) -> None:
    for someone in (ALICE, BEN):
        page = await (await town.of(someone)).change("POST", "/api/billing/payment-portal")
        assert page.status == 201
        assert page.json == {"url": f"{town.url}/billing/how-to-pay"}
    chloe = await (await town.of(CHLOE)).change("POST", "/api/billing/payment-portal")
    assert (chloe.status, code(chloe)) == (404, "not_found")


async def test_alice_changes_who_is_sent_invoices_and_a_stale_change_is_refused(town: Town) -> None:
    alice, path = await town.of(ALICE), "/api/billing/recipients"
    version = (await alice.get(path)).json["version"]
    body = {"expected_version": version, "recipients": ["accounts@harbour.example"]}
    saved = await alice.change("PUT", path, body)
    assert saved.json == {"version": version + 1, "recipients": ["accounts@harbour.example"]}
    stale = await alice.change("PUT", path, body)
    assert (stale.status, code(stale)) == (409, "version_conflict")
    assert stale.json["error"]["details"]["current_version"] == version + 1
    missing = await alice.change("PUT", path, {"recipients": []})
    assert (missing.status, code(missing)) == (428, "precondition_required")
    wrong = await alice.change(
        "PUT", path, {"expected_version": version + 1, "recipients": ["a@b.example", "A@b.example", "nobody"]}
    )
    assert (wrong.status, code(wrong)) == (422, "validation_failed")
    fields = wrong.json["error"]["details"]["field_errors"]
    assert {one["field"] for one in fields} == {"/recipients/2"}
    twice = await alice.change(
        "PUT", path, {"expected_version": version + 1, "recipients": ["a@b.example", "A@b.example"]}
    )
    (field,) = twice.json["error"]["details"]["field_errors"]
    assert (field["field"], field["code"]) == ("/recipients/1", "repeated")
    ben = await (await town.of(BEN)).get(path)
    assert (ben.status, code(ben)) == (404, "not_found")


async def test_head_of_a_pdf_is_no_download(town: Town) -> None:
    alice = await town.of(ALICE)
    recorded = "SELECT count(*) AS n FROM audit_events WHERE action = 'billing.invoice.downloaded'"
    before = (await town.sql(recorded))[0]["n"]
    page = await alice.ask("HEAD", f"/api/billing/invoices/{town.invoices['harbour-1']}/pdf")
    assert (page.status, page.headers["content-type"], page.body) == (200, "application/pdf", b"")
    assert (await town.sql(recorded))[0]["n"] == before
