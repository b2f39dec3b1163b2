"""The filter bar, its chips, and what is wrong with a filter, in words.

The one thing a newcomer would get wrong: a chip shows what IS applied, and its address is the same list
without it; nothing here looks at a call.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from aidial_contract.access import Permission, level_of
from aidial_contract.checking import parse_day, parse_time
from aidial_contract.errors import SENSITIVE_SEARCH_TERM
from aidial_contract.messages import text as message
from aidial_contract.params import PRESENCE
from aidial_contract.shapes.calls import STATUSES
from aidial_portal.design.context import CallFilters, Chip, Choice, SearchBox, Select, TextFilter
from aidial_portal.design.filters import duration, label, phone
from aidial_portal.surfaces.calls.state import ListState
from aidial_portal.words import N_, _, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aidial_contract.fault import Fault, FieldError
    from aidial_contract.shapes.calls import Call
    from aidial_portal.kernel.request import PortalRequest

_RANGES: Final = {
    "": N_("Any time"),
    "today": N_("Today"),
    "7d": N_("7 days"),
    "30d": N_("30 days"),
    "90d": N_("90 days"),
}
_RANGE_CHIPS: Final = {
    "today": N_("Today"),
    "7d": N_("Last 7 days"),
    "30d": N_("Last 30 days"),
    "90d": N_("Last 90 days"),
}
_FEELINGS: Final = ("positive", "neutral", "upset", "unknown")
_SELECTS: Final = {
    "sentiment": (N_("Caller felt"), _FEELINGS),
    "channel": (N_("Channel"), ("voice", "sms", "unknown")),
    "direction": (N_("Direction"), ("inbound", "outbound")),
    "attention": (N_("Needs attention"), PRESENCE),
    "booking": (N_("Booking made"), PRESENCE),
    "transfer": (N_("Transferred"), PRESENCE),
    "follow_up": (N_("Follow-up"), PRESENCE),
}
_TEXTS: Final = {
    "outcome": N_("Outcome"),
    "resolution": N_("Resolution"),
    "type": N_("Call type"),
    "agent": N_("Agent"),
    "sms_status": N_("SMS status"),
    "email_status": N_("E-mail status"),
}
_KINDS: Final = {"outcome": "outcome", "resolution": "resolution", "type": "call_type"}
_SECONDS: Final = {"min_duration": N_("At least, seconds"), "max_duration": N_("At most, seconds")}
_NAMES: Final = {
    "status": N_("Status"),
    "from": N_("From"),
    "to": N_("To"),
    "range": N_("Date"),
    "caller": N_("Caller"),
    "q": N_("Summary"),
    "min_duration": N_("At least"),
    "max_duration": N_("At most"),
    "sort": N_("Sort"),
    **{name: words for name, (words, _values) in _SELECTS.items()},
    **_TEXTS,
}
_SENSITIVE: Final = {
    "caller": N_(
        "That looks like somebody's details, which no summary holds. Look for a number under Caller."
    ),
    "from": N_("That looks like somebody's details, which no summary holds. Look for a day by its date."),
}
_WORDS: Final = {
    "query.caller": N_("Enter a whole number, or its last three or more digits."),
    "query.project_id": N_("Choose a project in the top bar first, then search its calls."),
    "query.q": N_("Enter up to 200 letters."),
    "query.cursor": N_("This part of the list has moved. Open the list again from its start."),
}


def may_search_callers(request: PortalRequest) -> bool:
    """Whether the role may look for a caller."""
    role = request.session.role
    return role is not None and level_of(role, Permission.CALLS_SEARCH_CALLER) is not None


def filter_form(
    request: PortalRequest, state: ListState, calls: Sequence[Call], fault: Fault | None
) -> CallFilters:
    """The form as applied; texts seen in `calls` are suggested."""
    is_custom = bool(state.get("from") or state.get("to"))
    return CallFilters(
        ranges=tuple(
            Choice(
                _(words),
                url=state.url(range=name, from_=None, to=None),
                is_current=not is_custom and state.get("range") == name,
            )
            for name, words in _RANGES.items()
        ),
        status=_select("status", N_("Status"), STATUSES, state),
        more=tuple(_select(name, words, values, state) for name, (words, values) in _SELECTS.items()),
        texts=_text_filters(state, calls),
        range_value=state.get("range"),
        from_date=_day(state.get("from"), state),
        to_date=_day(state.get("to"), state),
        caller=state.get("caller"),
        query=state.get("q"),
        show_caller=may_search_callers(request),
        hidden=tuple(
            (name, state.get(name)) for name in ("project_id", "client_id", "sort") if state.get(name)
        ),
        errors=tuple(_explain(error, fault, state) for error in fault.field_errors) if fault else (),
    )


def search_box(state: ListState) -> SearchBox:
    """The search of the top bar: it keeps every filter of the list, and starts at its first page."""
    dropped = {"q", "cursor", "expand", "turns"}
    kept = tuple((name, text) for name, text in state.query.items() if name not in dropped)
    return SearchBox(value=state.get("q"), hidden=kept)


def _select(name: str, words: str, values: Iterable[str], state: ListState) -> Select:
    chosen = state.get(name)
    options = ["", *values]
    if chosen not in options:
        options.append(chosen)
    return Select(
        name,
        _(words),
        tuple(Choice(_said(name, one, state) or _("Any"), one, is_current=one == chosen) for one in options),
    )


def _text_filters(state: ListState, calls: Sequence[Call]) -> tuple[TextFilter, ...]:
    seen: dict[str, dict[str, str]] = {
        "outcome": {call.outcome: "" for call in calls if call.outcome} | state.terms.known("outcome"),
        "resolution": {call.resolution: "" for call in calls if call.resolution}
        | state.terms.known("resolution"),
        "type": {call.call_type: "" for call in calls if call.call_type} | state.terms.known("call_type"),
        "agent": {call.agent.id: call.agent.name for call in calls},
        "sms_status": {call.sms_status: "" for call in calls if call.sms_status},
        "email_status": {call.email_status: "" for call in calls if call.email_status},
    }
    texts = tuple(
        TextFilter(name, _(words), state.get(name), suggestions=tuple(sorted(seen[name].items())))
        for name, words in _TEXTS.items()
    )
    lengths = tuple(
        TextFilter(name, _(words), state.get(name), inputmode="numeric") for name, words in _SECONDS.items()
    )
    return texts + lengths


def chips(state: ListState) -> tuple[Chip, ...]:
    """Each applied filter with the address of the list without it."""
    return tuple(
        Chip(_(_NAMES[name]), _said(name, state.get(name), state), state.url(**{f"{name}_": None}))
        for name in ("range", "from", "to", "status", *_SELECTS, *_TEXTS, *_SECONDS, "caller", "q")
        if state.get(name)
    )


def _said(name: str, value: str, state: ListState) -> str:
    """A filter's value in words."""
    if name == "range":
        return _(_RANGE_CHIPS.get(value, value))
    if name in _SECONDS and value.isascii() and value.isdigit():
        return duration(int(value))
    if name == "caller":
        return phone(value)
    if name in {*_TEXTS, "q"}:
        labels = state.terms.known(_KINDS.get(name, ""))
        return value if name == "q" else ", ".join(labels.get(one, one) for one in value.split(","))
    if name in {"from", "to"}:
        day = _day(value, state)
        return spoken().writing.day(day) if day is not None else value
    return ", ".join(label(one) for one in value.split(",") if one)


def _day(value: str, state: ListState) -> date | None:
    moment = parse_time(value)
    if moment is not None:
        return moment.astimezone(ZoneInfo(state.zone)).date()
    return parse_day(value)


def _explain(error: FieldError, fault: Fault, state: ListState) -> tuple[str, str]:
    """The id of the field and what is wrong with it."""
    if fault.row is SENSITIVE_SEARCH_TERM:
        use = (fault.details or {}).get("use")
        advice = _SENSITIVE["caller" if use == "caller" else "from"]
        return "search", _(advice)
    name = error.field.removeprefix("query.")
    if name == "project_id":
        name = "caller" if state.get("caller") else "q"
    words = _WORDS.get(error.field)
    field = "search" if name == "q" else f"filter-{name}"
    said = _(words) if words else f"{_(_NAMES.get(name, name))}: {_(message(error.message_key))}"
    return field, said
