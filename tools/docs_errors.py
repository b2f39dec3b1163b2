"""`docs/errors.md`: every row of the registry, and what each envelope family looks like.

The one thing a newcomer would get wrong: the status and the code are promises, the message is not; clients
translate by `message_key`.
"""

from __future__ import annotations

from itertools import groupby

from docs_coverage import seen_on
from docs_text import code, json_block, table
from docs_text import page as whole_page

from aidial_contract import errors
from aidial_contract.envelopes import Envelope, render
from aidial_contract.errors import ERRORS, ErrorRow
from aidial_contract.fault import Fault, FieldError
from aidial_contract.messages import field_codes, text

REQUEST_ID = "0193a5c0-0000-7000-8000-000000000001"

FAMILIES: dict[Envelope, str] = {
    Envelope.TRANSPORT: (
        "All of `/v1`; on the portal `/api/projects`, `/api/status`, `/api/session/**`, `/api/health**` and "
        "`/api` paths that do not exist."
    ),
    Envelope.CALLS: "Portal, `GET /api/calls/**`.",
    Envelope.COMPLIANCE: "Portal, `/api/compliance/**`.",
    Envelope.ANALYTICS: "Portal, `/api/analytics/**`.",
    Envelope.SUPPORT: "Portal, `/api/support/**`.",
    Envelope.PROTECTED: "Every other JSON route of the portal.",
}

INTRODUCTION = """\
Look at the HTTP status and the machine-readable code first: they are stable for ever. The message is for
people and may be reworded; `message_key` is what to translate by. Quote the request id when you ask for
help: it is in the body and in the `X-Request-Id` header of every response.

The same list is served by every API at `GET /v1/errors`, without a credential."""

HEADERS = """\
Every error carries `Cache-Control: no-store`. A 429 or 503 always carries `Retry-After` in whole seconds,
and the body says the same (`retry_after_ms`, or `details.retry_after_seconds` in the protected family). A
401 of `/v1` carries `WWW-Authenticate`. A 405 carries `Allow`."""

NOT_FOUND = """\
`not_found` is the only 404. It is the answer for a thing that does not exist, for somebody else's thing,
for a role that may not, for a second factor that was not shown: body, headers and work done are the same,
so nobody can find out what exists by asking. See [roles](roles.md) for what each role reaches."""


def page() -> str:
    """The whole page."""
    return whole_page(
        "Errors",
        INTRODUCTION,
        HEADERS,
        NOT_FOUND,
        "## Every code",
        *(_status(status, list(rows)) for status, rows in _by_status()),
        "## Field errors",
        _fields(),
        "## Envelopes",
        "The status comes from the error, the shape of the body from the route's family.",
        *(_family(family, where) for family, where in FAMILIES.items()),
        "### page\n\nHTML routes answer a page with the same status: what happened, what to do next, whom to "
        "ask, and the request id.",
    )


def _by_status() -> list[tuple[int, list[ErrorRow]]]:
    rows = sorted(ERRORS.values(), key=lambda row: row.status)
    return [(status, list(group)) for status, group in groupby(rows, key=lambda row: row.status)]


def _status(status: int, rows: list[ErrorRow]) -> str:
    head = ("Code", "When", "What to do", "Retry as it is", "Category", "Seen on `/v1`", "Seen on the portal")
    return f"### {status}\n\n" + table(
        head,
        (
            (
                f'<a id="{row.code}"></a>{code(row.code)}',
                row.message,
                row.what_to_do,
                "yes, after waiting" if row.retryable else "no",
                str(row.category),
                seen_on(row.code, "/v1"),
                seen_on(row.code, "portal"),
            )
            for row in rows
        ),
    )


def _fields() -> str:
    about = (
        "`field_errors` lists every field that failed at once (up to 50), without a value. `field` is "
        "a JSON Pointer into the body you sent (`/turns/0/text`), or `query.<name>`, `path.<name>`, "
        "`header.<name>`."
    )
    rows = ((code(name), text(f"fields.{name}")) for name in field_codes())
    return about + "\n\n" + table(("Code", "Meaning"), rows)


def _family(family: Envelope, where: str) -> str:
    invalid = Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("/started_at", "naive_time")])
    busy = Fault(errors.RATE_LIMITED, retry_after_ms=4_200)
    large = Fault(
        errors.EXPORT_TOO_LARGE,
        details={"matching": 12_842, "limit": 10_000, "narrow_by": ["from", "to"]},
    )
    shown = (Fault(errors.NOT_FOUND), invalid, busy, large)
    blocks = (
        f"{code(fault.row.code)}:\n\n" + json_block(render(family, fault, REQUEST_ID)) for fault in shown
    )
    return "\n\n".join((f"### {family}", where, *blocks))
