"""`docs/audit-events.md`: every event the activity log can hold, from the catalogue.

The one thing a newcomer would get wrong: the page is the catalogue and nothing more; whether a route writes
what its row says is what `tests/matrix/test_one_event.py` asks every route.
"""

from __future__ import annotations

from docs_text import code, table
from docs_text import page as whole_page

from aidial_api.kernel.audit_chain.chain import FIELDS
from aidial_api.routes import TABLE
from aidial_contract.audit_actions import ACTIONS, UNRECORDED, AuditAction
from aidial_contract.shapes.audit import OUTCOMES, PRESETS

INTRODUCTION = """\
Every change, every sensitive read and every sign-in leaves one event, written in the transaction of what it
tells of: both are there or neither is. A further event tells of each further thing that ends or begins with
it, such as a session that a sign-in over the limit ends. `technical` holds ids and names of fields, never
values.

A denial leaves none: it is the same 404 as a thing that does not exist, and does the same work. The API's log
says why. Sign-ins that fail, fail at the sign-in service, whose own log has them."""

MEMBERS = {
    "who": "`actor`: a person, an API key, a service account or AiDial itself (`system`), by id and name",
    "what": "`action` (below), `target` (kind and id), `why` (a code, or a person's own words)",
    "when": "`at`: when the transaction began",
    "where": "`project_id`, and `technical.source_ip` (the caller's address) for administrators",
    "outcome": f"one of {', '.join(map(code, OUTCOMES))}",
    "why it was allowed": "`technical.policy`: the permission, and how much of it was held",
    "request": "`technical.request_id`: the answer's `X-Request-Id`, and that of portal's and API's logs",
}


def page() -> str:
    """The whole page."""
    return whole_page(
        "Audit events",
        INTRODUCTION,
        "## What an event says",
        table(("Question", "Members"), MEMBERS.items()),
        "## Events",
        table(("Action", "The log says", "Sort", "Areas", "Written by"), map(_row, ACTIONS.values())),
        "## Changes that leave no event",
        table(("Row", "Why"), ((_route(name), why) for name, why in UNRECORDED.items())),
        "## The chain",
        "Within a second each event is tied to all that were committed before it, by SHA-256 over "
        f"{', '.join(map(code, FIELDS))}, in this order. "
        "[How](decisions/0041-the-chain-of-the-activity-log.md), "
        "[the checkpoints](decisions/0042-checkpoints-outside-the-database.md), and "
        "[how to verify](operations.md#the-activity-log).",
    )


def _row(row: AuditAction) -> tuple[str, ...]:
    areas = ", ".join(name for name, prefixes in PRESETS.items() if row.action.startswith(prefixes))
    by = [*(_route(name) for name in row.routes), *([row.otherwise] if row.otherwise else [])]
    return code(row.action), row.sentence, row.sort, areas, "; ".join(by)


def _route(name: str) -> str:
    route = next(one for one in TABLE.rows if one.name == name)
    return code(f"{route.method} {route.path}")
