"""Data governance on the wire: how long a tenant's data is kept, what a policy would delete, receipts, holds.

The one thing a newcomer would get wrong: null days keep the data until somebody decides otherwise; nothing is
ever deleted by a default.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta

from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import Incoming, Line, Outgoing, Time, Uuid
from aidial_contract.shapes.settings import ExpectedVersion, SettingsDocument, SettingsProject

SECTION: Final = "data-governance"
LEAST_DAYS: Final = 7
MOST_DAYS: Final = 3_650
Days = Annotated[int, Meta(ge=LEAST_DAYS, le=MOST_DAYS, description="Days since the call began")]
Category = Literal["recordings", "transcripts", "analytics"]
CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)
HoldKind = Literal["tenant", "period", "call"]
FIRST_YEAR, LAST_YEAR = 2000, 2199
"""Of a hold's days: no call is older, and a day in any zone stays a time that can be written."""
Day = Annotated[
    str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", description="A day in the tenant's zone: YYYY-MM-DD")
]


class DataGovernance(Outgoing):
    """A tenant's policy. `unlocks_need_approval`: a second administrator approves each unlock."""

    recordings_days: Days | None = None
    transcripts_days: Days | None = None
    analytics_days: Days | None = None
    unlocks_need_approval: bool = False


class NewDataGovernance(DataGovernance, forbid_unknown_fields=True):
    """What a save takes: the whole policy; days left out keep the data."""


class DataGovernanceDocument(SettingsDocument, kw_only=True):
    """`GET /v1/settings/data-governance`."""

    client_id: str
    working: DataGovernance
    published: DataGovernance


class PortalDataGovernance(DataGovernanceDocument, kw_only=True):
    """`GET /api/settings/data-governance`; `projects` is empty, because a policy is a whole tenant's."""

    projects: list[SettingsProject]


class DataGovernanceChange(Incoming):
    """`PUT /v1/settings/data-governance`."""

    value: NewDataGovernance
    expected_version: ExpectedVersion | None = None


class RetentionCount(Outgoing):
    """Of one category: calls whose data would be deleted now, and those that legal holds keep.

    `before`: data of calls that began earlier goes; null, with counts of 0, where data is kept.
    """

    category: Category
    days: int | None
    before: Time | None
    calls: int
    held: int


class RetentionDryRun(Outgoing):
    """What a policy would delete if it were saved now. Nothing is."""

    counts: list[RetentionCount]


class RetentionReceipt(Outgoing):
    """What one run deleted of a category: data of `calls` calls that began before `before`.

    `manifest_sha256` covers the ids of these calls in the order of deletion, each as its 16 bytes: it begins
    with 32 zero bytes, and each batch makes it the hash of itself and the batch's ids (of analytics, of the 8
    bytes of a part's count). `held`: calls that legal holds kept; null while it runs, and where counting took
    too long. `completed_at` is null while it runs.
    """

    receipt_id: Uuid
    run_id: Uuid
    category: Category
    policy_version: int
    days: int
    before: Time
    calls: int
    held: int | None
    manifest_sha256: str
    started_at: Time
    completed_at: Time | None


class RetentionReceiptList(Outgoing):
    """`GET /v1/retention-receipts`, newest first."""

    receipts: list[RetentionReceipt]
    next_cursor: str | None


class NewLegalHold(Incoming):
    """`POST /v1/legal-holds`: of the whole tenant, of the calls of some days, or of one call."""

    client_id: Line
    kind: HoldKind
    reason: Line
    first_day: Day | None = None
    last_day: Day | None = None
    call_id: Uuid | None = None


class LegalHold(Outgoing):
    """One hold: nothing it covers is deleted until it is released. A period holds calls that began in it."""

    hold_id: Uuid
    client_id: str
    kind: HoldKind
    call_id: Uuid | None
    starts_at: Time | None
    ends_at: Time | None
    reason: str
    state: Literal["active", "released"]
    placed_by: str | None
    placed_at: Time
    released_by: str | None
    released_at: Time | None


class LegalHoldAnswer(Outgoing):
    """One hold as it is now."""

    hold: LegalHold


class LegalHoldList(Outgoing):
    """`GET /v1/legal-holds`, newest first, released ones too."""

    holds: list[LegalHold]
    next_cursor: str | None


_OF_KIND: Final = {"tenant": (), "period": ("first_day", "last_day"), "call": ("call_id",)}
_ALL: Final = ("first_day", "last_day", "call_id")


def legal_hold_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """Each kind says what it covers and nothing else; days are days, in order."""
    if not isinstance(body, dict) or "/kind" in failed or body.get("kind") not in _OF_KIND:
        return
    wanted = _OF_KIND[body["kind"]]
    for name in _ALL:
        if f"/{name}" in failed:
            continue
        if name in wanted and body.get(name) is None:
            yield FieldError(f"/{name}", "required")
        elif name not in wanted and body.get(name) is not None:
            yield FieldError(f"/{name}", "conflict")
    if body["kind"] == "period":
        yield from _days(body, failed)


def _days(body: dict[str, Any], failed: frozenset[str]) -> Iterable[FieldError]:
    days: dict[str, date] = {}
    for name in ("first_day", "last_day"):
        text = body.get(name)
        if not isinstance(text, str) or f"/{name}" in failed:
            continue
        try:
            day = date.fromisoformat(text)
        except ValueError:
            yield FieldError(f"/{name}", "format")
            continue
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            yield FieldError(f"/{name}", "too_small" if day.year < FIRST_YEAR else "too_large")
            continue
        days[name] = day
    if len(days) == len(("first_day", "last_day")) and days["last_day"] < days["first_day"]:
        yield FieldError("/last_day", "order")
