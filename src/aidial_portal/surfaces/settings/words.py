"""What each section is called and what it is for.

The one thing a newcomer would get wrong: the labels of its fields are in its template, `<kind>.html`.
"""

from __future__ import annotations

from typing import Final

from aidial_portal.design.calendars import CALENDARS
from aidial_portal.words import N_

TITLES: Final = {
    "tenant-settings": (
        N_("Organisation"),
        N_("What your organisation is called here, how times are shown, and whom AiDial writes to."),
    ),
    "ip-allowlist": (
        N_("IP allowlist"),
        N_(
            "The networks that may reach your organisation's data:"
            " your people, your partner and your API keys."
        ),
    ),
    "session-policy": (
        N_("Session limits"),
        N_(
            "How long people stay signed in, and on how many devices."
            " AiDial's own limits count where stricter."
        ),
    ),
    "business-hours": (
        N_("Opening hours"),
        N_("When your line is open. Outside these hours the agent answers as after hours."),
    ),
    "transfer-settings": (
        N_("Transfers"),
        N_("Whether callers are handed over to a person after hours, to whom, and what the agent says."),
    ),
    "compliance-copy": (
        N_("Consent notice"),
        N_("What callers are told about recording and transcripts, and what they are asked."),
    ),
    "call-limits": (
        N_("Call handling"),
        N_("What callers hear first, whether they may speak over it, and how long a call may last."),
    ),
    "transfer-alerts": (
        N_("Transfer alerts"),
        N_("Who is told when nobody takes over a call that was handed over."),
    ),
    "notifications": (
        N_("Notifications"),
        N_("What your people are sent after each call of a phone line. Both are off until you turn them on."),
    ),
    "reports": (
        N_("Reports"),
        N_("A summary of each month by e-mail, and what your organisation's people were sent."),
    ),
}
"""By slug: the heading, and a sentence."""

CHOICES: Final = {
    "mode": {"close": N_("Close"), "regular": N_("Follow the weekday\u2019s hours")},
    "calendar": CALENDARS,
}
"""By member: what each value that can be chosen is called."""

NONE: Final = {
    **dict.fromkeys(("recordings_days", "transcripts_days", "analytics_days"), N_("Kept")),
    **dict.fromkeys(("idle_minutes", "absolute_hours", "concurrent_sessions"), N_("AiDial\u2019s own limit")),
}
"""By member: what no value means, where it is more than nothing."""

FIELDS: Final = {
    "tenant-settings": {
        "display_name": N_("Name"),
        "timezone": N_("Time zone"),
        "regional_format": N_("Regional format"),
        "billing_contact": N_("Billing contact"),
        "security_contact": N_("Security contact"),
        "staff_may_play_recordings": N_("Staff may play recordings"),
    },
    "ip-allowlist": {"enabled": N_("Answer only the networks on the list"), "entries": N_("Networks")},
    "session-policy": {
        "idle_minutes": N_("Minutes without use"),
        "absolute_hours": N_("Hours since sign-in"),
        "concurrent_sessions": N_("Devices at once"),
    },
    "business-hours": {
        "weekly/mon": N_("Monday"),
        "weekly/tue": N_("Tuesday"),
        "weekly/wed": N_("Wednesday"),
        "weekly/thu": N_("Thursday"),
        "weekly/fri": N_("Friday"),
        "weekly/sat": N_("Saturday"),
        "weekly/sun": N_("Sunday"),
        "mode": N_("On public holidays"),
        "calendar": N_("Calendar"),
        "days": N_("Special days"),
    },
    "call-limits": {
        "greeting": N_("Welcome message"),
        "interruptible": N_("Callers may speak over it"),
        "max_duration_minutes": N_("Longest call, minutes"),
    },
    "compliance-copy": {"template_revision": N_("Template"), "appendix": N_("Your own words after it")},
    "transfer-settings": {
        "after_hours": N_("Hand callers over after hours"),
        "destination_revision": N_("Destination"),
        "warmup_message": N_("To the person who answers"),
        "handoff_message": N_("To the caller"),
    },
    "transfer-alerts": {"alerts/": N_("Told of transfers to")},
    "notifications": {
        "email_transcript/enabled": N_("Transcript by e-mail"),
        "email_transcript/mask": N_("Personal details masked in it"),
        "email_transcript/recipients": N_("E-mail addresses"),
        "sms_summary/enabled": N_("Summary by SMS"),
        "sms_summary/recipients": N_("Mobile numbers"),
    },
    "data-governance": {
        "recordings_days": N_("Recordings, days"),
        "transcripts_days": N_("Transcripts, days"),
        "analytics_days": N_("Dashboard numbers, days"),
        "unlocks_need_approval": N_("A second administrator approves each unlock"),
    },
    "entitlements": {
        "recording_download": N_("Download of recordings"),
        "api_key_management": N_("Management of API keys"),
    },
    "reports": {
        "monthly_summary/enabled": N_("Monthly summary by e-mail"),
        "monthly_summary/recipients": N_("E-mail addresses"),
    },
}
"""By slug and member, as the API names it: what it is called in a history.

One that ends in a slash stands for every member below it, whose own name follows it.
"""
