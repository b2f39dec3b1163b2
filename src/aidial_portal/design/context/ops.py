"""Operations: `ops/home.html`, `list.html`, `rows.html`, `new_incident.html`, `incident.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from .shell import Choice, ListState
    from .status import IncidentShown


@dataclass(frozen=True, slots=True)
class OpsTile:
    """One part of operations: what it is for and, where known, a number worth seeing first.

    url: where it leads, empty when it only informs. state: its health (pass, warn, fail).
    """

    label: str
    detail: str
    url: str = ""
    figure: int | None = None
    state: Literal["pass", "warn", "fail"] | None = None


@dataclass(frozen=True, slots=True)
class OpsHomePage:
    """`/ops`: the doors into operations that the internal role may open."""

    template: ClassVar[str] = "ops/home.html"
    tiles: tuple[OpsTile, ...]
    places: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class OpsCell:
    """One cell: a text (a link with `url`, a status with `is_status`), a time, and a quiet line below.

    `opens` is a long text that opens under `text`; `posts` is where a button with that `text` leads.
    """

    text: str = ""
    url: str = ""
    at: datetime | None = None
    is_status: bool = False
    is_number: bool = False
    quiet: str = ""
    opens: str = ""
    posts: str = ""


@dataclass(frozen=True, slots=True)
class OpsListPage:
    """One of the lists. `search` is what was searched for, None where nothing can be.

    `empty` is heading, text and icon of an empty list; `facts` stand above it; `action` is label and address;
    `note` is something everybody here should know.
    """

    template: ClassVar[str] = "ops/list.html"
    state: ListState
    timezone: str
    now: datetime
    path: str
    heading: str
    detail: str
    places: tuple[Choice, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[OpsCell, ...], ...]
    empty: tuple[str, str, str]
    noun: str
    facts: tuple[tuple[str, str], ...] = ()
    filters: tuple[Choice, ...] = ()
    search: str | None = None
    search_label: str = ""
    action: tuple[str, str] | None = None
    note: str = ""
    next_url: str | None = None


@dataclass(frozen=True, slots=True)
class OpsRowsFragment:
    """The answer to "Load more" when `HX-Request: true`: more rows and the next button."""

    template: ClassVar[str] = "ops/rows.html"
    page: OpsListPage


@dataclass(frozen=True, slots=True)
class NewIncidentPage:
    """The form of a new incident. `tenant` is the one whose `lines` may be chosen, empty for everybody.

    `failure`: the tenant that was asked for is not there; `alike`: those that may have been meant.
    """

    template: ClassVar[str] = "ops/new_incident.html"
    severities: tuple[Choice, ...]
    places: tuple[Choice, ...]
    tenant: str = ""
    tenant_name: str = ""
    lines: tuple[Choice, ...] = ()
    failure: str | None = None
    alike: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One incident as its publisher sees it; no `moves` once it is resolved."""

    template: ClassVar[str] = "ops/incident.html"
    timezone: str
    now: datetime
    incident: IncidentShown
    api_url: str
    version: int
    concerns: str
    moves: tuple[Choice, ...]
    places: tuple[Choice, ...]
