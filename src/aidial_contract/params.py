"""The query parameters that portal and API both take, as rows: one list, read by both.

The one thing a newcomer would get wrong: a row says what a text may be, never how it is found; the
conditions on a call stand beside the API's statements.
"""

from __future__ import annotations

from typing import Final, get_args

from aidial_contract.access import Permission
from aidial_contract.limits import (
    ACCOUNT_EXPORTS_PAGE,
    API_KEYS_PAGE,
    AUDIT_PAGE,
    CALLS_PAGE,
    CALLS_PAGE_MAX,
    CLIENTS_PAGE,
    DELETIONS_PAGE,
    DELIVERIES_PAGE,
    INCIDENTS_PAGE,
    INVOICES_PAGE,
    LEGAL_HOLDS_PAGE,
    LIVE_SECONDS,
    OPS_PAGE,
    RECEIPTS_PAGE,
    REPORTS_PAGE,
    SETTINGS_HISTORY_PAGE,
    TICKETS_PAGE,
    UNLOCKS_PAGE,
    VERSIONS_PAGE,
)
from aidial_contract.query import Kind, QueryParam
from aidial_contract.shapes.account_exports import EXPORT_STATUSES
from aidial_contract.shapes.analytics import By, Interval
from aidial_contract.shapes.audit import OUTCOMES, PRESETS
from aidial_contract.shapes.billing import INVOICE_FILTERS
from aidial_contract.shapes.calls import STATUSES, Channel, Direction, Feeling
from aidial_contract.shapes.clients import LIFECYCLES
from aidial_contract.shapes.deletions import DELETION_STATES
from aidial_contract.shapes.downloads import SENSITIVE_COLUMNS, TRANSCRIPT_FORMATS
from aidial_contract.shapes.governance import CATEGORIES as CATEGORIES_KEPT
from aidial_contract.shapes.governance import LEAST_DAYS, MOST_DAYS
from aidial_contract.shapes.ops import CHANNELS, DELIVERY_STATES, JOB_STATES, TENANT_LIFECYCLES
from aidial_contract.shapes.recordings import SIDES
from aidial_contract.shapes.reports import DELIVERY_KINDS
from aidial_contract.shapes.status import INCIDENT_STATES
from aidial_contract.shapes.support import CATEGORIES, PRIORITIES, TICKET_STATUSES

SORTS: Final = ("-started_at", "started_at", "-duration", "duration")
PRESENCE: Final = ("yes", "no")
TICKET_SORTS: Final = ("newest", "oldest")
RANGE_DAYS: Final = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
"""How many whole days up to today a named range holds."""

SCOPE_PARAMS: Final = (
    QueryParam("project_id", Kind.ID, "Only calls of this project."),
    QueryParam("client_id", Kind.ID, "Only calls of this client."),
)
RANGE: Final = QueryParam(
    "range",
    Kind.CHOICE,
    "Whole days up to today (in the project's zone); not with `from` or `to`.",
    tuple(RANGE_DAYS),
)
PERIOD_PARAMS: Final = (
    QueryParam("from", Kind.MOMENT, "The first day (in the project's zone), or the earliest start."),
    QueryParam("to", Kind.MOMENT, "The last day (in the project's zone), or the latest start; included."),
)
CALL_FILTERS: Final = (
    QueryParam("status", Kind.CHOICES, "Any of these statuses.", STATUSES),
    QueryParam("outcome", Kind.TEXTS, "Any of these outcomes."),
    QueryParam("sentiment", Kind.CHOICES, "How the caller felt.", get_args(Feeling)),
    QueryParam("resolution", Kind.TEXTS, "Any of these resolutions."),
    QueryParam("type", Kind.TEXTS, "Any of these call types."),
    QueryParam("agent", Kind.TEXTS, "Any of these agents' ids."),
    QueryParam("channel", Kind.CHOICES, "Any of these channels.", get_args(Channel)),
    QueryParam("direction", Kind.CHOICES, "Inbound or outbound.", get_args(Direction)),
    QueryParam("sms_status", Kind.TEXTS, "Any of these SMS states."),
    QueryParam("email_status", Kind.TEXTS, "Any of these e-mail states."),
    QueryParam("attention", Kind.CHOICE, "Whether a person should look.", PRESENCE),
    QueryParam("booking", Kind.CHOICE, "Whether an appointment was made.", PRESENCE),
    QueryParam("transfer", Kind.CHOICE, "Whether it was handed over.", PRESENCE),
    QueryParam("follow_up", Kind.CHOICE, "Whether something is left to do.", PRESENCE),
    QueryParam("min_duration", Kind.WHOLE, "At least so many seconds.", most=86_400),
    QueryParam("max_duration", Kind.WHOLE, "At most so many seconds.", most=86_400),
)
CALLER: Final = QueryParam(
    "caller",
    Kind.TEXT,
    "The caller's whole number, or its last 3 to 9 digits; needs project_id.",
    permission=Permission.CALLS_SEARCH_CALLER,
    requires="project_id",
)
SEARCH: Final = QueryParam(
    "q",
    Kind.TEXT,
    "Every one of these words in the summary, in any form; the last may be the beginning of one. Needs"
    " project_id. What looks like private information is refused.",
    requires="project_id",
)
SORT: Final = QueryParam("sort", Kind.CHOICE, "Newest first unless said.", SORTS, default="-started_at")
PAGE_PARAMS: Final = (
    SORT,
    QueryParam("limit", Kind.WHOLE, "Calls a page.", least=1, most=CALLS_PAGE_MAX, default=CALLS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
CALL_LIST_PARAMS: Final = (*SCOPE_PARAMS, RANGE, *PERIOD_PARAMS, *CALL_FILTERS, CALLER, SEARCH, *PAGE_PARAMS)

CALL_LIVE_PARAMS: Final = (
    *SCOPE_PARAMS,
    *PERIOD_PARAMS,
    *CALL_FILTERS,
    QueryParam(
        "seconds",
        Kind.WHOLE,
        "After so many seconds the stream ends.",
        least=0,
        most=LIVE_SECONDS,
        default=LIVE_SECONDS,
    ),
)
SIDE: Final = QueryParam("side", Kind.CHOICE, "Whose voice: both unless said, or what there is.", SIDES)

CALL_EXPORT_PARAMS: Final = (
    QueryParam(
        "project_id", Kind.ID, "The project whose calls are exported: one has to be chosen.", chosen=True
    ),
    QueryParam("client_id", Kind.ID, "The project's client."),
    *PERIOD_PARAMS,
    *CALL_FILTERS,
    CALLER,
    SEARCH,
    SORT,
    QueryParam(
        "include",
        Kind.CHOICES,
        "Sensitive columns, by comma; needs reason.",
        tuple(SENSITIVE_COLUMNS),
        permission=Permission.CALLS_EXPORT_SENSITIVE,
        requires="reason",
    ),
    QueryParam("reason", Kind.TEXT, "Why it is exported; kept in the activity log."),
    QueryParam("bom", Kind.CHOICE, "Begin with a byte order mark, as Excel wants.", PRESENCE, default="no"),
)
TRANSCRIPT_DOWNLOAD_PARAMS: Final = (
    QueryParam("format", Kind.CHOICE, "The kind of file.", tuple(TRANSCRIPT_FORMATS), default="txt"),
)

ANALYTICS_PARAMS: Final = (
    QueryParam("range", Kind.CHOICE, "Whole days up to today; 7d unless said.", tuple(RANGE_DAYS)),
    QueryParam("from", Kind.MOMENT, "The first day (in the project's zone), or the start; with `to`."),
    QueryParam("to", Kind.MOMENT, "The last day (in the project's zone), or the end; included."),
    QueryParam("project_id", Kind.ID, "Only this project."),
    QueryParam("client_id", Kind.ID, "Only this client."),
)
TIMESERIES_PARAMS: Final = (
    *ANALYTICS_PARAMS,
    QueryParam(
        "interval",
        Kind.CHOICE,
        "A bar an hour (31 days at most), a day or a week; what fits the period unless said.",
        get_args(Interval),
    ),
)
MOST_KEYS: Final = 1_000
"""The most outcomes, agents, projects or clients in one answer."""
_KEYS_LIMIT: Final = QueryParam(
    "limit", Kind.WHOLE, "The commonest so many outcomes, agents, projects or clients.", (), 1, MOST_KEYS, 100
)
BREAKDOWN_PARAMS: Final = (
    *ANALYTICS_PARAMS,
    QueryParam("by", Kind.CHOICE, "What the period is broken down by.", get_args(By), default="outcome"),
    _KEYS_LIMIT,
)
BREAKDOWNS_PARAMS: Final = (
    *ANALYTICS_PARAMS,
    QueryParam("by", Kind.CHOICES, "Several breakdowns, by comma; outcome unless said.", get_args(By)),
    _KEYS_LIMIT,
)

AUDIT_PARAMS: Final = (
    QueryParam("from", Kind.MOMENT, "The first day (in the tenant's zone), or the earliest time."),
    QueryParam("to", Kind.MOMENT, "The last day (in the tenant's zone), or the latest time; included."),
    QueryParam("preset", Kind.CHOICE, "Only this area of the business.", tuple(PRESETS)),
    QueryParam("action", Kind.TEXTS, "Any of these actions, in full."),
    QueryParam("actor", Kind.TEXT, "Only what this actor did: an id of `/v1/audit-events/actors`."),
    QueryParam("outcome", Kind.CHOICES, "Any of these results.", OUTCOMES),
    QueryParam("project_id", Kind.ID, "Only events of this project."),
    QueryParam("limit", Kind.WHOLE, "Events a page.", least=1, most=CALLS_PAGE_MAX, default=AUDIT_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)

CLIENT_LIST_PARAMS: Final = (
    QueryParam("q", Kind.TEXT, "Only clients whose id, name or web domain holds this."),
    QueryParam("lifecycle", Kind.CHOICES, "Any of these states.", LIFECYCLES),
    QueryParam("limit", Kind.WHOLE, "Clients a page.", least=1, most=CALLS_PAGE_MAX, default=CLIENTS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
CLIENT: Final = QueryParam("client_id", Kind.ID, "The client it is about.")
API_KEY_LIST_PARAMS: Final = (
    CLIENT,
    QueryParam("limit", Kind.WHOLE, "Keys a page.", least=1, most=CALLS_PAGE_MAX, default=API_KEYS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
VERSION_LIST_PARAMS: Final = (
    QueryParam("limit", Kind.WHOLE, "Versions a page.", least=1, most=CALLS_PAGE_MAX, default=VERSIONS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
SETTINGS_HISTORY_PARAMS: Final = (
    QueryParam(
        "limit", Kind.WHOLE, "Changes a page.", least=1, most=CALLS_PAGE_MAX, default=SETTINGS_HISTORY_PAGE
    ),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
CLIENT_HISTORY_PARAMS: Final = (CLIENT, *SETTINGS_HISTORY_PARAMS)

RETENTION_PARAMS: Final = (
    CLIENT,
    *(
        QueryParam(
            f"{category}_days",
            Kind.WHOLE,
            f"Days {category} would be kept; for ever when left out.",
            least=LEAST_DAYS,
            most=MOST_DAYS,
        )
        for category in CATEGORIES_KEPT
    ),
)
HOLD_LIST_PARAMS: Final = (
    CLIENT,
    QueryParam("limit", Kind.WHOLE, "Holds a page.", least=1, most=CALLS_PAGE_MAX, default=LEGAL_HOLDS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
RECEIPT_LIST_PARAMS: Final = (
    CLIENT,
    QueryParam("limit", Kind.WHOLE, "Receipts a page.", least=1, most=CALLS_PAGE_MAX, default=RECEIPTS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
ACCOUNT_EXPORT_PARAMS: Final = (
    QueryParam("status", Kind.CHOICES, "Any of these states.", EXPORT_STATUSES),
    QueryParam(
        "limit", Kind.WHOLE, "Exports a page.", least=1, most=CALLS_PAGE_MAX, default=ACCOUNT_EXPORTS_PAGE
    ),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
DELETION_PARAMS: Final = (
    CLIENT,
    QueryParam("state", Kind.CHOICES, "Any of these states.", DELETION_STATES),
    QueryParam("limit", Kind.WHOLE, "Requests a page.", least=1, most=CALLS_PAGE_MAX, default=DELETIONS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
UNLOCK_LIST_PARAMS: Final = (
    QueryParam("limit", Kind.WHOLE, "Unlocks a page.", least=1, most=CALLS_PAGE_MAX, default=UNLOCKS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)

TICKET_CLIENT: Final = QueryParam(
    "client_id", Kind.ID, "Only this client's; those who answer say whose ticket they mean."
)
TICKET_PARAMS: Final = (
    QueryParam("status", Kind.CHOICES, "Any of these statuses.", TICKET_STATUSES),
    QueryParam("priority", Kind.CHOICES, "Any of these priorities.", PRIORITIES),
    QueryParam("category", Kind.CHOICES, "Any of these categories.", CATEGORIES),
    QueryParam("q", Kind.TEXT, "Only tickets whose subject holds this, in either case."),
    QueryParam("project_id", Kind.ID, "Only tickets about this project."),
    TICKET_CLIENT,
    QueryParam("limit", Kind.WHOLE, "Tickets a page.", least=1, most=CALLS_PAGE_MAX, default=TICKETS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
TICKET_SHOW_PARAMS: Final = (
    TICKET_CLIENT,
    QueryParam("cursor", Kind.CURSOR, "The comments_cursor of the page before: earlier comments."),
)
BILLED_CLIENT_PARAMS: Final = (
    QueryParam("client_id", Kind.ID, "Whose billing: partners name one of their clients."),
)
INVOICE_PARAMS: Final = (
    *BILLED_CLIENT_PARAMS,
    QueryParam(
        "status", Kind.CHOICE, "Only invoices that are paid, or still open.", INVOICE_FILTERS, default="all"
    ),
    QueryParam("limit", Kind.WHOLE, "Invoices a page.", least=1, most=CALLS_PAGE_MAX, default=INVOICES_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)

INCIDENT_PARAMS: Final = (
    QueryParam("state", Kind.CHOICES, "Any of these states.", INCIDENT_STATES),
    QueryParam(
        "limit", Kind.WHOLE, "Incidents a page.", least=1, most=CALLS_PAGE_MAX, default=INCIDENTS_PAGE
    ),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
_OPS_PAGE_PARAMS: Final = (
    QueryParam("limit", Kind.WHOLE, "Entries a page.", least=1, most=CALLS_PAGE_MAX, default=OPS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
CUSTOMER_SESSION_PARAMS: Final = _OPS_PAGE_PARAMS
TENANT_PARAMS: Final = (
    QueryParam("q", Kind.TEXT, "Only tenants whose id or name holds this."),
    QueryParam("tenant", Kind.TEXT, "Only the tenant of exactly this id."),
    QueryParam("lifecycle", Kind.CHOICES, "Any of these states.", TENANT_LIFECYCLES),
    *_OPS_PAGE_PARAMS,
)
JOB_PARAMS: Final = (
    QueryParam("state", Kind.CHOICES, "Any of these states; dead letters are `failed`.", JOB_STATES),
    *_OPS_PAGE_PARAMS,
)
OUTBOX_PARAMS: Final = (
    QueryParam("state", Kind.CHOICES, "Any of these states.", DELIVERY_STATES),
    QueryParam("channel", Kind.CHOICE, "Only by e-mail, or by SMS.", CHANNELS),
    *_OPS_PAGE_PARAMS,
)
OPS_TICKET_PARAMS: Final = (
    *(param for param in TICKET_PARAMS if param.name in {"status", "priority", "category"}),
    QueryParam("sort", Kind.CHOICE, "Which come first.", TICKET_SORTS, default="newest"),
    *_OPS_PAGE_PARAMS,
)
REPORT_PARAMS: Final = (
    QueryParam("limit", Kind.WHOLE, "Reports a page.", least=1, most=CALLS_PAGE_MAX, default=REPORTS_PAGE),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
DELIVERY_PARAMS: Final = (
    QueryParam("kind", Kind.CHOICES, "Any of these kinds.", DELIVERY_KINDS),
    QueryParam("state", Kind.CHOICES, "Any of these states.", DELIVERY_STATES),
    QueryParam(
        "limit", Kind.WHOLE, "Messages a page.", least=1, most=CALLS_PAGE_MAX, default=DELIVERIES_PAGE
    ),
    QueryParam("cursor", Kind.CURSOR, "The next_cursor of the page before."),
)
LIVE_SESSION_PARAMS: Final = _OPS_PAGE_PARAMS

OPENING_PARAMS: Final = (
    QueryParam(
        "at",
        Kind.TEXT,
        "Now unless said: `YYYY-MM-DDTHH:MM` by the clocks of the project's zone, or an RFC 3339 time.",
    ),
)
