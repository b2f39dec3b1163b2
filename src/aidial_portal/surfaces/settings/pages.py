"""`/settings`: one section at a time, to change or to read.

The one thing a newcomer would get wrong: the page draws what `/v1` gave for this role. A summary is another,
smaller document, never a form without its button.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aidial_contract.access import Permission, level_of
from aidial_contract.fault import Fault
from aidial_contract.sections import SECTIONS
from aidial_contract.shapes.entitlements import SECTION as ENTITLEMENTS
from aidial_contract.shapes.governance import SECTION as GOVERNANCE
from aidial_portal.design.context import ActiveSessionsPage, Menu, SectionGroup, SectionLink, SettingsPage
from aidial_portal.design.links import with_query
from aidial_portal.design.suggestions import FORMATS, ZONES
from aidial_portal.kernel.answers import redirect
from aidial_portal.kernel.pages import draw, projects_of, reading_zone_of
from aidial_portal.kernel.steps import deny
from aidial_portal.surfaces.settings import (
    api,
    customer_sessions,
    deletions,
    entitlements,
    exports,
    governance,
    history,
    reports,
)
from aidial_portal.surfaces.settings.words import TITLES
from aidial_portal.words import N_

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.responses import Response

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
_PROFILE_LABEL: Final = N_("Your profile")
ORGANISATION: Final = N_("Your organisation")
PHONE_LINES: Final = N_("Phone lines")
DATA: Final = N_("Data and reports")
YOU: Final = N_("You")
GROUPS: Final = (ORGANISATION, PHONE_LINES, DATA, YOU)
"""In the order of the menu."""


@dataclass(frozen=True, slots=True)
class Item:
    """A section in the menu; `kept` is what else stands in its address, `url` an address of its own."""

    slug: str
    label: str
    group: str
    kept: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, slots=True)
class PageSection:
    """A section with a page of its own: it is no document that is saved.

    `leads`: it is shown before those that are, where nobody said which. `url`: its own address, to which
    `page` leads.
    """

    slug: str
    label: str
    permission: Permission
    page: Callable[[PortalRequest, Menu], Awaitable[Response]]
    leads: bool = False
    group: str = DATA
    url: str = ""


PAGES: Final = (
    PageSection(exports.SECTION, N_("Data exports"), Permission.ACCOUNT_EXPORTS_MANAGE, exports.page),
    PageSection(deletions.SECTION, N_("Data deletion"), Permission.DELETIONS_SUBMIT, deletions.page),
    PageSection(GOVERNANCE, governance.TITLE, Permission.GOVERNANCE_EDIT, governance.page, leads=True),
    PageSection(
        deletions.SECTION,
        N_("Data deletion"),
        Permission.DELETIONS_REVIEW,
        deletions.page_of_reviewer,
        leads=True,
    ),
    PageSection(
        customer_sessions.SECTION,
        N_("Customers' sessions"),
        Permission.CUSTOMER_USERS_MANAGE,
        customer_sessions.page,
        leads=True,
        group=ORGANISATION,
    ),
    PageSection(
        ENTITLEMENTS,
        entitlements.TITLE,
        Permission.ENTITLEMENTS_VIEW,
        entitlements.moved,
        group=ORGANISATION,
        url=entitlements.PATH,
    ),
)
"""In the order in which they are shown."""


async def show(profile: Handler, sessions: ListSessions, request: PortalRequest) -> Response:
    """The section asked for, the role's first one without; one's own profile is everybody's."""
    listed, pages = _listed(request), _pages(sessions, request)
    items = _items(request, listed, pages)
    # Whoever sets nothing has their own profile in front.
    has_first = bool(listed) or any(one.leads for one in pages)
    slug = request.query.get("section", items[0].slug if has_first else PROFILE)
    if slug == PROFILE:
        return await profile(request)
    if slug == SESSION_MANAGEMENT and any(one.slug == ACTIVE_SESSIONS for one in pages):
        return redirect(with_query(PATH, {"section": ACTIVE_SESSIONS}))
    menu = _menu(items, slug)
    own_page = next((one for one in pages if one.slug == slug), None)
    if own_page is not None:
        return await own_page.page(request, menu)
    section = next((one for one in listed if one.slug == slug), None)
    if section is None:
        await deny(request, "no such section, or not this role's")
    return draw(request, await _of_section(request, menu, section), path=PATH)


async def show_history(section: Section, sessions: ListSessions, request: PortalRequest) -> Response:
    """Who changed a section, and what; the sections of the role beside it."""
    menu = _menu(_items(request, _listed(request), _pages(sessions, request)), section.slug)
    return draw(request, await history.page(section, request, menu), path=PATH)


async def show_governance_history(sessions: ListSessions, request: PortalRequest) -> Response:
    """Who changed a client's data governance, and what."""
    menu = _menu(_items(request, _listed(request), _pages(sessions, request)), GOVERNANCE)
    return draw(request, await governance.history_page(request, menu), path=PATH)


async def show_entitlements(sessions: ListSessions, request: PortalRequest) -> Response:
    """What a client's plan includes."""
    menu = _menu(_items(request, _listed(request), _pages(sessions, request)), ENTITLEMENTS)
    return draw(request, await entitlements.page(request, menu), path=PATH)


async def show_entitlements_history(sessions: ListSessions, request: PortalRequest) -> Response:
    """Who changed what a client's plan includes, and what."""
    menu = _menu(_items(request, _listed(request), _pages(sessions, request)), ENTITLEMENTS)
    return draw(request, await entitlements.history_page(request, menu), path=PATH)


def _listed(request: PortalRequest) -> list[Section]:
    """The sections this role has, where there is something to set."""
    role = request.session.role
    return [
        one
        for one in SECTIONS
        if role is not None
        and level_of(role, one.seen_by) is not None
        and (not one.per_project or projects_of(request))
    ]


def _pages(sessions: ListSessions, request: PortalRequest) -> list[PageSection]:
    role = request.session.role
    own = PageSection(
        ACTIVE_SESSIONS,
        N_("Active sessions"),
        Permission.SESSIONS_MANAGE_OWN,
        partial(_sessions, sessions),
        group=YOU,
    )
    return [one for one in (own, *PAGES) if role is not None and level_of(role, one.permission) is not None]


async def _of_section(request: PortalRequest, menu: Menu, section: Section) -> SettingsPage:
    project = await api.project_for(section, request, request.query.get("project_ref"))
    document = await api.read(section, request, project)
    page = _page(request, menu, section, project, document)
    if section is api.OPENING:
        page = await _with_opening(request, project, page)
    if section.slug == reports.SECTION:
        page = replace(page, reports=await reports.parts(request))
    return page


async def _with_opening(
    request: PortalRequest, project: ContextProject | None, page: SettingsPage
) -> SettingsPage:
    """The page with what the hours say of the moment asked about; what was typed when it is no time."""
    asked = request.query.get("at", "")
    try:
        return replace(page, asked_at=asked, opening=await api.read_opening(request, project))
    except Fault as fault:
        if not fault.field_errors:
            raise
        return replace(page, asked_at=asked)


async def _sessions(sessions: ListSessions, request: PortalRequest, menu: Menu) -> Response:
    page = ActiveSessionsPage(menu, await sessions(request), reading_zone_of(request), datetime.now(UTC))
    return draw(request, page, path=PATH)


def _page(
    request: PortalRequest,
    menu: Menu,
    section: Section,
    project: ContextProject | None,
    document: Any,
) -> SettingsPage:
    title, about = TITLES[section.slug]
    changed = document.last_changed
    return SettingsPage(
        sections=menu,
        kind=section.name,
        title=title,
        about=about,
        action=f"/api/settings/{section.slug}",
        history_url=history.address(section, request.query.get("project_ref")),
        mode=document.mode,
        version=document.version,
        value=document.working,
        counts=document.counts or {},
        changed_at=changed.at if changed else None,
        changed_by=changed.by if changed else None,
        timezone=project.timezone if project is not None else reading_zone_of(request),
        document=document,
        projects=tuple(api.references(request)) if project is not None else (),
        project_ref=api.reference_of(request, project) if project is not None else "",
        in_runtime=section.in_runtime,
        now=datetime.now(UTC),
        your_address=request.client_ip,
        zones=ZONES,
        formats=FORMATS,
    )


def _items(request: PortalRequest, listed: list[Section], pages: list[PageSection]) -> list[Item]:
    """Each section this role has, in the order in which one of them is shown first."""
    reference = request.query.get("project_ref")
    return [
        *(Item(one.slug, one.label, one.group) for one in pages if one.leads),
        *(
            Item(
                one.slug,
                TITLES[one.slug][0],
                _group(one),
                {"project_ref": reference} if one.per_project and reference else {},
            )
            for one in listed
        ),
        *(Item(one.slug, one.label, one.group, url=one.url) for one in pages if not one.leads),
    ]


def _group(section: Section) -> str:
    if section.slug == reports.SECTION:
        return DATA
    return PHONE_LINES if section.per_project else ORGANISATION


def _menu(items: list[Item], current: str) -> Menu:
    """By group, whoever asks; a group without a section of this role is left out."""
    all_items = (*items, Item(PROFILE, _PROFILE_LABEL, YOU))
    groups = (
        SectionGroup(
            group,
            tuple(
                SectionLink(
                    one.slug,
                    one.label,
                    one.url or with_query(PATH, {"section": one.slug, **one.kept}),
                    is_current=one.slug == current,
                )
                for one in all_items
                if one.group == group
            ),
        )
        for group in GROUPS
    )
    return tuple(group for group in groups if group.links)
