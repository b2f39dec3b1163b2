"""What each section is called and what it is for.

The one thing a newcomer would get wrong: the labels of its fields are in its template, `<kind>.html`.
"""

from __future__ import annotations

from typing import Final

from aidial_portal.design.calendars import CALENDARS

TITLES: Final = {
    "tenant-settings": (
        "Organisation",
        "What your organisation is called here, how times are shown, and whom AiDial writes to.",
    ),
    "ip-allowlist": (
        "IP allowlist",
        "The networks that may reach your organisation's data: your people, your partner and your API keys.",
    ),
    "session-policy": (
        "Session limits",
        "How long people stay signed in, and on how many devices. AiDial's own limits count where stricter.",
    ),
    "business-hours": (
        "Opening hours",
        "When your line is open. Outside these hours the agent answers as after hours.",
    ),
    "transfer-settings": (
        "Transfers",
        "Whether callers are handed over to a person after hours, to whom, and what the agent says.",
    ),
    "compliance-copy": (
        "Consent notice",
        "What callers are told about recording and transcripts, and what they are asked.",
    ),
    "call-limits": (
        "Call handling",
        "What callers hear first, whether they may speak over it, and how long a call may last.",
    ),
    "transfer-alerts": (
        "Transfer alerts",
        "Who is told when nobody takes over a call that was handed over.",
    ),
    "notifications": (
        "Notifications",
        "What your people are sent after each call of a phone line. Both are off until you turn them on.",
    ),
    "reports": (
        "Reports",
        "A summary of each month by e-mail, and what your organisation's people were sent.",
    ),
}
"""By slug: the heading, and a sentence."""

CHOICES: Final = {
    "mode": {"close": "Close", "regular": "Follow the weekday\u2019s hours"},
    "calendar": CALENDARS,
}
"""By member: what each value that can be chosen is called."""

FIELDS: Final = {
    "tenant-settings": {
        "display_name": "Name",
        "timezone": "Time zone",
        "regional_format": "Regional format",
        "billing_contact": "Billing contact",
        "security_contact": "Security contact",
        "staff_may_play_recordings": "Staff may play recordings",
    },
    "ip-allowlist": {"enabled": "Answer only the networks on the list", "entries": "Networks"},
    "session-policy": {
        "idle_minutes": "Minutes without use",
        "absolute_hours": "Hours since sign-in",
        "concurrent_sessions": "Devices at once",
    },
    "business-hours": {
        "weekly/mon": "Monday",
        "weekly/tue": "Tuesday",
        "weekly/wed": "Wednesday",
        "weekly/thu": "Thursday",
        "weekly/fri": "Friday",
        "weekly/sat": "Saturday",
        "weekly/sun": "Sunday",
        "mode": "On public holidays",
        "calendar": "Calendar",
        "days": "Special days",
    },
    "call-limits": {
        "greeting": "Welcome message",
        "interruptible": "Callers may speak over it",
        "max_duration_minutes": "Longest call, minutes",
    },
    "compliance-copy": {"template_revision": "Template", "appendix": "Your own words after it"},
    "transfer-settings": {
        "after_hours": "Hand callers over after hours",
        "destination_revision": "Destination",
        "warmup_message": "To the person who answers",
        "handoff_message": "To the caller",
    },
    "transfer-alerts": {"alerts/": "Told of transfers to"},
    "notifications": {
        "email_transcript/enabled": "Transcript by e-mail",
        "email_transcript/mask": "Personal details masked in it",
        "email_transcript/recipients": "E-mail addresses",
        "sms_summary/enabled": "Summary by SMS",
        "sms_summary/recipients": "Mobile numbers",
    },
    "reports": {
        "monthly_summary/enabled": "Monthly summary by e-mail",
        "monthly_summary/recipients": "E-mail addresses",
    },
}
"""By slug and member, as the API names it: what it is called in a history.

One that ends in a slash stands for every member below it, whose own name follows it.
"""
