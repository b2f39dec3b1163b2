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
from aidial_portal.words import N_, _

SIGNED_OUT: Final = N_("Signed out")
REASONS: Final = {
    "absolute": N_("It had reached its longest length."),
    "backchannel_logout": N_("They signed out at the sign-in service."),
    "concurrent_limit": N_("Too many sessions were open at once."),
    "idle": N_("Nobody had used it for a while."),
    "refresh_refused": N_("The sign-in service no longer vouched for it."),
    "replaced": N_("A newer sign-in took its place."),
    "revoked_by_administrator": N_("Whoever manages the users ended it."),
    "revoked_by_owner": N_("They ended it from another session of theirs."),
}
PRESET_NAMES: Final = {
    "settings": N_("Settings changes"),
    "support": N_("Support tickets"),
    "security": N_("Sign-ins and security"),
    "billing": N_("Billing"),
    "calls": N_("Calls"),
    "privacy": N_("Data and privacy"),
    "sensitive_reads": N_("Sensitive reads"),
}
TARGETS: Final = {
    "api_key": N_("API key"),
    "audit_log": N_("Activity log"),
    "billing_account": N_("Billing account"),
    "call": N_("Call"),
    "call_views": N_("Saved views"),
    "invoice": N_("Invoice"),
    "legal_hold": N_("Legal hold"),
    "identity": N_("Identity"),
    "incident": N_("Incident"),
    "project": N_("Project"),
    "retention_receipt": N_("Retention receipt"),
    "service_account": N_("Service account"),
    "session": N_("Session"),
    "ticket": N_("Support ticket"),
    "settings": N_("Settings"),
    "user": N_("Person"),
}

_CODE: Final = re.compile(r"[a-z0-9_]+")
_SURFACE_AND_WHAT: Final = 2


def sentence(action: str, why: str | None = None) -> str:
    """What was done, such as `Delivered a call`; `Settings, call limits: updated` when nobody wrote one."""
    if action == "sessions.session.revoked" and why == "signed_out":
        return _(SIGNED_OUT)
    known = ACTIONS.get(action)
    if known is not None:
        return _(known.sentence)
    *about, verb = (part.replace("_", " ") for part in action.split("."))
    return f"{', '.join(about).capitalize()}: {verb}" if about else verb.capitalize()


def reason(why: str | None) -> str | None:
    """Why, in words: a code as a phrase, a person's own words as they are."""
    if why is None or why == "signed_out":
        return None
    if why in REASONS:
        return _(REASONS[why])
    return label(why) if _CODE.fullmatch(why) else why


def target_name(kind: str | None) -> str:
    """What an event was about."""
    known = TARGETS.get(kind or "")
    return _(known) if known else label(kind, _("Target"))


def actions_of(preset: str) -> tuple[str, ...]:
    """The known actions of an area, all without one, by their words."""
    prefixes = PRESETS.get(preset, ("",))
    return tuple(sorted((one for one in ACTIONS if one.startswith(prefixes)), key=sentence))
