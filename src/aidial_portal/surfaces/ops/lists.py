"""The lists of operations as pages: incidents, tenants, live sessions, jobs and dead letters.

The one thing a newcomer would get wrong: a form sends its empty fields too, so an empty parameter is an
absent one on a page, while on `/api` it is an error.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aidial_contract.access import Permission, level_of
from aidial_contract.shapes.ops import JOB_STATES, JobList, LiveSessionList, TenantList
from aidial_contract.shapes.status import IncidentList
from aidial_portal.design.context import Choice, OpsCell, OpsListPage, OpsRowsFragment
from aidial_portal.design.filters import duration, label
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import ROLE_NAMES, draw, draw_fragment, reading_zone_of, wants_fragment
from aidial_portal.surfaces.ops.places import (
    DEAD_LETTERS,
    INCIDENTS,
    JOBS,
    NEW_INCIDENT,
    SESSIONS,
    TENANTS,
    places,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from aidial_contract.shapes.ops import BackgroundJob, JobQueue, LiveSession, Tenant
    from aidial_contract.shapes.status import Incident
    from aidial_portal.kernel.request import PortalRequest

_ROLES = {str(role): words for role, words in ROLE_NAMES.items()}
Rows = tuple[tuple[OpsCell, ...], ...]


async def incidents(request: PortalRequest) -> Response:
    """`/ops/incidents`: every incident, newest first."""
    query = query_of(request)
    found = await request.api.get("/v1/incidents", IncidentList, query=query)
    return draw_list(
        request,
        path=INCIDENTS,
        heading="Incidents",
        detail="What customers are told when something does not work.",
        columns=("Incident", "Severity", "State", "Concerns", "Began"),
        rows=tuple(_incident(one) for one in found.incidents),
        next_cursor=found.next_cursor,
        empty=("No incident yet", "Publish one when something does not work for customers.", "check"),
        noun="incidents",
        action=("New incident", NEW_INCIDENT),
        filters=choices(
            INCIDENTS,
            query,
            (("All", ""), ("Active", "investigating,identified,monitoring"), ("Resolved", "resolved")),
        ),
    )


def _incident(one: Incident) -> tuple[OpsCell, ...]:
    lines = len(one.project_ids)
    concerns = "Everybody" if one.concerns_everybody else f"{lines} phone line{'' if lines == 1 else 's'}"
    return (
        OpsCell(one.title, url=f"{INCIDENTS}/{one.incident_id}"),
        OpsCell(one.severity, is_status=True),
        OpsCell(one.state, is_status=True),
        OpsCell(concerns),
        OpsCell(at=one.created_at),
    )


async def tenants(request: PortalRequest) -> Response:
    """`/ops/tenants`: every tenant, by id."""
    query = query_of(request)
    found = await request.api.get("/v1/ops/tenants", TenantList, query=query, records=True)
    return draw_list(
        request,
        path=TENANTS,
        heading="Tenants",
        detail="Every business on AiDial, and its phone lines.",
        columns=("Tenant", "State", "Partner", "Phone lines", "Since"),
        rows=tuple(_tenant(one) for one in found.tenants),
        next_cursor=found.next_cursor,
        empty=("No tenant yet", "Partners provision their clients; each appears here.", "clients"),
        noun="tenants",
        search=query.get("q", ""),
        search_label="Name or id holds",
    )


def _tenant(one: Tenant) -> tuple[OpsCell, ...]:
    return (
        OpsCell(one.name, quiet=one.client_id),
        OpsCell(one.lifecycle, is_status=True, quiet="Test" if one.environment == "test" else ""),
        OpsCell(one.partner_org or ""),
        OpsCell(str(one.project_count), quiet=", ".join(line.display_name for line in one.projects[:5])),
        OpsCell(at=one.created_at),
    )


async def sessions(request: PortalRequest) -> Response:
    """`/ops/sessions`: who is signed in."""
    query = query_of(request)
    found = await request.api.get("/v1/ops/sessions", LiveSessionList, query=query, records=True)
    return draw_list(
        request,
        path=SESSIONS,
        heading="Sessions",
        detail="Who is signed in right now.",
        columns=("Person", "Role", "Device", "Second factor", "Last active"),
        rows=tuple(_session(one) for one in found.sessions),
        next_cursor=found.next_cursor,
        empty=("Nobody is signed in", "Sessions appear here as people sign in.", "account"),
        noun="sessions",
    )


def _session(one: LiveSession) -> tuple[OpsCell, ...]:
    return (
        OpsCell(one.person, quiet=one.organisation or ("AiDial" if one.role else "")),
        OpsCell(_ROLES.get(one.role or "", "No role")),
        OpsCell(one.device),
        OpsCell("Shown" if one.second_factor else "Not shown"),
        OpsCell(at=one.last_active_at),
    )


async def jobs(request: PortalRequest) -> Response:
    """`/ops/jobs`: what the worker has to do."""
    query = query_of(request)
    found = await request.api.get("/v1/ops/jobs", JobList, query=query, records=True)
    states = (("All", ""), *((label(state), state) for state in JOB_STATES))
    return draw_list(
        request,
        path=JOBS,
        heading="Jobs",
        detail="Background work that waits, runs or failed. What succeeded is deleted.",
        columns=("Job", "State", "Attempts", "Due", "About"),
        rows=tuple(_job(one) for one in found.jobs),
        next_cursor=found.next_cursor,
        empty=("No background work waits", "Jobs appear here when there is something to do later.", "clock"),
        noun="jobs",
        facts=_facts(found.queue),
        filters=choices(JOBS, query, states),
    )


async def dead_letters(request: PortalRequest) -> Response:
    """`/ops/dead-letters`: jobs that failed for good."""
    query = {**query_of(request), "state": "failed"}
    found = await request.api.get("/v1/ops/jobs", JobList, query=query, records=True)
    role = request.session.role
    may_retry = role is not None and level_of(role, Permission.OPS_MANAGE) is not None
    return draw_list(
        request,
        path=DEAD_LETTERS,
        heading="Dead letters",
        detail="Background work that failed every time it was tried.",
        columns=("Job", "Attempts", "Failed", "About", *(("Action",) if may_retry else ())),
        rows=tuple(_dead_letter(one, may_retry=may_retry) for one in found.jobs),
        next_cursor=found.next_cursor,
        empty=("Nothing failed for good", "A job that fails every time it is tried ends up here.", "check"),
        noun="dead letters",
    )


def _job(one: BackgroundJob) -> tuple[OpsCell, ...]:
    due = OpsCell(at=one.due_at) if one.due_at is not None else OpsCell("At once")
    return (
        OpsCell(one.name, quiet=f"No. {one.job_id}"),
        OpsCell(one.state, is_status=True),
        OpsCell(str(one.attempts)),
        due,
        OpsCell(quiet=_about(one)),
    )


def _dead_letter(one: BackgroundJob, *, may_retry: bool) -> tuple[OpsCell, ...]:
    again = OpsCell("Run again", posts=f"/api/ops/jobs/{one.job_id}/retry")
    return (
        OpsCell(one.name, quiet=f"No. {one.job_id}"),
        OpsCell(str(one.attempts)),
        OpsCell(at=one.failed_at),
        OpsCell(quiet=_about(one)),
        *((again,) if may_retry else ()),
    )


def _about(one: BackgroundJob) -> str:
    return (
        ", ".join(f"{label(name)} {value}" for name, value in sorted(one.ids.items()) if value) or "Nothing"
    )


def _facts(queue: JobQueue) -> tuple[tuple[str, str], ...]:
    oldest = queue.oldest_due_seconds
    return (
        ("Due now", str(queue.due)),
        ("The oldest waits", "Nothing is due" if oldest is None else duration(max(0, oldest))),
        ("For later", str(queue.waiting - queue.due)),
        ("Running", str(queue.running)),
        ("Failed", str(queue.failed)),
    )


def query_of(request: PortalRequest) -> dict[str, str]:
    """What a list is asked for; a form sends its empty fields too."""
    return {name: text for name, text in request.query.items() if text.strip()}


def choices(path: str, query: dict[str, str], listed: Iterable[tuple[str, str]]) -> tuple[Choice, ...]:
    """A switch of states: words and state each."""
    chosen = query.get("state", "")
    return tuple(
        Choice(words, state, with_query(path, {}, state=state), is_current=state == chosen)
        for words, state in listed
    )


def draw_list(  # noqa: PLR0913 - what a list says of itself
    request: PortalRequest,
    *,
    path: str,
    heading: str,
    detail: str,
    columns: tuple[str, ...],
    rows: Rows,
    next_cursor: str | None,
    empty: tuple[str, str, str],
    noun: str,
    facts: tuple[tuple[str, str], ...] = (),
    filters: tuple[Choice, ...] = (),
    search: str | None = None,
    search_label: str = "",
    action: tuple[str, str] | None = None,
    note: str = "",
) -> Response:
    """A list as a page, or only its next rows."""
    query = query_of(request)
    is_narrowed = bool(set(query) - {"limit", "sort"})
    page = OpsListPage(
        state="ready" if rows else "no_match" if is_narrowed else "no_data",
        timezone=reading_zone_of(request),
        now=datetime.now(UTC),
        path=path,
        heading=heading,
        detail=detail,
        places=places(path),
        columns=columns,
        rows=rows,
        empty=empty,
        noun=noun,
        facts=facts,
        filters=filters,
        search=search,
        search_label=search_label,
        action=action,
        note=note,
        next_url=with_query(path, query, cursor=next_cursor) if next_cursor else None,
    )
    if wants_fragment(request):
        return draw_fragment(OpsRowsFragment(page))
    return draw(request, page, path=path)
