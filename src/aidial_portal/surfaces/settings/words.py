"""What each section is called and what it is for.

The one thing a newcomer would get wrong: the labels of its fields are in its template, `<kind>.html`.
"""

from __future__ import annotations

from typing import Final

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
    "notifications": (
        "Notifications",
        "What your people are sent after each call of a phone line. Both are off until you turn them on.",
    ),
}
"""By slug: the heading, and a sentence."""
