"""Files made of calls: the columns of an export, the kinds of a transcript's file.

The one thing a newcomer would get wrong: a column's place is part of the promise, so add at the end of a
group; and a sensitive column is only ever there because somebody asked for it by name.
"""

from __future__ import annotations

from typing import Final

CSV: Final = "text/csv"
TRANSCRIPT_FORMATS: Final = {"txt": "text/plain", "pdf": "application/pdf"}
"""Media types by the value of `format`."""

METADATA_COLUMNS: Final = (
    "call_id",
    "external_id",
    "project_id",
    "started_at",
    "answered_at",
    "ended_at",
    "duration_seconds",
    "status",
    "end_reason",
    "channel",
    "direction",
    "from_number",
    "to_number",
    "agent_id",
    "agent_name",
    "outcome",
    "resolution",
    "call_type",
    "sentiment_caller",
    "sentiment_agent",
    "attention",
    "booking",
    "transfer",
    "follow_up",
    "sms_status",
    "email_status",
    "message_count",
    "transcript_state",
)
"""For everybody who may export; numbers as the reader's role may see them."""

FULL_COLUMNS: Final = (
    "agent_config_version",
    "consent_state",
    "booking_at",
    "transfer_destination",
    "transfer_result",
    "follow_up_due_at",
    "cost_amount_minor",
    "cost_currency",
)
"""Besides, for whoever holds the whole permission."""

SENSITIVE_COLUMNS: Final = {
    "summary": "Summary",
    "attention_reason": "Why it needs attention",
    "booking_notes": "Booking reference and notes",
    "follow_up_note": "Follow-up note",
    "metadata": "Metadata of the call",
}
"""Only when named in `include`, which is recorded; what a person reads by the column's name."""

READABLE_STATES: Final = ("available", "truncated", "incomplete")
"""Of a transcript that can be downloaded; every other state is 409 `state_conflict`."""
