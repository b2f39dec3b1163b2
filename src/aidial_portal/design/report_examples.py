"""Example contexts of the section `reports`: its months, and what was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from aidial_contract.shapes.reports import MonthlySummary, Reports, ReportsDocument, ReportsReach

from . import context as c

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW: Final = datetime(2026, 11, 22, 4, 5, tzinfo=UTC)
_ID: Final = "0193a5c0-0000-7000-8000-{:012d}"


def settings(mode: Literal["edit", "summary", "history"]) -> c.SettingsPage:
    """Give the section to whoever edits it, reads it masked, or sees only what was sent."""
    recipients = {"edit": ["practice@harbour-dental.example"], "summary": ["p...@harbour-dental.example"]}
    value = Reports(monthly_summary=MonthlySummary(enabled=True, recipients=recipients.get(mode, [])))
    return c.SettingsPage(
        sections=(
            c.SectionGroup(
                "Data and reports",
                (c.SectionLink("reports", "Reports", "/settings?section=reports", is_current=True),),
            ),
        ),
        kind="reports",
        title="Reports",
        about="What this section is for, in a sentence.",
        action="/api/settings/reports",
        history_url="/settings/reports/history",
        mode=mode,
        version=3,
        value=value,
        timezone="Australia/Sydney",
        now=NOW,
        your_address="203.0.113.9",
        counts={},
        changed_at=NOW - timedelta(days=2),
        changed_by="alice@harbour-dental.example",
        document=ReportsDocument(
            section="reports",
            mode=mode,
            version=3,
            publish_status="published",
            observed_at=None,
            last_changed=None,
            reaches=ReportsReach(email=False),
            working=value,
            published=value,
        ),
        reports=_parts(with_months=mode != "history"),
    )


def nothing_yet() -> c.SettingsPage:
    """Give the section to who has just come to it."""
    page = settings("edit")
    value = Reports(monthly_summary=MonthlySummary(enabled=False, recipients=[]))
    empty: dict[str, Any] = {"months": (), "deliveries": (), "older_months_url": "", "older_url": ""}
    return replace(page, value=value, reports=replace(_parts(with_months=True), **empty))


def _parts(*, with_months: bool) -> c.ReportsParts:
    changes = {"October 2026": "Up 9%", "September 2026": "No change", "August 2026": "New"}
    months = tuple(
        c.MonthShown(name, "1,712", changed, "12", f"/api/reports/{_ID.format(number)}/pdf")
        for number, (name, changed) in enumerate(changes.items())
    )
    return c.ReportsParts(
        months=months if with_months else None,
        older_months_url="/settings?section=reports&part=months&cursor=x" if with_months else "",
        newest_months_url="",
        deliveries=tuple(_deliveries()),
        filters=(c.Choice("All", url="/settings?section=reports", is_current=True),),
        is_narrowed=False,
        older_url="/settings?section=reports&cursor=x",
        newest_url="",
    )


def _deliveries() -> Sequence[c.DeliveryShown]:
    rows = (
        ("Monthly summary, October 2026", "sent", ""),
        ("Transcript of a call", "failed", "The mail server did not answer."),
        (
            "Transcript of a call",
            "gave_up",
            "The mail server knows no such address.",
        ),
        ("Summary of a call", "kept", ""),
        ("Transcript of a call", "queued", ""),
    )
    return [
        c.DeliveryShown(
            what=what,
            url=f"/calls?expand={_ID.format(9)}" if number else "",
            line="Reception" if number else "",
            recipient="+61 ... 156" if state == "kept" else "d...@harbour-dental.example",
            state=state,
            at=NOW - timedelta(hours=number),
            attempts=2 if why else 1,
            again_at=NOW + timedelta(minutes=10) if state == "failed" else None,
            why=why,
        )
        for number, (what, state, why) in enumerate(rows)
    ]
