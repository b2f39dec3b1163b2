"""The filters of the activity log: presets, form, chips, and what is wrong with one, in words.

The one thing a newcomer would get wrong: a value that the lists do not offer (an old link, another tenant's
actor) stays chosen and visible, so nobody wonders why the log is empty.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from aidial_contract.checking import parse_day, parse_time
from aidial_contract.messages import text as message
from aidial_contract.shapes.audit import OUTCOMES
from aidial_portal.design.context import AuditFilters, Chip, Choice, Select
from aidial_portal.design.filters import label
from aidial_portal.surfaces.audit.state import LogState
from aidial_portal.surfaces.audit.words import PRESET_NAMES, actions_of, sentence
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_contract.fault import Fault, FieldError
    from aidial_contract.shapes.audit import AuditActorChoice

_NAMES: Final = {
    "preset": N_("Area"),
    "actor": N_("Who"),
    "action": N_("What"),
    "outcome": N_("Result"),
    "project_id": N_("Project"),
    "from": N_("From"),
    "to": N_("To"),
}
_PERIODS: Final = {N_("Today"): 1, N_("7 days"): 7, N_("30 days"): 30}
_WORDS: Final = {
    "query.cursor": N_("This part of the log has moved. Open the log again from its start."),
    "query.to": N_("The last day must be a day, and not before the first."),
}


def filter_form(
    state: LogState,
    actors: list[AuditActorChoice],
    projects: Mapping[str, str],
    fault: Fault | None,
) -> AuditFilters:
    """The form as applied; `projects` are names by id."""
    areas = {"": _("All activity"), **{name: _(words) for name, words in PRESET_NAMES.items()}}
    people = {one.id: who(one.label) for one in actors}
    selects = [
        _select("actor", {"": _("Anyone"), **people}, state),
        _select("action", {"": _("Anything"), **{one: sentence(one) for one in _actions(state)}}, state),
        _select("outcome", {"": _("Any"), **{one: label(one) for one in OUTCOMES}}, state),
    ]
    if len(projects) > 1:
        selects.append(_select("project_id", {"": _("Any"), **projects}, state))
    return AuditFilters(
        presets=tuple(
            Choice(words, url=state.url(preset=name, action=None), is_current=state.get("preset") == name)
            for name, words in areas.items()
        ),
        selects=tuple(selects),
        periods=_periods(state),
        from_date=_day(state.get("from"), state),
        to_date=_day(state.get("to"), state),
        hidden=(("preset", state.get("preset")),) if state.get("preset") else (),
        errors=tuple(_explain(error) for error in fault.field_errors) if fault is not None else (),
    )


def _periods(state: LogState) -> tuple[Choice, ...]:
    """Today, the last week, the last month: days of the tenant's."""
    today = state.now.astimezone(ZoneInfo(state.zone)).date()
    begins = {words: (today - timedelta(days=days - 1)).isoformat() for words, days in _PERIODS.items()}
    return tuple(
        Choice(
            _(words),
            url=state.url(from_=begin or None, to_=None),
            is_current=state.get("from") == begin and not state.get("to"),
        )
        for words, begin in {N_("Any time"): "", **begins}.items()
    )


def who(name: str) -> str:
    """A name as a row begins: `Key ending 1a2b`; an e-mail address as it is."""
    return name if "@" in name else name[:1].upper() + name[1:]


def _actions(state: LogState) -> tuple[str, ...]:
    return actions_of(state.get("preset"))


def _select(name: str, options: Mapping[str, str], state: LogState) -> Select:
    chosen = state.get(name)
    offered = dict(options) if chosen in options else {**options, chosen: _said(name, chosen)}
    return Select(
        name,
        _(_NAMES[name]),
        tuple(Choice(words, value, is_current=value == chosen) for value, words in offered.items()),
    )


def chips(state: LogState, actors: list[AuditActorChoice], projects: Mapping[str, str]) -> tuple[Chip, ...]:
    """Each applied filter but the preset with the address of the log without it."""
    names = {one.id: who(one.label) for one in actors} | dict(projects)
    return tuple(
        Chip(
            _(_NAMES[name]),
            names.get(state.get(name)) or _said(name, state.get(name)),
            state.url(**{f"{name}_": None}),
        )
        for name in ("actor", "action", "outcome", "project_id", "from", "to")
        if state.get(name)
    )


def _said(name: str, value: str) -> str:
    """A filter's value in words."""
    if name == "action":
        return ", ".join(sentence(one) for one in value.split(",") if one)
    if name == "outcome":
        return ", ".join(label(one) for one in value.split(",") if one)
    return value


def _day(value: str, state: LogState) -> date | None:
    moment = parse_time(value)
    if moment is not None:
        return moment.astimezone(ZoneInfo(state.zone)).date()
    return parse_day(value)


def _explain(error: FieldError) -> tuple[str, str]:
    """The id of the field and what is wrong with it."""
    name = error.field.removeprefix("query.")
    words = _WORDS.get(error.field)
    said = _(words) if words else f"{_(_NAMES.get(name, name))}: {_(message(error.message_key))}"
    return f"filter-{name}", said
