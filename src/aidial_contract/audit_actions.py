"""The catalogue of audit events: every action there is, in words, and what writes it.

The one thing a newcomer would get wrong: an event without a row here is not written; it is a bug that ends
the request (`aidial_api.kernel.audit`). A new mutation or sensitive read adds its row here first, and
`docs/audit-events.md`, the portal's sentences and a generated test of every route come from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Sort(StrEnum):
    """What sort of thing happened."""

    CHANGE = "change"
    LOOK = "sensitive read"
    SIGN_IN = "sign-in"


CHANGE, LOOK, SIGN_IN = Sort.CHANGE, Sort.LOOK, Sort.SIGN_IN


@dataclass(frozen=True, slots=True)
class AuditAction:
    """One action. `sentence` is what the log says, a subject stands in front.

    `routes` are the rows of `/v1` whose success writes exactly one such event; `otherwise` says what else
    writes it.
    """

    action: str
    sentence: str
    sort: Sort
    routes: tuple[str, ...] = ()
    otherwise: str = ""


WORKER: Final = "the worker"
BILLING: Final = "`aidial billing`"

_ROWS: Final = (
    AuditAction(
        "account_exports.export.requested",
        "Asked for an account export",
        CHANGE,
        ("account_exports.create",),
    ),
    AuditAction(
        "account_exports.export.blocked",
        "Was refused an account export",
        CHANGE,
        (),
        "a request over the limits, and a download after access or policy changed",
    ),
    AuditAction(
        "account_exports.export.cancelled",
        "Cancelled an account export",
        CHANGE,
        ("account_exports.cancel",),
    ),
    AuditAction("account_exports.export.completed", "Finished an account export", CHANGE, (), WORKER),
    AuditAction("account_exports.export.failed", "Failed to make an account export", CHANGE, (), WORKER),
    AuditAction(
        "account_exports.export.downloaded",
        "Downloaded an account export",
        LOOK,
        ("account_exports.download",),
    ),
    AuditAction(
        "account_exports.export.expired", "Deleted the file of an account export", CHANGE, (), WORKER
    ),
    AuditAction(
        "api_keys.key.created", "Created an API key", CHANGE, ("api_keys.create",), "`aidial keys create`"
    ),
    AuditAction(
        "api_keys.key.revoked", "Revoked an API key", CHANGE, ("api_keys.revoke",), "`aidial keys revoke`"
    ),
    AuditAction("api_keys.key.rotated", "Rotated an API key", CHANGE, ("api_keys.rotate",)),
    AuditAction("audit.viewed", "Opened the activity log", LOOK, ("audit.list",)),
    AuditAction("billing.account.opened", "Started billing", CHANGE, (), BILLING),
    AuditAction("billing.adjustment.added", "Added an adjustment to an invoice", CHANGE, (), BILLING),
    AuditAction("billing.discount.added", "Added a discount", CHANGE, (), BILLING),
    AuditAction("billing.invoice.downloaded", "Downloaded an invoice", LOOK, ("billing.invoice_pdf",)),
    AuditAction("billing.invoice.issued", "Issued an invoice", CHANGE, (), WORKER),
    AuditAction("billing.invoice.paid", "Noted that an invoice was paid", CHANGE, (), BILLING),
    AuditAction(
        "billing.payment_portal.opened", "Opened the payment portal", LOOK, ("billing.payment_portal",)
    ),
    AuditAction(
        "billing.recipients.updated", "Changed who is sent invoices", CHANGE, ("billing.change_recipients",)
    ),
    AuditAction("calls.call.delivered", "Delivered a call", CHANGE, ("calls.create",)),
    AuditAction("calls.call.stalled", "Marked a call that never reported its end", CHANGE, (), WORKER),
    AuditAction("calls.call.updated", "Reported progress of a call", CHANGE, ("calls.change",)),
    AuditAction("calls.exported", "Exported calls", LOOK, ("calls.export",)),
    AuditAction(
        "calls.transcript.downloaded", "Downloaded a transcript", LOOK, ("calls.download_transcript",)
    ),
    AuditAction("calls.turns.appended", "Added turns to a live call", CHANGE, ("calls.append_turns",)),
    AuditAction(
        "service_accounts.account.registered",
        "Let a program act for the business",
        CHANGE,
        (),
        "`aidial service-accounts register`",
    ),
    AuditAction(
        "service_accounts.account.revoked",
        "Revoked a service account",
        CHANGE,
        (),
        "`aidial service-accounts revoke`",
    ),
    AuditAction(
        "sessions.second_factor.phone_given",
        "Gave a phone for codes by SMS",
        SIGN_IN,
        ("sessions.enrol_sms",),
    ),
    AuditAction(
        "sessions.backchannel_logout.received",
        "Heard of a sign-out from the sign-in service",
        SIGN_IN,
        ("sessions.backchannel_logout",),
    ),
    AuditAction(
        "sessions.person.bound",
        "Signed in for the first time",
        SIGN_IN,
        (),
        "the first `POST /v1/sessions` of a person, beside the session's own event",
    ),
    AuditAction("sessions.session.created", "Signed in", SIGN_IN, ("sessions.create",)),
    AuditAction("sessions.session.expired", "Ended a session that had run out", SIGN_IN, (), WORKER),
    AuditAction(
        "sessions.session.revoked",
        "Ended a session",
        SIGN_IN,
        (
            "sessions.revoke",
            "sessions.revoke_others",
            "sessions.revoke_of_user",
            "sessions.revoke_one_of_client",
            "sessions.sign_out",
        ),
        "one a session that ends: the oldest at a sign-in over the limit, those of a back-channel logout",
    ),
    AuditAction("sessions.session.tokens_renewed", "Renewed a sign-in", SIGN_IN, ("sessions.store_tokens",)),
    AuditAction(
        "settings.business_hours.updated",
        "Changed the opening hours",
        CHANGE,
        (
            "settings.business_hours.weekly.save",
            "settings.business_hours.public_holidays.save",
            "settings.business_hours.special_days.save",
        ),
    ),
    AuditAction(
        "settings.call_limits.updated",
        "Changed how calls are handled",
        CHANGE,
        ("settings.call_limits.save",),
    ),
    AuditAction(
        "settings.compliance_copy.updated",
        "Changed what callers are told about recording",
        CHANGE,
        ("settings.compliance_copy.save",),
    ),
    AuditAction(
        "settings.ip_allowlist.updated",
        "Changed the IP allowlist",
        CHANGE,
        ("settings.ip_allowlist.save",),
        "`aidial allowlist`",
    ),
    AuditAction(
        "settings.notifications.updated",
        "Changed who is told of calls",
        CHANGE,
        ("settings.notifications.save",),
        "the demo, when it is made",
    ),
    AuditAction("settings.profile.updated", "Changed their own profile", CHANGE, ("profile.save",)),
    AuditAction(
        "settings.reports.updated", "Changed who gets the monthly summary", CHANGE, ("settings.reports.save",)
    ),
    AuditAction(
        "settings.session_policy.updated",
        "Changed the session limits",
        CHANGE,
        ("settings.session_policy.save",),
    ),
    AuditAction(
        "settings.transfer_alerts.updated",
        "Changed who is told of failed transfers",
        CHANGE,
        ("settings.transfer_alerts.save",),
    ),
    AuditAction(
        "settings.transfer_settings.updated",
        "Changed how calls are handed over",
        CHANGE,
        ("settings.transfer_settings.save",),
    ),
    AuditAction(
        "settings.tenant_settings.updated",
        "Changed the tenant settings",
        CHANGE,
        ("settings.tenant_settings.save",),
    ),
    AuditAction("ops.jobs.retried", "Had a job that failed run again", CHANGE, ("ops.jobs.retry",)),
    AuditAction("ops.jobs.viewed", "Looked at the background jobs", LOOK, ("ops.jobs",)),
    AuditAction("ops.sessions.viewed", "Looked at everybody's live sessions", LOOK, ("ops.sessions",)),
    AuditAction("ops.tenants.viewed", "Looked at the list of tenants", LOOK, ("ops.tenants",)),
    AuditAction("ops.outbox.viewed", "Looked at the messages that were sent", LOOK, ("ops.outbox",)),
    AuditAction("ops.tickets.viewed", "Looked at the queue of support tickets", LOOK, ("ops.tickets",)),
    AuditAction("status.incident.published", "Published an incident", CHANGE, ("incidents.create",)),
    AuditAction("status.incident.updated", "Said how an incident goes on", CHANGE, ("incidents.change",)),
    AuditAction("support.comment.added", "Commented on a support ticket", CHANGE, ("tickets.comment",)),
    AuditAction("support.ticket.created", "Opened a support ticket", CHANGE, ("tickets.create",)),
    AuditAction("support.ticket.updated", "Changed a support ticket", CHANGE, ("tickets.change",)),
    AuditAction(
        "unlocks.unlock.approved", "Approved an unlock of personal details", CHANGE, ("unlocks.approve",)
    ),
    AuditAction(
        "unlocks.unlock.declined", "Declined an unlock of personal details", CHANGE, ("unlocks.relock",)
    ),
    AuditAction("unlocks.unlock.relocked", "Locked personal details again", CHANGE, ("unlocks.relock",)),
    AuditAction("unlocks.unlock.requested", "Asked to unlock personal details", CHANGE, ("unlocks.create",)),
    AuditAction("unlocks.unlock.revealed", "Looked at personal details", LOOK, ("unlocks.reveal",)),
    AuditAction(
        "entitlements.entitlement.updated",
        "Changed what the plan includes",
        CHANGE,
        ("entitlements.save",),
        "`aidial entitlements`",
    ),
    AuditAction(
        "entitlements.sms_codes.updated",
        "Changed whether codes by SMS may be used",
        CHANGE,
        (),
        "`aidial sms-codes`",
    ),
    AuditAction("recordings.download.granted", "Downloaded a recording", LOOK, ("recordings.download",)),
    AuditAction("recordings.playback.granted", "Opened a recording", LOOK, ("recordings.playback",)),
    AuditAction(
        "recordings.recording.replaced",
        "Uploaded another recording of a call",
        CHANGE,
        ("recordings.upload",),
    ),
    AuditAction(
        "recordings.recording.uploaded", "Uploaded a call's recording", CHANGE, ("recordings.upload",)
    ),
    AuditAction(
        "recordings.recording.withdrawn",
        "Had a recording deleted because it may not be kept",
        CHANGE,
        (),
        "turns that tell a card's security code, or whose redaction fails, after the recording came",
    ),
    AuditAction("reports.report.made", "Made the report of a month", CHANGE, (), WORKER),
    AuditAction("reports.report.sent", "Sent the report of a month to somebody", CHANGE, (), WORKER),
    AuditAction("reports.report.downloaded", "Downloaded the report of a month", LOOK, ("reports.pdf",)),
    AuditAction("deletions.request.submitted", "Asked for data to be deleted", CHANGE, ("deletions.create",)),
    AuditAction(
        "deletions.request.cancelled", "Took back a request to delete data", CHANGE, ("deletions.cancel",)
    ),
    AuditAction(
        "deletions.request.review_begun",
        "Began to review a request to delete data",
        CHANGE,
        ("deletions.review",),
    ),
    AuditAction(
        "deletions.request.approved", "Approved a request to delete data", CHANGE, ("deletions.review",)
    ),
    AuditAction(
        "deletions.request.rejected", "Rejected a request to delete data", CHANGE, ("deletions.review",)
    ),
    AuditAction("deletions.request.begun", "Began to delete what was approved", CHANGE, (), WORKER),
    AuditAction(
        "deletions.request.failed", "Could not finish a deletion that was approved", CHANGE, (), WORKER
    ),
    AuditAction("deletions.request.completed", "Deleted what was approved", CHANGE, (), WORKER),
    AuditAction("governance.hold.placed", "Placed a legal hold", CHANGE, ("governance.hold",)),
    AuditAction("governance.hold.released", "Released a legal hold", CHANGE, ("governance.release",)),
    AuditAction("governance.policy.updated", "Changed how long data is kept", CHANGE, ("governance.save",)),
    AuditAction(
        "governance.retention.completed", "Deleted what was older than the policy keeps", CHANGE, (), WORKER
    ),
    AuditAction("calls.views.updated", "Changed their saved views of calls", CHANGE, ("call_views.save",)),
    AuditAction(
        "workspace.draft.saved",
        "Saved a project's draft",
        CHANGE,
        ("workspace.profile.save", "workspace.taxonomy.save", "workspace.transfer-routing.save"),
    ),
    AuditAction("workspace.version.published", "Published a project's draft", CHANGE, ("workspace.publish",)),
)

ACTIONS: Final[dict[str, AuditAction]] = {row.action: row for row in _ROWS}
"""By action."""

UNRECORDED: Final[dict[str, str]] = {
    "recordings.fetch": "sends what was granted; the grant is the event",
    "recordings.play": "sends what was granted; the grant is the event",
    "billing.usage": "keeps what the billing provider said, to show it while the provider is away",
    "sessions.touch": "says that somebody is still there, once a minute, and changes nothing of theirs",
    "sessions.lease": "a five-second turn among the portal's processes; what comes of it is recorded",
}
"""Rows of `/v1` that write and leave no event, each with its reason."""

SENSITIVE_READS: Final = tuple(row.action for row in _ROWS if row.sort is LOOK)
