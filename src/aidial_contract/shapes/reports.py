"""`reports` on the wire: who is sent the monthly summary, the months' reports, and what was sent to whom.

The one thing a newcomer would get wrong: recipients are whole for whoever edits them alone. A summary has
them masked, a history has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, field

from aidial_contract.addresses import is_address
from aidial_contract.fault import FieldError
from aidial_contract.shapes.analytics import Kpi
from aidial_contract.shapes.common import Incoming, Label, Outgoing, Time, Uuid
from aidial_contract.shapes.settings import Address, ExpectedVersion, SettingsDocument, SettingsProject

MOST_RECIPIENTS: Final = 20
DELIVERY_KINDS: Final = ("call_transcript", "call_summary", "monthly_report", "transfer_failed")


class MonthlySummary(Outgoing):
    """A PDF of the month before by e-mail, at the beginning of each month."""

    enabled: bool
    recipients: list[Address]


class Reports(Outgoing):
    """`reports`: off until somebody turns it on."""

    monthly_summary: MonthlySummary


class NewMonthlySummary(Incoming):
    """What a save takes of the monthly summary."""

    enabled: bool
    recipients: Annotated[list[Address], Meta(max_length=MOST_RECIPIENTS)] = field(default_factory=list)


class NewReports(Incoming):
    """What a save of `reports` takes: the whole value."""

    monthly_summary: NewMonthlySummary


class ReportsReach(Outgoing):
    """Whether e-mail gets to anybody; false: it is kept and brought to nobody."""

    email: bool


class ReportsDocument(SettingsDocument, kw_only=True):
    """`GET /v1/settings/reports`. `mode` is `history` for who sees what was sent, and sets nothing."""

    reaches: ReportsReach

    working: Reports
    published: Reports


class PortalReports(ReportsDocument, kw_only=True):
    """`GET /api/settings/reports`; `projects` is empty where a section is not per project."""

    projects: list[SettingsProject]


class ReportsChange(Incoming):
    """`PUT /v1/settings/reports`."""

    value: NewReports
    expected_version: ExpectedVersion | None = None


class PortalReportsChange(ReportsChange, kw_only=True):
    """`PUT /api/settings/reports`; a `project_ref` must be one's own, and changes nothing."""

    project_ref: Label | None = None


class MonthlyReport(Outgoing):
    """A month's report. `month` is `2026-10`, of the clocks of `timezone`; `kpis` are the dashboard's."""

    report_id: Uuid
    month: str
    timezone: str
    made_at: Time
    kpis: dict[str, Kpi]


class MonthlyReportList(Outgoing):
    """`GET /v1/reports`, the newest month first."""

    reports: list[MonthlyReport]
    next_cursor: str | None


class Delivery(Outgoing):
    """A message to somebody. `recipient` is masked; `about_id` is the call or report it tells of.

    `project_id` is null for what is about the whole tenant. `kept`: nothing is set up that sends, so nobody
    got it. `failed` is tried again at `next_attempt_at`; `gave_up` is not. `failure` says in a word why the
    last try failed.
    """

    delivery_id: Uuid
    kind: Literal["call_transcript", "call_summary", "monthly_report", "transfer_failed"]
    channel: Literal["email", "sms"]
    project_id: Uuid | None
    project_name: str | None
    about_id: Uuid
    month: str | None
    recipient: str
    state: Literal["queued", "sent", "kept", "failed", "gave_up"]
    attempts: int
    failure: str | None
    created_at: Time
    next_attempt_at: Time | None
    sent_at: Time | None


class DeliveryList(Outgoing):
    """`GET /v1/deliveries`, the newest first."""

    deliveries: list[Delivery]
    next_cursor: str | None


def reports_rules(body: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """Recipients that can be some, each once; and nothing is on without anybody to get it."""
    value = body.get("value") if isinstance(body, dict) else None
    card = value.get("monthly_summary") if isinstance(value, dict) else None
    place = "/value/monthly_summary/recipients"
    recipients = card.get("recipients", []) if isinstance(card, dict) else None
    if not isinstance(recipients, list) or place in failed:
        return
    if not recipients and isinstance(card, dict) and card.get("enabled") is True:
        yield FieldError(place, "required")
    seen = set()
    for index, text in enumerate(recipients):
        one = f"{place}/{index}"
        if not isinstance(text, str) or one in failed:
            continue
        if not is_address(text):
            yield FieldError(one, "format")
        elif text.casefold() in seen:
            yield FieldError(one, "repeated")
        seen.add(text.casefold())
