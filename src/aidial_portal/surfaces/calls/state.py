"""The state of the call log as its address holds it, and what it asks of `/v1`.

The one thing a newcomer would get wrong: a form sends its empty fields too, so an empty parameter is an
absent one on the page, while on `/api` it is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from aidial_contract.named_days import named_days
from aidial_contract.params import CALL_FILTERS, CALL_LIST_PARAMS
from aidial_contract.query import Kind, QueryParam, parse_query
from aidial_contract.shapes.calls import MAX_TURNS
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import chosen_project, projects_of, zone_of_calls, zones_of_calls
from aidial_portal.surfaces.calls.terms import NO_TERMS, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/calls"
TURNS_STEP: Final = 500
"""How many turns of an open call are shown at first, and with each step on."""
TURNS: Final = QueryParam(
    "turns", Kind.WHOLE, "So many turns of the open call are shown.", (), 1, MAX_TURNS, TURNS_STEP
)
PAGE_PARAMS: Final = (*CALL_LIST_PARAMS, TURNS)
NARROWING: Final = ("range", "from", "to", *(param.name for param in CALL_FILTERS), "caller", "q")
"""What makes the list smaller: each is a chip, and "Clear" removes them all."""

_API_NAMES: Final = frozenset(param.name for param in CALL_LIST_PARAMS)


@dataclass(frozen=True, slots=True)
class ListState:
    """The parameters given, none of them empty, and the zone and moment they are read in.

    `has_zones`: the projects are in several zones, and every day and time is its own project's.
    `terms` are the projects' words for what calls may be, once they are known.
    """

    query: Mapping[str, str]
    zone: str
    now: datetime
    only_project_id: str | None
    terms: Terms = NO_TERMS
    has_zones: bool = False

    def get(self, name: str) -> str:
        """A parameter's text, or an empty one."""
        return self.query.get(name, "")

    @property
    def sort(self) -> str:
        """The order of the list."""
        return self.query.get("sort") or "-started_at"

    @property
    def turns(self) -> int:
        """How many turns of the open call are shown: whole steps, so that each address leads to the next."""
        return -(-int(self.query.get("turns") or TURNS_STEP) // TURNS_STEP) * TURNS_STEP

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is applied."""
        return any(name in self.query for name in NARROWING)

    def url(self, **changes: str | None) -> str:
        """This list changed; a changed list starts at its first page with nothing open."""
        return with_query(PATH, self.query, **({"cursor": None, "expand": None, "turns": None} | changes))

    def url_here(self, **changes: str | None) -> str:
        """This very page of the list, with a call opened or closed: how far one was read goes with it."""
        return with_query(PATH, self.query, **({"turns": None} | changes))

    def url_cleared(self) -> str:
        """The list without any filter."""
        return self.url(**dict.fromkeys((f"{name}_" for name in NARROWING), None))

    def without(self, name: str) -> ListState:
        """The same list, and nothing of it says what this parameter was."""
        return replace(self, query={one: text for one, text in self.query.items() if one != name})

    def check(self) -> None:
        """Raise 400 or 422 with every parameter that cannot be read."""
        given = {name: text for name, text in self.query.items() if name != "expand"}
        if self.only_project_id is not None:
            given["project_id"] = self.only_project_id
        parse_query(given.items(), PAGE_PARAMS)

    def asked(self) -> dict[str, str]:
        """The query of `/v1/calls`."""
        asked = {name: text for name, text in self.query.items() if name in _API_NAMES}
        if self.only_project_id is not None:
            asked["project_id"] = self.only_project_id
        return asked

    def asked_in_days(self) -> dict[str, str]:
        """The same query with a named range as the days it is now: of a list that is in one zone."""
        asked = self.asked()
        if (name := asked.pop("range", None)) is not None:
            first, last = named_days(name, ZoneInfo(self.zone), self.now)
            asked |= {"from": first.isoformat(), "to": last.isoformat()}
        return asked


def read_state(request: PortalRequest, now: datetime) -> ListState:
    """The state of the address; days chosen one by one win over a named range."""
    query = {name: text for name, text in request.query.items() if text.strip()}
    if "from" in query or "to" in query:
        query.pop("range", None)
    projects = projects_of(request)
    only = projects[0].project_id if len(projects) == 1 and chosen_project(request) is None else None
    zones = zones_of_calls(request)
    return ListState(query, zone_of_calls(request), now, only, has_zones=len(zones) > 1)
