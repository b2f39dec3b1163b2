"""The filters of the ticket list: form, chips, and what is wrong with one, in words.

The one thing a newcomer would get wrong: a form sends its empty fields too, so an empty parameter is an
absent one on the page, while on `/api` it is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aidial_contract.messages import text as message
from aidial_contract.params import TICKET_PARAMS
from aidial_contract.shapes.support import CATEGORIES, PRIORITIES, TICKET_STATUSES
from aidial_portal.design.context import Chip, Choice, Select, TextFilter, TicketFilters
from aidial_portal.design.filters import label
from aidial_portal.design.links import with_query
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aidial_contract.fault import Fault, FieldError
    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/support"
_SELECTS: Final = {
    "status": (N_("Status"), TICKET_STATUSES),
    "priority": (N_("Priority"), PRIORITIES),
    "category": (N_("Category"), CATEGORIES),
}
NARROWING: Final = (*_SELECTS, "q")
"""What makes the list smaller: each is a chip, and "Clear" removes them all."""

_NAMES: Final = {**{name: words for name, (words, _values) in _SELECTS.items()}, "q": N_("Subject")}
_WORDS: Final = {
    "query.cursor": N_("This part of the list has moved. Open the list again from its start."),
}
_API_NAMES: Final = frozenset(param.name for param in TICKET_PARAMS)


@dataclass(frozen=True, slots=True)
class ListState:
    """The parameters given, none of them empty."""

    query: Mapping[str, str]

    def get(self, name: str) -> str:
        """A parameter's text, or an empty one."""
        return self.query.get(name, "")

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is applied."""
        return any(name in self.query for name in NARROWING)

    def url(self, **changes: str | None) -> str:
        """This list changed; a changed list starts at its first page."""
        return with_query(PATH, self.query, **({"cursor": None} | changes))

    @property
    def kept(self) -> dict[str, str]:
        """What another project's list keeps."""
        return {name: self.get(name) for name in NARROWING if self.get(name)}


def read_state(request: PortalRequest) -> ListState:
    """The state of the address."""
    return ListState(
        {name: text for name, text in request.query.items() if text.strip() and name in _API_NAMES}
    )


def filter_form(state: ListState, fault: Fault | None) -> TicketFilters:
    """The form as applied."""
    return TicketFilters(
        selects=tuple(_select(name, words, values, state) for name, (words, values) in _SELECTS.items()),
        subject=TextFilter("q", _("Subject holds"), state.get("q")),
        hidden=tuple((name, state.get(name)) for name in ("project_id", "client_id") if state.get(name)),
        errors=tuple(_explain(error) for error in fault.field_errors) if fault is not None else (),
    )


def _select(name: str, words: str, values: Iterable[str], state: ListState) -> Select:
    chosen = state.get(name)
    options = ["", *values]
    if chosen not in options:
        options.append(chosen)
    choices = (Choice(said(one) or _("Any"), one, is_current=one == chosen) for one in options)
    return Select(name, _(words), tuple(choices))


def said(value: str) -> str:
    """A filter's value in words: `open,closed` reads `Open, Closed`."""
    return ", ".join(label(one) for one in value.split(",") if one)


def chips(state: ListState) -> tuple[Chip, ...]:
    """Each applied filter with the address of the list without it."""
    return tuple(
        Chip(
            _(_NAMES[name]),
            state.get(name) if name == "q" else said(state.get(name)),
            state.url(**{name: None}),
        )
        for name in NARROWING
        if state.get(name)
    )


def _explain(error: FieldError) -> tuple[str, str]:
    """The id of the field and what is wrong with it."""
    name = error.field.removeprefix("query.")
    words = _WORDS.get(error.field)
    said = _(words) if words else f"{_(_NAMES.get(name, name))}: {_(message(error.message_key))}"
    return f"filter-{name}", said
