"""A month's report and a message to somebody, in words.

The one thing a newcomer would get wrong: a customer is told what they can mend. Of the rest they learn that
it failed; AiDial's own people see why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_portal.design.context import DeliveryShown, MonthShown
from aidial_portal.design.filters import count, month, share
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from aidial_contract.shapes.analytics import Kpi
    from aidial_contract.shapes.reports import Delivery, MonthlyReport

_KINDS: Final = {
    "call_transcript": N_("Transcript of a call"),
    "call_summary": N_("Summary of a call"),
    "monthly_report": N_("Monthly summary"),
    "transfer_failed": N_("Failed transfer"),
}
_FAILURES: Final = {
    "recipient_refused": N_("The mail server knows no such address. Check it and save it again."),
    "bad_address": N_("Mail cannot go to this address. Check it and save it again."),
    "not_supported": N_("The mail server cannot take this address. Use another one."),
    "nothing_to_send": N_("There was nothing left to tell: what it was about had been deleted."),
    "refused": N_("The mail server refused it."),
    "unreachable": N_("The mail server did not answer."),
    "too_slow": N_("The mail server took too long."),
}
_OURS: Final = N_("It could not be sent. AiDial's own people see why.")
_FAILED: Final = frozenset({"failed", "gave_up"})
_PERCENT: Final = 100


def shown_month(report: MonthlyReport) -> MonthShown:
    """A row of the last months."""
    calls, missed = report.kpis["total_calls"], report.kpis["missed_calls"]
    return MonthShown(
        name=month(report.month),
        calls=count(calls.value),
        changed=_changed(calls),
        missed=count(missed.value),
        url=f"/api/reports/{report.report_id}/pdf",
    )


def _changed(kpi: Kpi) -> str:
    if kpi.change is None:
        return _("No change") if kpi.value == kpi.previous else _("New")
    if not kpi.change:
        return _("No change")
    by = share(abs(kpi.change) * _PERCENT)
    return _("Up {share}").format(share=by) if kpi.change > 0 else _("Down {share}").format(share=by)


def shown_delivery(one: Delivery) -> DeliveryShown:
    """A row of what was sent."""
    is_report = one.kind == "monthly_report"
    name = _(_KINDS[one.kind])
    return DeliveryShown(
        what=_("{kind}, {month}").format(kind=name, month=month(one.month)) if one.month else name,
        url="" if is_report else f"/calls?expand={one.about_id}",
        line=one.project_name or "",
        recipient=one.recipient,
        state=one.state,
        at=one.sent_at or one.created_at,
        attempts=one.attempts,
        again_at=one.next_attempt_at if one.state == "failed" else None,
        why=_why(one.failure) if one.failure and one.state in _FAILED else "",
    )


def _why(failure: str) -> str:
    """By the whole word, or by what stands before the server's code: `recipient_refused_550`."""
    return _(_FAILURES.get(failure) or _FAILURES.get(failure.rpartition("_")[0]) or _OURS)
