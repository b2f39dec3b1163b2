"""Banners above every page: the incidents that concern the reader, told with the session context.

The one thing a newcomer would get wrong: what somebody hid is remembered by incident AND version in a cookie
of the browser's session, so an update is shown again; a critical one cannot be hidden.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from aidial_portal.design.context import Incident
from aidial_portal.kernel.nextauth.cookies import first
from aidial_portal.kernel.steps import needs_second_factor
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Collection

    from aidial_contract.shapes.sessions import ContextIncident
    from aidial_portal.kernel.request import PortalRequest

HIDDEN: Final = "aidial.hidden"
MOST: Final = 3
_KEYS = re.compile(r"[0-9a-f-]{36}\.\d{1,9}")
_SEVERITIES: Final = {
    "minor": N_("Minor issue"),
    "major": N_("Service degradation"),
    "critical": N_("Critical disruption"),
}
_STATES: Final = {
    "investigating": N_("we are investigating"),
    "identified": N_("we know the cause and are fixing it"),
    "monitoring": N_("a fix is in place and we are watching it"),
}


def of(request: PortalRequest) -> tuple[Incident, ...]:
    """The gravest three that were not hidden; none for somebody who cannot open the status page yet."""
    if request.session.role is None or needs_second_factor(request.session):
        return ()
    hidden = set(_KEYS.findall(first(request.cookies, HIDDEN) or ""))
    shown = [
        one
        for one in request.session.known.incidents
        if one.severity == "critical" or key_of(one) not in hidden
    ]
    return tuple(_banner(one) for one in shown[:MOST])


def drop_ended(request: PortalRequest, active: Collection[str]) -> None:
    """Leave out of this page what is over by now: who the session is was asked up to a second ago."""
    known = request.session.known
    lasting = [one for one in known.incidents if one.incident_id in active]
    request.session.context = replace(known, incidents=lasting)


def key_of(incident: ContextIncident) -> str:
    """What stands for an incident as it is now."""
    return f"{incident.incident_id}.{incident.version}"


def _banner(incident: ContextIncident) -> Incident:
    is_critical = incident.severity == "critical"
    return Incident(
        title=incident.title,
        detail=_("{severity}: {state}.").format(
            severity=_(_SEVERITIES[incident.severity]), state=_(_STATES.get(incident.state, incident.state))
        ),
        tone="bad" if is_critical else "warn",
        dismiss="" if is_critical else key_of(incident),
    )
