"""Data deletion on the wire: a request, who decided about it, and the receipts of what it deleted.

The one thing a newcomer would get wrong: a request deletes nothing. Somebody else reviews it, and from the
approval on it cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta, field

from aidial_contract.checking import TEXT_PATTERN, parse_day, parse_time
from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import Incoming, Line, Outgoing, Time, Uuid
from aidial_contract.shapes.governance import CATEGORIES, FIRST_YEAR, LAST_YEAR, Category

SHORTEST_JUSTIFICATION: Final = 20
SHORTEST_REASON: Final = 5
DELETE_ALL: Final = "DELETE ALL"
DeletionState = Literal[
    "submitted", "under_review", "approved", "executing", "failed", "completed", "rejected", "cancelled"
]
DELETION_STATES: Final[tuple[DeletionState, ...]] = get_args(DeletionState)
Decision = Literal["begin", "approve", "reject"]
DecisionTo: Final[dict[Decision, DeletionState]] = {
    "begin": "under_review",
    "approve": "approved",
    "reject": "rejected",
}
DeletionAct = Literal["cancel", "begin", "approve", "reject"]
Justification = Annotated[
    str, Meta(min_length=SHORTEST_JUSTIFICATION, max_length=2_000, pattern=TEXT_PATTERN)
]
Reason = Annotated[str, Meta(min_length=SHORTEST_REASON, max_length=2_000, pattern=TEXT_PATTERN)]
Bound = Annotated[
    str, Meta(max_length=40, description="A day in the tenant's zone (YYYY-MM-DD), or RFC 3339 with offset")
]


class NewDeletionScope(Incoming):
    """What began from one time to another, both included."""

    since: Bound = field(name="from")
    until: Bound = field(name="to")


class NewDataDeletion(Incoming):
    """`POST /v1/data-deletions`.

    `scope` is a span, or `tenant` for everything up to the moment of the deletion, which `confirmation` has
    to say again as `DELETE ALL`. `acknowledged` is true: what is approved is deleted for good.
    """

    categories: Annotated[
        list[Category],
        Meta(min_length=1, max_length=len(CATEGORIES), extra_json_schema={"uniqueItems": True}),
    ]
    scope: NewDeletionScope | Literal["tenant"]
    justification: Justification
    acknowledged: bool
    confirmation: Line | None = None


class DeletionReview(Incoming):
    """`POST /v1/data-deletions/{request_id}/review`. Approving and rejecting take a reason."""

    decision: Decision
    reason: Reason | None = None


class DeletionScope(Outgoing):
    """The span as it was asked for."""

    since: str = field(name="from")
    until: str = field(name="to")


class DeletionStep(Outgoing):
    """One step of a request. `note` is the reason of whoever decided; `by` is null for AiDial itself."""

    state: DeletionState
    at: Time
    by: str | None
    note: str | None


class DeletionReceipt(Outgoing):
    """What was deleted of a category: data of `calls` calls.

    `expected`: how many there were when it began; `held`: calls whose data legal holds kept; null while it
    runs and where counting took too long. `policy_version`: the client's data governance policy that was in
    force. `until`: data of calls that began earlier. `manifest_sha256` covers the calls as in a receipt of
    retention.
    """

    receipt_id: Uuid
    category: Category
    policy_version: int
    since: Time
    until: Time
    expected: int | None
    calls: int
    held: int | None
    manifest_sha256: str
    started_at: Time
    completed_at: Time | None


class DataDeletion(Outgoing):
    """One request. `history` begins with its submission; `allowed` is what this reader may do with it now.

    `failed`: its deletion broke off every time it was tried. What is gone stands in the receipts that are not
    completed; AiDial runs it again, and it goes on from there.
    """

    request_id: Uuid
    client_id: str
    state: DeletionState
    categories: list[Category]
    scope: DeletionScope | Literal["tenant"]
    justification: str
    requested_by: str
    requested_at: Time
    is_own: bool
    history: list[DeletionStep]
    receipts: list[DeletionReceipt]
    allowed: list[DeletionAct]
    version: int


class DataDeletionAnswer(Outgoing):
    """One request as it is now."""

    request: DataDeletion


class DataDeletionList(Outgoing):
    """`GET /v1/data-deletions`, newest first."""

    requests: list[DataDeletion]
    next_cursor: str | None


def read_bound(text: Any) -> date | datetime | None:
    """A day, or a time with offset; None when it is neither, or of a year no call is of."""
    if not isinstance(text, str):
        return None
    found = parse_day(text) or parse_time(text)
    return found if found is not None and FIRST_YEAR <= found.year <= LAST_YEAR else None


def deletion_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """Each category once, a span in order, what cannot be undone acknowledged, and everything confirmed."""
    if not isinstance(body, dict):
        return
    named = body.get("categories")
    if isinstance(named, list) and "/categories" not in failed:
        for index, one in enumerate(named):
            if f"/categories/{index}" not in failed and one in named[:index]:
                yield FieldError(f"/categories/{index}", "repeated")
    said = body.get("justification")
    if "/justification" not in failed and len(str(said).strip()) < SHORTEST_JUSTIFICATION:
        yield FieldError("/justification", "too_short")
    if "/acknowledged" not in failed and body.get("acknowledged") is not True:
        yield FieldError("/acknowledged", "required")
    scope = body.get("scope")
    if isinstance(scope, dict):
        yield from _span(scope, failed)
    elif scope == "tenant" and "/confirmation" not in failed and body.get("confirmation") != DELETE_ALL:
        yield FieldError("/confirmation", "not_allowed" if body.get("confirmation") else "required")


def _span(scope: dict[str, Any], failed: frozenset[str]) -> Iterable[FieldError]:
    ends = {}
    for name in ("from", "to"):
        if name in scope and f"/scope/{name}" not in failed:
            ends[name] = read_bound(scope[name])
            if ends[name] is None:
                yield FieldError(f"/scope/{name}", "format")
    first, last = ends.get("from"), ends.get("to")
    if first is None or last is None:
        return
    if isinstance(first, datetime) != isinstance(last, datetime):
        yield FieldError("/scope/to", "conflict")
    elif last < first:
        yield FieldError("/scope/to", "order")


def review_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """A decision has its reason; beginning a review needs none."""
    if not isinstance(body, dict) or "/decision" in failed or "/reason" in failed:
        return
    reason = body.get("reason")
    if body.get("decision") in {"approve", "reject"} and reason is None:
        yield FieldError("/reason", "required")
    elif reason is not None and len(str(reason).strip()) < SHORTEST_REASON:
        yield FieldError("/reason", "too_short")
