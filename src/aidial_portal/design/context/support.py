"""Support: `support/list.html`, `support/rows.html`, `support/new.html`, `support/ticket.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from .shell import Chip, Choice, ListState, Select, TextFilter


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket of the list; `url` opens it."""

    ticket_id: str
    url: str
    subject: str
    status: str
    priority: str
    category: str
    opened_by: str
    comment_count: int
    updated_at: datetime
    project_name: str = ""


@dataclass(frozen=True, slots=True)
class TicketFilters:
    """The filter form as applied. `hidden` keeps the chosen project."""

    selects: tuple[Select, ...]
    subject: TextFilter
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SupportPage:
    """The list. `next_url` is the same list further back; `new_url` opens a ticket."""

    template: ClassVar[str] = "support/list.html"
    state: ListState
    timezone: str
    now: datetime
    filters: TicketFilters
    new_url: str
    rows: tuple[TicketRow, ...] = ()
    chips: tuple[Chip, ...] = ()
    clear_url: str = "/support"
    next_url: str | None = None
    show_project: bool = True


@dataclass(frozen=True, slots=True)
class SupportRowsFragment:
    """The answer to "Load more tickets" when `HX-Request: true`: more rows and the next button."""

    template: ClassVar[str] = "support/rows.html"
    page: SupportPage


@dataclass(frozen=True, slots=True)
class RecentCall:
    """A call that may be named in a ticket; `number` as the reader's role may see it."""

    call_id: str
    started_at: datetime
    number: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class NewTicketPage:
    """The form of a new ticket. No `projects`: there is nothing to ask about yet.

    `calls` None: they could not be loaded, or no project is chosen yet (`project_id` empty).
    """

    template: ClassVar[str] = "support/new.html"
    timezone: str
    now: datetime
    projects: tuple[Choice, ...]
    project_id: str
    priorities: tuple[Choice, ...]
    categories: tuple[Choice, ...]
    own_email: str
    calls: tuple[RecentCall, ...] | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class TicketEntryShown:
    """One text of a ticket's conversation; `side` is who wrote it, as seen from the ticket."""

    entry_id: str
    author: str
    side: Literal["customer", "support"]
    at: datetime
    body: str
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class TicketPage:
    """One ticket. `moves` are the statuses its reader may give it; none where it is closed for good.

    `earlier_url` leads to comments before these; `api_url` is where forms are sent.
    """

    template: ClassVar[str] = "support/ticket.html"
    timezone: str
    now: datetime
    ticket_id: str
    api_url: str
    subject: str
    status: str
    priority: str
    category: str
    project_name: str
    opened_by: str
    owner: str | None
    opened_at: datetime
    updated_at: datetime
    version: int
    recipients: tuple[str, ...]
    entries: tuple[TicketEntryShown, ...]
    moves: tuple[Choice, ...]
    priorities: tuple[Choice, ...]
    calls: tuple[tuple[str, str], ...] = ()
    earlier_url: str | None = None
    is_earlier: bool = False
    is_closed: bool = False
