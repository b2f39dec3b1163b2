"""Account exports on the wire: what can be exported, one export as it is made, and the manifest in its file.

The one thing a newcomer would get wrong: the file is one JSON document, and it is canonical: keys sorted, no
spaces, UTF-8. Its checksum is the SHA-256 of these very bytes with `manifest.checksum` empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta

from aidial_contract.fault import FieldError
from aidial_contract.limits import MIB
from aidial_contract.shapes.common import Incoming, JsonObject, Outgoing, Time, Uuid

ExportCategory = Literal["users", "configuration_summaries", "audit_events", "support_tickets"]
EXPORT_CATEGORIES: Final[tuple[ExportCategory, ...]] = get_args(ExportCategory)
ExportStatus = Literal["queued", "running", "completed", "failed", "cancelled", "expired"]
EXPORT_STATUSES: Final[tuple[ExportStatus, ...]] = get_args(ExportStatus)
ExportFailure = Literal["access_changed", "too_large", "storage_unavailable", "interrupted"]
MOST_EXPORT_BYTES: Final = 512 * MIB
"""The largest file that is made; what would be larger fails as `too_large`."""


class NewAccountExport(Incoming):
    """`POST /v1/account-exports`: each category once."""

    categories: Annotated[
        list[ExportCategory],
        Meta(min_length=1, max_length=len(EXPORT_CATEGORIES), extra_json_schema={"uniqueItems": True}),
    ]


class CategoryManifest(Outgoing):
    """Of one category in a file: when it was read, how many records it has, and by which policy.

    `policy_digest` is the SHA-256 of what decided which records and members are in it: a role's permission
    and how much of it, and the version of redaction. `sha256` covers the category's list as written.
    """

    category: ExportCategory
    read_at: Time
    rows: int
    policy_digest: str
    sha256: str


class ExportManifest(Outgoing):
    """`manifest` of the file, and of an export that is completed."""

    format: str
    client_id: str
    job_id: Uuid
    categories: list[CategoryManifest]
    generated_at: Time
    expires_at: Time
    checksum: str


class AccountExport(Outgoing):
    """One export. It is downloaded while it is `completed`; its history stays after it has expired.

    `rows` and `categories_done` grow while it runs. `expires_at`, `size_bytes`, `checksum` and `manifest` are
    there once it was completed. `failure` says why a `failed` one is.
    """

    job_id: Uuid
    status: ExportStatus
    categories: list[ExportCategory]
    categories_done: int
    rows: int
    requested_by: str
    is_own: bool
    requested_at: Time
    started_at: Time | None
    finished_at: Time | None
    expires_at: Time | None
    size_bytes: int | None
    checksum: str | None
    manifest: ExportManifest | None
    failure: ExportFailure | None
    downloads: int
    version: int


class AccountExportAnswer(Outgoing):
    """One export as it is now."""

    export: AccountExport


class AccountExportList(Outgoing):
    """`GET /v1/account-exports`, newest first."""

    exports: list[AccountExport]
    next_cursor: str | None


class ExportCategoryEntry(Outgoing):
    """One category of the catalogue. `members` are what a record of it has."""

    category: ExportCategory
    title: str
    description: str
    members: list[str]


class ExportLimits(Outgoing):
    """How many may be asked for in a rolling window and at once, and how long files are kept."""

    per_user: int
    per_tenant: int
    window_hours: int
    unfinished_per_user: int
    kept_days: int


class ExportUse(Outgoing):
    """How many of the window are used. `next_at`: when the next may be asked for, null for now."""

    by_you: int
    by_tenant: int
    next_at: Time | None


class AccountExportCatalog(Outgoing):
    """`GET /v1/account-exports/catalog`. `excluded` says in words what no file ever holds."""

    categories: list[ExportCategoryEntry]
    limits: ExportLimits
    used: ExportUse
    excluded: list[str]


class AccountExportFile(Outgoing):
    """The file: the records of each category in it, and the manifest."""

    categories: dict[str, list[JsonObject]]
    manifest: ExportManifest


def account_export_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """Nothing named twice."""
    named = body.get("categories") if isinstance(body, dict) else None
    if not isinstance(named, list) or "/categories" in failed:
        return
    for index, one in enumerate(named):
        if f"/categories/{index}" not in failed and one in named[:index]:
            yield FieldError(f"/categories/{index}", "repeated")
