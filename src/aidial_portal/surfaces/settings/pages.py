"""`/settings`: one section at a time, to change or to read.

The one thing a newcomer would get wrong: the page draws what `/v1` gave for this role. A summary is another,
smaller document, never a form without its button.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aidial_contract.access import Permission, level_of
from aidial_contract.sections import SECTIONS
from aidial_contract.shapes.governance import SECTION as GOVERNANCE
from aidial_portal.design.context import ActiveSessionsPage, NavItem, SettingsPage
from aidial_portal.design.links import with_query
from aidial_portal.kernel.answers import redirect
from aidial_portal.kernel.pages import draw, projects_of, zone_of
from aidial_portal.kernel.steps import deny
from aidial_portal.surfaces.settings import api, governance
from aidial_portal.surfaces.settings.words import FORMATS, TITLES, ZONES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from aidial_contract.access import Role
    from aidial_contract.section import Section
    from aidial_contract.shapes.sessions import ContextProject
    from aidial_portal.design.context import SessionRow
    from aidial_portal.kernel.request import PortalRequest
    from aidial_portal.kernel.route import Handler

    ListSessions = Callable[[PortalRequest], Awaitable[tuple[SessionRow, ...]]]

PATH: Final = "/settings"
PROFILE: Final = "profile"
ACTIVE_SESSIONS: Final = "active-sessions"
SESSION_MANAGEMENT: Final = "session-management"
"""What active sessions were called."""
_PROFILE_LABEL: Final = "Your profile"


async def show(profile: Handler, sessions: ListSessions, request: PortalRequest) -> Response:
    """The section asked for, the role's first one without; one's own profile is everybody's."""
    role = request.session.role
    listed = [
        one
        for one in SECTIONS
        if role is not None
        and level_of(role, one.view) is not None
        and (not one.per_project or projects_of(request))
    ]
    governs = role is not None and level_of(role, Permission.GOVERNANCE_EDIT) is not None
    first = GOVERNANCE if governs else listed[0].slug if listed else PROFILE
    slug = request.query.get("section", first)
    if slug == PROFILE:
        return await profile(request)
    if slug == GOVERNANCE and governs:
        return await governance.page(request, _menu(request, listed, GOVERNANCE))
    if slug in {ACTIVE_SESSIONS, SESSION_MANAGEMENT} and _has_sessions(role):
        if slug == SESSION_MANAGEMENT:
            return redirect(with_query(PATH, {"section": ACTIVE_SESSIONS}))
        menu = _menu(request, listed, ACTIVE_SESSIONS)
        page = ActiveSessionsPage(menu, await sessions(request), zone_of(request), datetime.now(UTC))
        return draw(request, page, path=PATH)
    section = next((one for one in listed if one.slug == slug), None)
    if section is None:
        await deny(request, "no such section, or not this role's")
    reference = request.query.get("project_ref")
    project = await api.project_for(section, request, reference)
    document = await api.read(section, request, project)
    return draw(request, _page(request, listed, section, project, document), path=PATH)


def _has_sessions(role: Role | None) -> bool:
    return role is not None and level_of(role, Permission.SESSIONS_MANAGE_OWN) is not None


def _page(
    request: PortalRequest,
    listed: list[Section],
    section: Section,
    project: ContextProject | None,
    document: Any,
) -> SettingsPage:
    title, about = TITLES[section.slug]
    changed = document.last_changed
    return SettingsPage(
        sections=_menu(request, listed, section.slug),
        kind=section.name,
        title=title,
        about=about,
        action=f"/api/settings/{section.slug}",
        mode=document.mode,
        version=document.version,
        value=document.working,
        counts=document.counts or {},
        changed_at=changed.at if changed else None,
        changed_by=changed.by if changed else None,
        timezone=project.timezone if project is not None else zone_of(request),
        document=document,
        projects=tuple(api.references(request)) if project is not None else (),
        project_ref=api.reference_of(request, project) if project is not None else "",
        now=datetime.now(UTC),
        your_address=request.client_ip,
        zones=ZONES,
        formats=FORMATS,
    )


def _menu(request: PortalRequest, listed: list[Section], current: str) -> tuple[NavItem, ...]:
    role = request.session.role
    governs = role is not None and level_of(role, Permission.GOVERNANCE_EDIT) is not None
    reference = request.query.get("project_ref")
    items = [
        (one.slug, TITLES[one.slug][0], {"project_ref": reference} if one.per_project and reference else {})
        for one in listed
    ]
    if governs:
        items.insert(0, (GOVERNANCE, "Data governance", {}))
    if _has_sessions(role):
        items.append((ACTIVE_SESSIONS, "Active sessions", {}))
    return (
        *(
            NavItem(
                title,
                with_query(PATH, {"section": slug, **kept}),
                "settings",
                is_current=slug == current,
            )
            for slug, title, kept in items
        ),
        NavItem(_PROFILE_LABEL, with_query(PATH, {"section": PROFILE}), "account"),
    )
