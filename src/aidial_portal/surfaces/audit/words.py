"""What happened, in words: each action as a sentence without its subject, each reason as a phrase.

The one thing a newcomer would get wrong: an action without a sentence here is still shown, in words made of
its own name; nothing in a log is ever hidden because nobody wrote a text for it.
"""

from __future__ import annotations

import re
from typing import Final

from aidial_contract.shapes.audit import PRESETS
from aidial_portal.design.filters import label

ACTIONS: Final = {
    "api_keys.key.created": "Created an API key",
    "api_keys.key.revoked": "Revoked an API key",
    "api_keys.key.rotated": "Rotated an API key",
    "audit.viewed": "Opened the activity log",
    "billing.account.opened": "Started billing",
    "billing.adjustment.added": "Added an adjustment to an invoice",
    "billing.discount.added": "Added a discount",
    "billing.invoice.downloaded": "Downloaded an invoice",
    "billing.invoice.issued": "Issued an invoice",
    "billing.invoice.paid": "Noted that an invoice was paid",
    "billing.payment_portal.opened": "Opened the payment portal",
    "billing.recipients.updated": "Changed who is sent invoices",
    "calls.call.delivered": "Delivered a call",
    "calls.call.stalled": "Marked a call that never reported its end",
    "calls.call.updated": "Reported progress of a call",
    "calls.views.updated": "Changed their saved views of calls",
    "calls.exported": "Exported calls",
    "calls.transcript.downloaded": "Downloaded a transcript",
    "calls.turns.appended": "Added turns to a live call",
    "entitlements.entitlement.updated": "Changed what the plan includes",
    "recordings.download.granted": "Downloaded a recording",
    "recordings.playback.granted": "Opened a recording",
    "recordings.recording.replaced": "Uploaded another recording of a call",
    "recordings.recording.uploaded": "Uploaded a call's recording",
    "governance.hold.placed": "Placed a legal hold",
    "governance.hold.released": "Released a legal hold",
    "governance.policy.updated": "Changed how long data is kept",
    "governance.retention.completed": "Deleted what was older than the policy keeps",
    "service_accounts.account.registered": "Let a program act for the business",
    "service_accounts.account.revoked": "Revoked a service account",
    "sessions.backchannel_logout.received": "Heard of a sign-out from the sign-in service",
    "sessions.person.bound": "Signed in for the first time",
    "sessions.session.created": "Signed in",
    "sessions.session.expired": "Ended a session that had run out",
    "sessions.session.revoked": "Ended a session",
    "sessions.session.tokens_renewed": "Renewed a sign-in",
    "support.comment.added": "Commented on a support ticket",
    "support.ticket.created": "Opened a support ticket",
    "support.ticket.updated": "Changed a support ticket",
    "settings.ip_allowlist.updated": "Changed the IP allowlist",
    "settings.tenant_settings.updated": "Changed the tenant settings",
    "unlocks.unlock.approved": "Approved an unlock of personal details",
    "unlocks.unlock.declined": "Declined an unlock of personal details",
    "unlocks.unlock.relocked": "Locked personal details again",
    "unlocks.unlock.requested": "Asked to unlock personal details",
    "unlocks.unlock.revealed": "Looked at personal details",
    "workspace.draft.saved": "Saved a project's draft",
    "workspace.version.published": "Published a project's draft",
}
"""By action. A subject stands in front, in its own column."""

SIGNED_OUT: Final = "Signed out"
REASONS: Final = {
    "absolute": "It had reached its longest length.",
    "backchannel_logout": "They signed out at the sign-in service.",
    "concurrent_limit": "Too many sessions were open at once.",
    "idle": "Nobody had used it for a while.",
    "refresh_refused": "The sign-in service no longer vouched for it.",
    "replaced": "A newer sign-in took its place.",
    "revoked_by_owner": "They ended it from another session of theirs.",
}
PRESET_NAMES: Final = {
    "settings": "Settings changes",
    "support": "Support tickets",
    "security": "Security activity",
    "billing": "Billing",
    "calls": "Calls",
    "privacy": "Data and privacy",
}
TARGETS: Final = {
    "api_key": "API key",
    "audit_log": "Activity log",
    "billing_account": "Billing account",
    "call": "Call",
    "call_views": "Saved views",
    "invoice": "Invoice",
    "legal_hold": "Legal hold",
    "identity": "Identity",
    "project": "Project",
    "retention_receipt": "Retention receipt",
    "service_account": "Service account",
    "session": "Session",
    "ticket": "Support ticket",
    "settings": "Settings",
    "user": "Person",
}

_CODE: Final = re.compile(r"[a-z0-9_]+")
_SURFACE_AND_WHAT: Final = 2


def sentence(action: str, why: str | None = None) -> str:
    """What was done, such as `Delivered a call`; `Settings, call limits: updated` when nobody wrote one."""
    if action == "sessions.session.revoked" and why == "signed_out":
        return SIGNED_OUT
    known = ACTIONS.get(action)
    if known is not None:
        return known
    *about, verb = (part.replace("_", " ") for part in action.split("."))
    return f"{', '.join(about).capitalize()}: {verb}" if about else verb.capitalize()


def reason(why: str | None) -> str | None:
    """Why, in words: a code as a phrase, a person's own words as they are."""
    if why is None or why == "signed_out":
        return None
    return REASONS.get(why) or (label(why) if _CODE.fullmatch(why) else why)


def target_name(kind: str | None) -> str:
    """What an event was about."""
    return TARGETS.get(kind or "") or label(kind, "Target")


def actions_of(preset: str) -> tuple[str, ...]:
    """The known actions of an area, all without one, by their words."""
    prefixes = PRESETS.get(preset, ("",))
    return tuple(sorted((one for one in ACTIONS if one.startswith(prefixes)), key=sentence))
