"""What happened, in words: each action as the catalogue's sentence, each reason as a phrase.

The one thing a newcomer would get wrong: an action that the catalogue does not know is still shown, in words
made of its own name; nothing in a log is ever hidden because nobody wrote a text for it.
"""

from __future__ import annotations

import re
from typing import Final

from aidial_contract.audit_actions import ACTIONS
from aidial_contract.shapes.audit import PRESETS
from aidial_portal.design.filters import label

SIGNED_OUT: Final = "Signed out"
REASONS: Final = {
    "absolute": "It had reached its longest length.",
    "backchannel_logout": "They signed out at the sign-in service.",
    "concurrent_limit": "Too many sessions were open at once.",
    "idle": "Nobody had used it for a while.",
    "refresh_refused": "The sign-in service no longer vouched for it.",
    "replaced": "A newer sign-in took its place.",
    "revoked_by_administrator": "Whoever manages the users ended it.",
    "revoked_by_owner": "They ended it from another session of theirs.",
}
PRESET_NAMES: Final = {
    "settings": "Settings changes",
    "support": "Support tickets",
    "security": "Sign-ins and security",
    "billing": "Billing",
    "calls": "Calls",
    "privacy": "Data and privacy",
    "sensitive_reads": "Sensitive reads",
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
    "incident": "Incident",
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
        return known.sentence
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
