"""The state of the activity log as its address holds it, and what it asks of `/v1`.

The one thing a newcomer would get wrong: days are the tenant's, not a project's, here and in the API; and a
form sends its empty fields too, so an empty parameter is an absent one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aidial_contract.params import AUDIT_PARAMS
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/audit-log"
NARROWING: Final = ("preset", "actor", "action", "outcome", "project_id", "from", "to")
"""What makes the log smaller; "Clear" removes them all."""

_API_NAMES: Final = frozenset(param.name for param in AUDIT_PARAMS)


@dataclass(frozen=True, slots=True)
class LogState:
    """The parameters given, none of them empty, and the zone and moment they are read in."""

    query: Mapping[str, str]
    zone: str
    now: datetime

    def get(self, name: str) -> str:
        """A parameter's text, or an empty one."""
        return self.query.get(name, "")

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is applied."""
        return any(name in self.query for name in NARROWING)

    def url(self, **changes: str | None) -> str:
        """This log changed; a changed log starts at its newest event."""
        return with_query(PATH, self.query, **({"cursor": None} | changes))


def read_state(request: PortalRequest, now: datetime) -> LogState:
    """The state of the address, in the zone of the person's tenant."""
    known = request.session.known
    zones = {client.client_id: client.timezone for client in known.clients}
    query = {name: text for name, text in request.query.items() if text.strip() and name in _API_NAMES}
    return LogState(query, zones.get(known.client_id or "") or zone_of(request), now)
