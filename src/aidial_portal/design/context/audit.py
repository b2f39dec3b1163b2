"""The activity log: `audit/log.html`, `audit/rows.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from datetime import date, datetime

    from .shell import Chip, Choice, ListState, Select


@dataclass(frozen=True, slots=True)
class AuditFact:
    """One technical detail. `value` None: `note` says why there is none. `is_code`: shown as it is stored."""

    name: str
    value: str | None
    note: str = ""
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One event. `what` is a sentence without a subject; `why` in words, None when nothing was said.

    outcome: done, refused, failed, or another code. target_url opens what it is about, where that has a page.
    """

    event_id: str
    at: datetime
    who: str
    who_kind: Literal["user", "key", "service", "system"]
    what: str
    outcome: str
    why: str | None = None
    project_name: str | None = None
    target_url: str | None = None
    target_label: str = ""
    facts: tuple[AuditFact, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """The filter form as applied. `presets` and `periods` are links.

    `hidden` carries the chosen preset through the form.
    """

    presets: tuple[Choice, ...]
    selects: tuple[Select, ...]
    periods: tuple[Choice, ...] = ()
    from_date: date | None = None
    to_date: date | None = None
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The activity log. `next_url` is the same log further back; None where it ends.

    state `searching`: nothing found in the stretch looked at, and there is more of the log behind `next_url`.
    """

    template: ClassVar[str] = "audit/log.html"
    state: ListState | Literal["searching"]
    timezone: str
    now: datetime
    filters: AuditFilters
    rows: tuple[AuditRow, ...] = ()
    chips: tuple[Chip, ...] = ()
    clear_url: str = "/audit-log"
    next_url: str | None = None
    show_project: bool = True
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRowsFragment:
    """The answer to "Load more events" when `HX-Request: true`: more rows and the next button."""

    template: ClassVar[str] = "audit/rows.html"
    page: AuditPage
