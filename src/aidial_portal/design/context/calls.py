"""The call log and the review of one call: `calls/list.html`, `calls/rows.html`, `calls/review.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import date, datetime

    from .call_views import ViewsMenu
    from .shell import Chip, Choice, ListState, Select, TextFilter


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call in the list. `caller` is what the API gave: E.164, masked (`+61 ... 678`) or None (withheld).

    outcome, agent_name, project_name: shown as they are; None reads as unclassified or unknown.
    sentiment is the caller's: positive, neutral, upset, unknown.
    status: live, completed, missed, failed, unknown.
    expand_url opens the review under the row (the list with `expand=`); when open it is the list without it.
    """

    call_id: str
    started_at: datetime
    caller: str | None
    duration_seconds: int | None
    status: str
    outcome: str | None
    sentiment: str
    agent_name: str | None
    project_name: str
    expand_url: str
    timezone: str
    channel: str = "voice"
    direction: str = "inbound"
    needs_attention: bool = False


@dataclass(frozen=True, slots=True)
class Redaction:
    """A redacted stretch of a turn's text: code points [start, end) and its kind (PHONE, EMAIL, ...)."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said. Speaker: caller, agent, system. start_ms counts from the answer.

    place: which turn it is, from 1, where an address leads to it (`#turn-501`); None elsewhere.
    """

    speaker: str
    text: str
    start_ms: int | None = None
    redactions: tuple[Redaction, ...] = ()
    place: int | None = None


@dataclass(frozen=True, slots=True)
class MoreTurns:
    """How much of a long conversation is shown, and where more is. whole_url None: the next is the last."""

    shown: int
    total: int
    next_count: int
    next_url: str
    whole_url: str | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """One sound of a recording: both voices, or one of them; `words` names it.

    wave: an SVG path, 240 wide at most and 40 high, "" before it was measured; `described` says it in words.
    is_unreadable: its file was looked into and is no sound: no length, and nothing to play.
    """

    side: str
    words: str
    duration_seconds: float = 0.0
    wave: str = ""
    described: str = ""
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Player:
    """The recording in the review. `path` is the call's recording on the portal's own API.

    reason: why it cannot be played (consent, compliance, media, deleted, error), "" when it can; then there
    is at least one voice, and the first is the one to begin with.
    """

    path: str
    reason: str = ""
    voices: tuple[Voice, ...] = ()
    may_download: bool = False
    download_reason: str = ""


@dataclass(frozen=True, slots=True)
class CallReview:
    """The panel under a row, all from `GET /v1/calls/{id}` and its transcript.

    transcript_state: available, live, missing, hidden, retention_expired, redaction_failed, truncated,
    incomplete, or `error` when the upstream failed (`error_request_id` then says which request).
    more: the turns that are not shown; None when all are. removed: kinds of personal details taken out of the
    whole conversation, each with how many marks stand for them. cost_minor None is unknown, never 0.
    deleted_for: retention or request, None when nobody noted why.
    here_url: this very page; where all is shown, it shows what is added too.
    help_url: where somebody asks about the call, None for those who cannot.
    downloads: words and addresses of the transcript as files, for those who may.
    unlocks_url: where personal details are unlocked, for those who may.
    """

    template: ClassVar[str] = "calls/review.html"
    call_id: str
    timezone: str
    started_at: datetime
    ended_at: datetime | None
    duration_seconds: int | None
    end_reason: str | None
    from_number: str | None
    to_number: str | None
    message_count: int | None
    caller_sentiment: str
    agent_sentiment: str
    consent_state: str
    transcript_state: str
    close_url: str
    deleted_for: str | None = None
    turns: tuple[Turn, ...] = ()
    more: MoreTurns | None = None
    removed: tuple[tuple[str, int], ...] = ()
    status: str = "completed"
    direction: str = "inbound"
    summary: str | None = None
    outcome: str | None = None
    resolution: str | None = None
    agent_name: str | None = None
    transfer_destination: str | None = None
    transfer_result: str | None = None
    attention_reason: str | None = None
    booking_at: datetime | None = None
    booking_details: str | None = None
    follow_up_due_at: datetime | None = None
    follow_up_note: str | None = None
    call_type: str | None = None
    channel: str = "voice"
    agent_version: int | None = None
    sms_status: str | None = None
    email_status: str | None = None
    consent_method: str | None = None
    consent_at: datetime | None = None
    consent_evidence: str | None = None
    cost_minor: int | None = None
    cost_currency: str = "AUD"
    here_url: str = "/calls"
    help_url: str | None = None
    error_request_id: str | None = None
    downloads: tuple[tuple[str, str], ...] = ()
    unlocks_url: str | None = None
    player: Player | None = None


@dataclass(frozen=True, slots=True)
class CallFilters:
    """The filter form as applied. Dates are the project's calendar days, for the custom range.

    show_caller is False for client_staff, who may not search callers. `hidden` carries what the form must
    keep (project_id, sort). `more` and `texts` sit behind "More filters"; `errors` names refused fields.
    """

    ranges: tuple[Choice, ...]
    status: Select
    more: tuple[Select, ...] = ()
    texts: tuple[TextFilter, ...] = ()
    range_value: str = ""
    from_date: date | None = None
    to_date: date | None = None
    caller: str = ""
    show_caller: bool = True
    query: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def has_more(self) -> bool:
        """Whether something behind "More filters" is applied or refused: then its fields must be there.

        Otherwise a browser with scripts takes them as text until somebody opens them: twenty fields that
        nobody sees cost the page a sixth of its first paint.
        """
        chosen = any(choice.value and choice.is_current for one in self.more for choice in one.choices)
        typed = any(one.value for one in self.texts)
        return bool(chosen or typed or self.from_date or self.to_date or self.errors)


@dataclass(frozen=True, slots=True)
class CallExport:
    """What "Export 412 calls" offers: the query it sends, what the file holds, what may be added to it.

    count is None when it was not counted; `options` are sensitive columns by name, none for most roles.
    """

    query: tuple[tuple[str, str], ...]
    project_name: str
    holds: str
    count: int | None = None
    capped: bool = False
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CallsPage:
    """The call log. `next_url` is the same list with the next cursor ("Load more"); None at the end.

    matching_count and matching_capped come from the API; count None when it was not counted.
    sort: `-started_at`, `started_at`, `-duration`, `duration`; the sort addresses flip or choose a column.
    failure: said in place of the rows when the API could not answer; the rest of the page stands.
    export is None for roles that may not, and until a project is chosen (`export_needs_project`).
    live_url: where the page hears of new and changed calls; None where there is nothing to hear.
    left_out: columns that this browser does not show (duration, outcome, sentiment, agent, project).
    has_zones: its projects are in several zones, and each row has the time of its own.
    """

    template: ClassVar[str] = "calls/list.html"
    state: ListState
    timezone: str
    now: datetime
    filters: CallFilters
    rows: tuple[CallRow, ...] = ()
    chips: tuple[Chip, ...] = ()
    clear_url: str = "/calls"
    sort: str = "-started_at"
    sort_started_url: str = "/calls"
    sort_duration_url: str | None = None
    matching_count: int | None = None
    matching_capped: bool = False
    next_url: str | None = None
    show_project: bool = True
    left_out: tuple[str, ...] = ()
    expanded: CallReview | None = None
    failure: str | None = None
    export: CallExport | None = None
    export_needs_project: bool = False
    live_url: str | None = None
    views: ViewsMenu | None = None
    has_zones: bool = False


@dataclass(frozen=True, slots=True)
class CallRowsFragment:
    """The answer to "Load more" when `HX-Request: true`: more rows and the next button, no page around."""

    template: ClassVar[str] = "calls/rows.html"
    page: CallsPage
