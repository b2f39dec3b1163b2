"""The list's filters as rows: query parameter, its meaning, and the condition it puts on a call.

The one thing a newcomer would get wrong: a condition names a column and a place, never a value.
"""

from __future__ import annotations

from typing import get_args

from aidial_contract.access import Permission
from aidial_contract.query import Kind, QueryParam
from aidial_contract.shapes.calls import STATUSES, Channel, Direction, Feeling

SORTS = ("-started_at", "started_at", "-duration", "duration")
PRESENCE = ("yes", "no")
DEFAULT_LIMIT = 20
MAX_LIMIT = 100

SCOPE_PARAMS = (
    QueryParam("project_id", Kind.ID, "Only calls of this project."),
    QueryParam("client_id", Kind.ID, "Only calls of this client."),
)
PERIOD_PARAMS = (
    QueryParam("from", Kind.MOMENT, "The first day (in the project's zone), or the earliest start."),
    QueryParam("to", Kind.MOMENT, "The last day (in the project's zone), or the latest start; included."),
)
FILTERS: dict[QueryParam, str] = {
    QueryParam("status", Kind.CHOICES, "Any of these statuses.", STATUSES): "c.status = any({}::text[])",
    QueryParam("outcome", Kind.TEXTS, "Any of these outcomes."): "c.outcome = any({}::text[])",
    QueryParam(
        "sentiment", Kind.CHOICES, "How the caller felt.", get_args(Feeling)
    ): "c.sentiment_caller = any({}::text[])",
    QueryParam("resolution", Kind.TEXTS, "Any of these resolutions."): "c.resolution = any({}::text[])",
    QueryParam("type", Kind.TEXTS, "Any of these call types."): "c.call_type = any({}::text[])",
    QueryParam("agent", Kind.TEXTS, "Any of these agents' ids."): "c.agent_id = any({}::text[])",
    QueryParam(
        "channel", Kind.CHOICES, "Any of these channels.", get_args(Channel)
    ): "c.channel = any({}::text[])",
    QueryParam(
        "direction", Kind.CHOICES, "Inbound or outbound.", get_args(Direction)
    ): "c.direction = any({}::text[])",
    QueryParam("sms_status", Kind.TEXTS, "Any of these SMS states."): "c.sms_status = any({}::text[])",
    QueryParam("email_status", Kind.TEXTS, "Any of these e-mail states."): "c.email_status = any({}::text[])",
    QueryParam(
        "attention", Kind.CHOICE, "Whether a person should look.", PRESENCE
    ): "c.attention_flag = ({}::text = 'yes')",
    QueryParam(
        "booking", Kind.CHOICE, "Whether an appointment was made.", PRESENCE
    ): "(c.booking IS NOT NULL) = ({}::text = 'yes')",
    QueryParam(
        "transfer", Kind.CHOICE, "Whether it was handed over.", PRESENCE
    ): "(c.transfer IS NOT NULL) = ({}::text = 'yes')",
    QueryParam(
        "follow_up", Kind.CHOICE, "Whether something is left to do.", PRESENCE
    ): "(c.follow_up IS NOT NULL) = ({}::text = 'yes')",
    QueryParam(
        "min_duration", Kind.WHOLE, "At least so many seconds.", most=86_400
    ): "c.duration_seconds >= {}::integer",
    QueryParam(
        "max_duration", Kind.WHOLE, "At most so many seconds.", most=86_400
    ): "c.duration_seconds <= {}::integer",
}
CALLER = QueryParam(
    "caller",
    Kind.TEXT,
    "The caller's whole number, or its last 3 or more digits; needs project_id.",
    permission=Permission.CALLS_SEARCH_CALLER,
    requires="project_id",
)
PAGE_PARAMS = (
    QueryParam("sort", Kind.CHOICE, "Newest first unless said.", SORTS, default="-started_at"),
    QueryParam("limit", Kind.WHOLE, "Calls a page.", least=1, most=MAX_LIMIT, default=DEFAULT_LIMIT),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
LIST_PARAMS = (*SCOPE_PARAMS, *PERIOD_PARAMS, *FILTERS, CALLER, *PAGE_PARAMS)
