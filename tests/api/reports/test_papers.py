"""The report on paper: downloaded by who may, mailed to who is to get it, gone when the numbers are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
import typst

from aidial_api.kernel.call_kpis import kpis_of
from aidial_api.kernel.erasing import BEGINNING, Erasing
from aidial_api.kernel.months import named
from aidial_api.surfaces.reports.figures import DayCalls, Figures, LineCalls, OutcomeCalls
from aidial_api.surfaces.reports.paper import TEMPLATE, change, document
from aidial_contract.ids import new_id
from aidial_contract.shapes.analytics import Kpi
from tests.api.reports.months import (
    MONTH,
    NAMES,
    ZONE,
    at,
    database,
    made,
    messages,
    ring,
    run,
    turn_of,
    turn_on,
)
from tests.api.settings.clinics import Clinic
from tests.people import AFTER_HOURS
from tests.support.api import World
from tests.support.deliveries import by_smtp, post, send_due
from tests.support.reports import given_report
from tests.support.smtp import mail_server
from tests.support.world_calls import CALLER


async def a_report(clinic: Clinic) -> str:
    """June's, of one call."""
    await turn_on(clinic)
    await ring(clinic, at("2026-06-12 10:00"))
    await run(clinic, MONTH, turn_of(MONTH))
    (row,) = await made(clinic)
    return str(row["report_id"])


async def forget_numbers(clinic: Clinic, since: datetime, until: datetime, *, ages: bool) -> None:
    """What retention does (`ages`), and an approved deletion."""

    async def always(_: object) -> bool:
        return True

    async def note(*_: object) -> None:
        """Nothing is counted here."""

    async with database(clinic.world) as db:
        erasing = Erasing(clinic.client_id, since, until, always, note, reason="retention", ages=ages)
        await erasing.run(db, "analytics")


async def test_those_who_may_download_it_and_each_download_is_recorded(clinic: Clinic) -> None:
    report_id = await a_report(clinic)
    path = f"/v1/reports/{report_id}/pdf"
    for asker in (clinic.alice, clinic.ben):
        answer = await asker.get(path)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.body.startswith(b"%PDF-")
        assert 'filename="monthly-summary-2026-06.pdf"' in answer.headers["content-disposition"]
    assert (await clinic.alice.ask("HEAD", path)).status == 200
    actions = [one["action"] for one in await clinic.world.events(report_id)]
    assert actions == ["reports.report.made", *["reports.report.downloaded"] * 2]
    for denied in (clinic.chloe, clinic.petra, clinic.key, clinic.world.alice):
        assert (await denied.get(path)).status in {403, 404}
        assert b"2026-06" not in (await denied.get("/v1/reports")).body


def paper_of(month: str, days: int) -> dict[str, str]:
    """What the template is given of a month in which calls came on its last day only."""
    quiet = [DayCalls(f"{month}-{day:02}", 0, 0, 0) for day in range(1, days)]
    figures = Figures(
        kpis=kpis_of({}),
        days=[*quiet, DayCalls(f"{month}-{days}", 1_204, 31, 2)],
        outcomes=[OutcomeCalls(f"Outcome {place}", 1) for place in range(10)],
        lines=[LineCalls(f"Line {place}", 1, 1, 0, 0, 60) for place in range(30)],
    )
    row: Any = {
        "figures": msgspec.json.encode(figures),
        "month": month,
        "name": "Hill Street Clinic",
        "timezone": ZONE,
        "made_at": at("2026-11-01 06:00"),
    }
    return {"shown": document(row).decode()}


@pytest.mark.parametrize(
    ("month", "days", "first", "last"),
    [
        ("2026-10", 31, "Thu 1", "Sat 31"),
        ("2026-06", 30, "Mon 1", "Tue 30"),
        ("2026-02", 28, "Sun 1", "Sat 28"),
    ],
)
def test_behind_the_drawing_of_days_is_a_table_of_them(month: str, days: int, first: str, last: str) -> None:
    found = typst.query(TEMPLATE, "table", sys_inputs=paper_of(month, days), ignore_system_fonts=True)
    tables = [
        [cell["body"]["text"] for cell in table["children"] if "text" in cell.get("body", {})]
        for table in msgspec.json.decode(found)
    ]
    cells = [text for table in tables if {first, last} & set(table) for text in table]
    rows = [cells[place : place + 4] for place in range(0, len(cells), 4)]
    assert (rows[0], rows[-1]) == ([first, "0", "0", "0"], [last, "1,204", "31", "2"])
    assert [row[0].split()[1] for row in rows] == [str(day) for day in range(1, days + 1)]


def test_a_long_month_of_many_lines_and_outcomes_is_still_two_pages() -> None:
    paper = paper_of("2026-10", 31)
    pages = typst.compile(TEMPLATE, format="png", ppi=20, sys_inputs=paper, ignore_system_fonts=True)
    assert isinstance(pages, list)
    assert len(pages) == 2


async def test_a_report_that_counts_a_line_out_of_reach_is_not_there(world: World) -> None:
    """Ben reaches every line of Harbour, until he does not."""
    report_id = await given_report(world, "2026-03", AFTER_HOURS)
    path = f"/v1/reports/{report_id}/pdf"
    assert (await world.ben.get(path)).status == 200
    await world.sql("UPDATE monthly_reports SET project_ids = $2 WHERE report_id = $1", report_id, [new_id()])
    assert (await world.ben.get(path)).status == 404
    assert report_id not in (await world.ben.get("/v1/reports")).body.decode()


async def test_it_is_mailed_with_its_paper_once_each_and_the_log_says_so(clinic: Clinic) -> None:
    report_id = await a_report(clinic)
    with mail_server() as mailbox:
        through = post(clinic.world, **by_smtp(mailbox.port))
        await send_due(clinic.world, through)
        await send_due(clinic.world, through)
    ours = [str(row["delivery_id"]) for row in await messages(clinic)]
    letters = [one for one in mailbox.letters if str(one["Message-ID"])[1:].partition("@")[0] in ours]
    assert sorted(str(one["To"]) for one in letters) == sorted(NAMES)
    letter = letters[0]
    assert letter["Subject"] == "Monthly summary, June 2026: Hill Street Clinic"
    (paper,) = letter.iter_attachments()
    assert (paper.get_filename(), paper.get_content_type()) == (
        "monthly-summary-2026-06.pdf",
        "application/pdf",
    )
    assert paper.get_content().startswith(b"%PDF-")
    body = letter.get_body(("plain",))
    assert body is not None
    assert "Calls: 1 (May 2026: 0, new)" in body.get_content()
    assert CALLER[3:] not in body.get_content()
    assert [row["state"] for row in await messages(clinic)] == ["sent", "sent"]
    sent = [one for one in await clinic.world.events(report_id) if one["action"] == "reports.report.sent"]
    assert {msgspec.json.decode(one["technical"])["delivery_id"] for one in sent} == {
        str(row["delivery_id"]) for row in await messages(clinic)
    }


async def test_the_outbox_keeps_it_and_nothing_says_it_was_sent(clinic: Clinic) -> None:
    report_id = await a_report(clinic)
    await send_due(clinic.world)
    rows = await messages(clinic)
    assert [row["state"] for row in rows] == ["kept", "kept"]
    assert "Calls: 1" in msgspec.json.decode(rows[0]["content"])["text"]
    assert "reports.report.sent" not in {one["action"] for one in await clinic.world.events(report_id)}


@pytest.mark.parametrize(
    ("since", "until", "ages", "goes"),
    [
        (at("2026-06-20 00:00"), at("2026-06-21 00:00"), False, True),
        (at("2026-07-01 00:00"), at("2026-08-01 00:00"), False, False),
        (BEGINNING, at("2026-06-30 23:45"), True, False),
        (BEGINNING, at("2026-07-01 00:00"), True, True),
    ],
)
async def test_the_numbers_of_a_report_go_with_the_numbers_they_were_made_of(
    clinic: Clinic, since: datetime, until: datetime, *, ages: bool, goes: bool
) -> None:
    report_id = await a_report(clinic)
    await send_due(clinic.world)
    await forget_numbers(clinic, since, until, ages=ages)
    (row,) = await made(clinic)
    assert (row["figures"] is None) is goes
    assert {one["content"] is None for one in await messages(clinic)} == {goes}
    assert (await clinic.alice.get(f"/v1/reports/{report_id}/pdf")).status == (404 if goes else 200)
    await run(clinic, MONTH, turn_of(MONTH) + timedelta(days=9))
    assert len(await made(clinic)) == 1, "a month is reported once, also when its numbers are gone"


@pytest.mark.parametrize(
    ("what", "goes"),
    [
        ({"kind": "call"}, False),
        ({"kind": "period", "first_day": "2026-06-30", "last_day": "2026-06-30"}, False),
        # Hobart's first of July begins in UTC's last day of June.
        ({"kind": "period", "first_day": "2026-07-01", "last_day": "2026-07-31"}, False),
        ({"kind": "period", "first_day": "2026-05-01", "last_day": "2026-05-30"}, True),
        ({"kind": "period", "first_day": "2026-07-02", "last_day": "2026-07-31"}, True),
    ],
)
@pytest.mark.parametrize(("since", "ages"), [(BEGINNING, True), (at("2026-06-20 00:00"), False)])
async def test_a_month_with_anything_that_is_held_keeps_its_numbers(
    clinic: Clinic, what: dict[str, str], since: datetime, *, ages: bool, goes: bool
) -> None:
    await a_report(clinic)
    if what["kind"] == "call":
        what = what | {"call_id": await ring(clinic, at("2026-06-01 00:00"))}
    ada, named = clinic.world.ada, {"client_id": clinic.client_id}
    held = await ada.post("/v1/legal-holds", {**named, "reason": "Matter 12/2026", **what})
    assert held.status == 201, held

    await forget_numbers(clinic, since, at("2026-08-20 00:00"), ages=ages)
    (row,) = await made(clinic)
    assert (row["figures"] is None) is goes
    hold_id = held.json["hold"]["hold_id"]
    await ada.post(f"/v1/legal-holds/{hold_id}/release?client_id={clinic.client_id}", {})
    await forget_numbers(clinic, since, at("2026-08-20 00:00"), ages=ages)
    (row,) = await made(clinic)
    assert row["figures"] is None


def test_changes_are_said_in_words() -> None:
    known = ((2, 1, 1.0), (1, 2, -0.5), (0, 0, None))
    said = [change(Kpi(value=now, previous=before, change=by)) for now, before, by in known]
    assert said == ["+100 %", "\u221250 %", "no change"]
    assert change(Kpi(value=2, previous=0, change=None)) == "new"
    assert named("2026-06") == "June 2026"
