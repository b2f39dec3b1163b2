"""Publishing an incident, and saying how it goes on.

The one thing a newcomer would get wrong: the lines an incident may concern are those of one tenant, which is
chosen first, in the address; without one it concerns everybody.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aidial_contract.shapes.ops import TenantList
from aidial_contract.shapes.status import SEVERITIES
from aidial_portal.design.context import (
    Choice,
    IncidentPage,
    IncidentShown,
    IncidentUpdateShown,
    NewIncidentPage,
)
from aidial_portal.design.filters import label
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import draw, reading_zone_of
from aidial_portal.surfaces.ops.client import find_incident
from aidial_portal.surfaces.ops.places import INCIDENTS, NEW_INCIDENT, places

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_contract.shapes.ops import Tenant
    from aidial_contract.shapes.status import Incident
    from aidial_portal.kernel.request import PortalRequest

MAX_TEXT: Final = 200
_MOST_ALIKE: Final = 20
_NOT_THERE: Final = "There is no tenant with that id or name. Look it up under Tenants."
_WHICH: Final = "There is no tenant with exactly that id. Do you mean one of these?"
_MEANS: Final = {
    "minor": "Minor: something small does not work",
    "major": "Major: a part of the service works worse",
    "critical": "Critical: a main part does not work",
}
_MOVES: Final = {
    "investigating": "We are still investigating",
    "identified": "We know the cause",
    "monitoring": "A fix is in place, we are watching",
    "resolved": "It is resolved",
}


async def new_incident(request: PortalRequest) -> Response:
    """`/ops/incidents/new`: the form, with the lines of the tenant that is chosen."""
    wanted = request.query.get("tenant", "").strip()
    tenant = await _tenant(request, wanted) if wanted else None
    alike = await _alike(request, wanted) if wanted and tenant is None else ()
    page = NewIncidentPage(
        severities=tuple(Choice(_MEANS[one], one) for one in SEVERITIES),
        places=places(INCIDENTS),
        tenant=wanted,
        tenant_name=tenant.name if tenant is not None else "",
        lines=tuple(Choice(one.display_name, one.project_id) for one in tenant.projects) if tenant else (),
        failure=(_WHICH if alike else _NOT_THERE) if wanted and tenant is None else None,
        alike=alike,
    )
    return draw(request, page, path=NEW_INCIDENT)


async def _tenant(request: PortalRequest, wanted: str) -> Tenant | None:
    """The tenant of exactly this id."""
    named = {"tenant": wanted.lower()[:MAX_TEXT]}
    found = (await request.api.get("/v1/ops/tenants", TenantList, query=named, records=True)).tenants
    return found[0] if found else None


async def _alike(request: PortalRequest, wanted: str) -> tuple[Choice, ...]:
    """Some whose id or name holds what was typed, to choose from."""
    query = {"q": wanted[:MAX_TEXT], "limit": str(_MOST_ALIKE)}
    listed = await request.api.get("/v1/ops/tenants", TenantList, query=query, records=True)
    return tuple(
        Choice(
            f"{one.name} ({one.client_id})",
            one.client_id,
            with_query(NEW_INCIDENT, {}, tenant=one.client_id),
        )
        for one in listed.tenants
    )


async def incident(request: PortalRequest) -> Response:
    """`/ops/incidents/{incident_id}`: what was said, and the form that says more."""
    found = (await find_incident(request)).incident
    page = IncidentPage(
        timezone=reading_zone_of(request),
        now=datetime.now(UTC),
        incident=_shown(found),
        api_url=f"/api/ops/incidents/{found.incident_id}",
        version=found.version,
        concerns=_concerns(found),
        moves=tuple(Choice(_MOVES.get(one, label(one)), one) for one in found.allowed),
        places=places(INCIDENTS),
    )
    return draw(request, page, path=f"{INCIDENTS}/{found.incident_id}")


def _concerns(one: Incident) -> str:
    if one.concerns_everybody:
        return "Everybody"
    return f"{len(one.project_ids)} phone line{'' if len(one.project_ids) == 1 else 's'}"


def _shown(one: Incident) -> IncidentShown:
    return IncidentShown(
        incident_id=one.incident_id,
        severity=one.severity,
        state=one.state,
        title=one.title,
        started_at=one.created_at,
        updates=tuple(IncidentUpdateShown(said.state, said.message, said.at) for said in one.updates),
        resolved_at=one.resolved_at,
        duration_seconds=one.duration_seconds,
    )
