"""Settings: `settings/page.html`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aidial_contract.shapes.account_exports import AccountExport, AccountExportCatalog
    from aidial_contract.shapes.deletions import DataDeletion
    from aidial_contract.shapes.entitlements import EntitlementsDocument
    from aidial_contract.shapes.governance import (
        DataGovernanceDocument,
        LegalHold,
        RetentionCount,
        RetentionReceipt,
    )
    from aidial_contract.shapes.project_settings import OpeningPreview
    from aidial_contract.shapes.sessions import CustomerSession
    from aidial_contract.shapes.settings import SettingsProject

    from .pages import SessionRow
    from .shell import Choice


@dataclass(frozen=True, slots=True)
class SectionLink:
    """A section of settings in the menu; `slug` is what `?section=` says."""

    slug: str
    label: str
    url: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class SectionGroup:
    """Sections that belong together, under a heading."""

    label: str
    links: tuple[SectionLink, ...]


Menu = tuple[SectionGroup, ...]


@dataclass(frozen=True, slots=True)
class MonthShown:
    """A month's report: `changed` in words, against the month before; `url` is its PDF."""

    name: str
    calls: str
    changed: str
    missed: str
    url: str


@dataclass(frozen=True, slots=True)
class DeliveryShown:
    """A message to somebody. `url` leads to what it is about, "" where that has no page; `why` it failed."""

    what: str
    url: str
    line: str
    recipient: str
    state: str
    at: datetime
    attempts: int
    again_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class ReportsParts:
    """The months' reports (None for who may not have them) and what was sent, each with its further pages.

    `newest_...` lead back from a further page, `older_...` on; "" where there is none. `is_narrowed`: only
    messages of some states are shown.
    """

    months: tuple[MonthShown, ...] | None
    older_months_url: str
    newest_months_url: str
    deliveries: tuple[DeliveryShown, ...]
    filters: tuple[Choice, ...]
    is_narrowed: bool
    older_url: str
    newest_url: str


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """One section. `kind` is its template's name, `settings/<kind>.html`, which knows the members of `value`.

    mode: `edit` draws a form that puts to `action`, `summary` what may be read, `history` next to nothing.
    counts: how many there are of a list that a summary leaves out. your_address: the visitor's own. zones,
    formats: suggestions.
    document: what `/v1` gave, whole. projects: what to choose from where a section is per project, else none;
    project_ref: the one that is chosen, "" where there is none to choose.
    history_url: the page of who changed it.
    opening: what opening hours say of `asked_at` (now when ""), None when that is no time.
    reports: what stands below the section `reports`.
    """

    template: ClassVar[str] = "settings/page.html"
    sections: Menu
    kind: str
    title: str
    about: str
    action: str
    history_url: str
    mode: Literal["edit", "summary", "history"]
    version: int
    value: Any
    timezone: str
    now: datetime
    your_address: str
    counts: Mapping[str, int]
    changed_at: datetime | None = None
    changed_by: str | None = None
    zones: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    document: Any = None
    projects: tuple[SettingsProject, ...] = ()
    project_ref: str = ""
    in_runtime: bool = False
    opening: OpeningPreview | None = None
    asked_at: str = ""
    reports: ReportsParts | None = None


@dataclass(frozen=True, slots=True)
class ChangedField:
    """One member of a change in words: its label, and the lines it held `before` and `after`.

    kept: of a list, how many are on both; the lines are what left it and what is new on it then.
    None: no list.
    """

    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    kept: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One save. restricted: labels of what this role sees nothing of. is_known: what was before was kept."""

    version: int
    at: datetime
    by: str | None
    fields: tuple[ChangedField, ...]
    restricted: tuple[str, ...]
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class SettingsHistoryPage:
    """Who changed a section. `section_url` is the section, `url` this page, `next_url` older ones or ""."""

    template: ClassVar[str] = "settings/history.html"
    sections: Menu
    title: str
    kind: str
    section_url: str
    url: str
    next_url: str
    is_first: bool
    rows: tuple[ChangeRow, ...]
    timezone: str
    now: datetime
    projects: tuple[SettingsProject, ...] = ()
    project_ref: str = ""


@dataclass(frozen=True, slots=True)
class ActiveSessionsPage:
    """Where somebody is signed in, this device first."""

    template: ClassVar[str] = "settings/active_sessions.html"
    sections: Menu
    rows: tuple[SessionRow, ...]
    timezone: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Walk:
    """The ways on from a part of a list: `older_url` at its end, `newest_url` where it is not the first."""

    older_url: str = ""
    newest_url: str = ""


@dataclass(frozen=True, slots=True)
class GovernancePage:
    """A client's data governance. Without `client_id`, a client is to be chosen (AiDial's people type it).

    document: none where the reader looks after some of its lines only, and sees holds alone.
    history_url: the page of who changed the policy.
    days: what stands in the fields, as text. counts: what these days would delete; then they can be saved.
    """

    template: ClassVar[str] = "settings/governance.html"
    sections: Menu
    categories: tuple[str, ...]
    clients: tuple[tuple[str, str], ...]
    may_type_client: bool
    client_id: str
    client_name: str
    url: str
    history_url: str
    action: str
    timezone: str
    now: datetime
    document: DataGovernanceDocument | None = None
    days: Mapping[str, str] = field(default_factory=dict)
    counts: tuple[RetentionCount, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()
    holds: tuple[LegalHold, ...] = ()
    receipts: tuple[RetentionReceipt, ...] = ()
    holds_walk: Walk = Walk()
    receipts_walk: Walk = Walk()

    @property
    def saved_days(self) -> dict[str, int | None]:
        """What is saved, as a form's script compares with it."""
        if self.document is None:
            return {}
        return {f"{one}_days": getattr(self.document.working, f"{one}_days") for one in self.categories}

    @property
    def calls(self) -> int:
        """How many deletions the counts add up to."""
        return sum(one.calls for one in self.counts)


@dataclass(frozen=True, slots=True)
class EntitlementsPage:
    """What a client's plan includes. Without `document`, a client is to be chosen (or typed).

    is_of_client: it is a client's of the reader, and not the reader's own.
    history_url: the page of who changed it.
    """

    template: ClassVar[str] = "settings/entitlements.html"
    sections: Menu
    clients: tuple[tuple[str, str], ...]
    may_type_client: bool
    is_of_client: bool
    client_name: str
    url: str
    history_url: str
    action: str
    timezone: str
    now: datetime
    document: EntitlementsDocument | None = None


@dataclass(frozen=True, slots=True)
class ExportsPage:
    """Account exports. `url` is the page again, `next_url` leads to older ones ("" when there are none).

    `asking_url` and `list_url` are its two parts, for the script that draws each anew.
    """

    template: ClassVar[str] = "settings/exports.html"
    sections: Menu
    catalog: AccountExportCatalog
    exports: tuple[AccountExport, ...]
    url: str
    asking_url: str
    list_url: str
    next_url: str
    is_first: bool
    timezone: str
    now: datetime

    @property
    def unfinished(self) -> AccountExport | None:
        """One's own export that is queued or running; no other can be asked for meanwhile."""
        return next((one for one in self.exports if one.is_own and one.status in {"queued", "running"}), None)


@dataclass(frozen=True, slots=True)
class ExportsFragment:
    """What a script puts in the place of a part (`asking` or the list) while an export is made."""

    template: ClassVar[str] = "settings/exports_fragment.html"
    page: ExportsPage
    part: str


@dataclass(frozen=True, slots=True)
class CustomerPerson:
    """Somebody of a client who is signed in, with every session of theirs on this page."""

    user_id: str
    name: str
    address: str
    role: str
    sessions: tuple[CustomerSession, ...]


@dataclass(frozen=True, slots=True)
class CustomerSessionsPage:
    """Where the users of a client are signed in; `clients` are those one may look at."""

    template: ClassVar[str] = "settings/customer_sessions.html"
    sections: Menu
    clients: tuple[Choice, ...]
    client_id: str
    people: tuple[CustomerPerson, ...]
    url: str
    next_url: str
    is_first: bool
    timezone: str
    now: datetime


@dataclass(frozen=True, slots=True)
class DeletionsPage:
    """Requests to delete data: one's own organisation's with a form for another, or those one reviews.

    reviews: who looks is a reviewer. names: clients by id. may_type_client: AiDial's people say whose.
    reaches_all: false for whoever is assigned to some of the projects only, who asks and sees nothing here.
    """

    template: ClassVar[str] = "settings/deletions.html"
    sections: Menu
    requests: tuple[DataDeletion, ...]
    reviews: bool
    reaches_all: bool
    may_type_client: bool
    client_id: str
    names: Mapping[str, str]
    url: str
    next_url: str
    is_first: bool
    timezone: str
    now: datetime
