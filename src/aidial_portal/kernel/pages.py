"""What every page has in common: its row, the shell around it, and parts that may fail on their own.

The one thing a newcomer would get wrong: the URL holds the state. The chosen project is `?project_id=` and
nothing else; links keep it, and nothing remembers it between visits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from aidial_contract.access import Permission, Role, level_of
from aidial_contract.fault import Fault
from aidial_contract.scope import ScopeKind
from aidial_contract.zones import clocks_agree
from aidial_portal.design import engine
from aidial_portal.design.context import BareContext, NavItem, ProjectChoice, ShellContext
from aidial_portal.design.links import with_query
from aidial_portal.kernel import answers, banners, display, ending
from aidial_portal.kernel.nextauth.cookies import Cookie, first
from aidial_portal.kernel.nextauth.csrf import check_csrf
from aidial_portal.kernel.route import (
    CALL_DENIAL,
    HTML,
    NO_BODY,
    Access,
    Handler,
    Kind,
    PendingWhen,
    Precondition,
    Route,
    RouteScope,
    WithoutContext,
)
from aidial_portal.kernel.steps import needs_second_factor
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from starlette.responses import Response

    from aidial_contract.query import QueryParam
    from aidial_contract.shapes.sessions import ContextProject
    from aidial_portal.design.context import Page, SearchBox, Theme
    from aidial_portal.kernel.limits import Bucket
    from aidial_portal.kernel.request import PortalRequest

T = TypeVar("T")
FALLBACK_ZONE: Final = "Australia/Sydney"
SELF: Final = RouteScope(kind=ScopeKind.SELF, client_id=None, project_id=None)
NOBODY: Final = RouteScope(kind=ScopeKind.NOBODY, client_id=None, project_id=None)
PROJECTS: Final = RouteScope(
    kind=ScopeKind.PROJECTS, client_id="query.client_id", project_id="query.project_id"
)
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the menu, shown to roles that hold its permission.

    `keeps_project`: it has a project. `unless`: whoever holds this has another place for the same.
    """

    label: str
    path: str
    icon: str
    permission: Permission
    keeps_project: bool
    unless: Permission | None = None


MENU: Final = (
    Place(N_("Dashboard"), "/", "dashboard", Permission.DASHBOARD_VIEW, keeps_project=True),
    Place(N_("Calls"), "/calls", "calls", Permission.CALLS_VIEW, keeps_project=True),
    Place(N_("Support"), "/support", "support", Permission.SUPPORT_USE, keeps_project=True),
    Place(
        N_("Billing"),
        "/billing/usage",
        "billing",
        Permission.BILLING_VIEW,
        keeps_project=False,
        unless=Permission.BILLING_CHOOSE_CLIENT,
    ),
    Place(N_("Activity"), "/audit-log", "activity", Permission.AUDIT_VIEW, keeps_project=False),
    Place(N_("Settings"), "/settings", "settings", Permission.TENANT_SETTINGS_VIEW, keeps_project=False),
    Place(
        N_("Billing"), "/partner/billing", "billing", Permission.BILLING_CHOOSE_CLIENT, keeps_project=False
    ),
    Place(N_("Projects"), "/projects", "projects", Permission.WORKSPACE_VIEW, keeps_project=False),
    Place(N_("Operations"), "/ops", "operations", Permission.OPS_VIEW, keeps_project=False),
    Place(
        N_("Settings"),
        "/settings",
        "settings",
        Permission.GOVERNANCE_EDIT,
        keeps_project=False,
        unless=Permission.TENANT_SETTINGS_VIEW,
    ),
    Place(
        N_("Settings"),
        "/settings",
        "settings",
        Permission.REPORTS_HISTORY,
        keeps_project=False,
        unless=Permission.TENANT_SETTINGS_VIEW,
    ),
    Place(N_("Status"), "/status", "status", Permission.STATUS_VIEW, keeps_project=False),
)
"""In the order of the rail; only pages that exist."""

ROLE_NAMES: Final = {
    Role.CLIENT_ADMIN: N_("Administrator"),
    Role.CLIENT_MANAGER: N_("Manager"),
    Role.CLIENT_STAFF: N_("Staff"),
    Role.PARTNER_ADMIN: N_("Partner administrator"),
    Role.PARTNER_USER: N_("Partner"),
    Role.AIDIAL_ADMIN: N_("AiDial administrator"),
    Role.AIDIAL_OPERATOR: N_("AiDial operator"),
}


def page_row(  # noqa: PLR0913 - a row is its policy, said in full
    path: str,
    name: str,
    handler: Handler,
    *,
    access: Access | PendingWhen,
    permission: Permission | None,
    scope: RouteScope,
    query: frozenset[str] = frozenset(),
    params: tuple[QueryParam, ...] = (),
    bucket: Bucket | None = None,
    denial: str = CALL_DENIAL,
) -> Route:
    """The row of a page that is read: a denial costs the one call a missing id costs."""
    return Route(
        method="GET",
        path=path,
        name=name,
        handler=handler,
        kind=Kind.PAGE,
        access=access,
        permission=permission,
        scope=scope,
        query=query | {param.name for param in params},
        params=params,
        bucket=bucket,
        body=NO_BODY,
        produces=HTML,
        precondition=Precondition.NONE,
        denial="" if access is Access.PUBLIC else denial,
        without_context=WithoutContext.FAIL,
    )


async def part(work: Awaitable[T]) -> T | Fault:
    """A part of a page, or the 5xx that kept it away; a 4xx concerns the whole page and is raised."""
    try:
        return await work
    except Fault as fault:
        if fault.row.status < _SERVER_ERROR:
            raise
        return fault


async def require_address(request: PortalRequest) -> None:
    """403 `ip_not_allowed` on a page that would ask `/v1` nothing: only `/v1` keeps the allowlists."""
    await request.api.call("GET", "/v1/projects")


def projects_of(request: PortalRequest) -> list[ContextProject]:
    """The projects in reach."""
    return request.session.known.projects


def chosen_project(request: PortalRequest) -> ContextProject | None:
    """The project of `?project_id=`; the guard made sure that it is in reach."""
    wanted = request.query.get("project_id")
    if wanted is None:
        return None
    return next((one for one in projects_of(request) if one.project_id == wanted), None)


def _only_project(request: PortalRequest) -> ContextProject | None:
    projects = projects_of(request)
    return projects[0] if len(projects) == 1 else None


def zone_of(request: PortalRequest) -> str:
    """The zone of no calls: the chosen project's, the tenant's, the first project's, the person's."""
    known, chosen = request.session.known, chosen_project(request)
    if chosen is not None:
        return chosen.timezone
    own = [client.timezone for client in known.clients if client.client_id == known.client_id]
    zones = own + [project.timezone for project in projects_of(request)]
    if zones:
        return zones[0]
    user = known.user
    return (user.timezone if user is not None else None) or FALLBACK_ZONE


def zones_of_calls(request: PortalRequest) -> tuple[str, ...]:
    """The zones that days and times of calls are told in: those of the projects a page is about.

    Of zones whose clocks always agree, such as Sydney's and Melbourne's, the first stands for all.
    """
    chosen, client_id = chosen_project(request), request.query.get("client_id")
    shown = [chosen] if chosen is not None else projects_of(request)
    zones: list[str] = []
    for zone in dict.fromkeys(one.timezone for one in shown if not client_id or one.client_id == client_id):
        if not any(clocks_agree(zone, known) for known in zones):
            zones.append(zone)
    return tuple(zones)


def zone_of_calls(request: PortalRequest) -> str:
    """The one zone of a page of calls: its projects' where they share one, else as for any page."""
    zones = zones_of_calls(request)
    return zones[0] if len(zones) == 1 else zone_of(request)


def zone_of_project(request: PortalRequest, project_id: str) -> str:
    """The zone of what belongs to one project, wherever it is shown."""
    zones = (one.timezone for one in projects_of(request) if one.project_id == project_id)
    return next(zones, zone_of(request))


def reading_zone_of(request: PortalRequest) -> str:
    """The zone of pages that no project decides: the person's own, where they chose one."""
    user = request.session.known.user
    if chosen_project(request) is None and user is not None and user.timezone:
        return user.timezone
    return zone_of(request)


def draw(
    request: PortalRequest,
    page: Page,
    *,
    path: str,
    switcher: Mapping[str, str] | None = None,
    search: SearchBox | None = None,
    status: int = 200,
) -> Response:
    """A signed-in page in its shell. `path` is its place.

    `switcher` is given where the content depends on the chosen project: the state another one keeps.
    """
    html = engine.render(page, _shell(request, path=path, switcher=switcher, search=search))
    return answers.html_answer(html, status)


def draw_bare(request: PortalRequest, page: Page, status: int = 200) -> Response:
    """A page without the signed-in shell."""
    shell = BareContext(csp_nonce=request.nonce(), request_id=request.request_id, theme=_theme(request))
    return answers.html_answer(engine.render(page, shell), status)


def draw_fragment(page: Page) -> Response:
    """A piece of a page for a script that puts it in place."""
    return answers.html_answer(engine.render(page))


def wants_fragment(request: PortalRequest) -> bool:
    """Whether a script asks, not a browser that navigates."""
    return request.headers.get("hx-request") == "true"


def auth_csrf_token(request: PortalRequest) -> str:
    """next-auth's CSRF token, for forms that post to `/api/auth/`; its cookie is set when there is none."""
    portal = request.portal
    sent = first(request.cookies, portal.names.csrf)
    state = check_csrf(portal.settings.nextauth_secret, cookie_value=sent, body_token=None)
    if state.cookie_value is not None:
        request.set_cookies.append(Cookie(portal.names.csrf, state.cookie_value))
    return state.token


def person_name(request: PortalRequest) -> str:
    """What the person is called: their name, or their e-mail address."""
    user = request.session.known.user
    if user is None:
        return _("You")
    return " ".join(word for word in (user.first_name, user.last_name) if word) or user.email


def _shell(
    request: PortalRequest, *, path: str, switcher: Mapping[str, str] | None, search: SearchBox | None
) -> ShellContext:
    current = chosen_project(request) or _only_project(request)
    kept = switcher or {}
    shown = projects_of(request) if switcher is not None else []
    choices = tuple(_choice(request, path, kept, project) for project in shown)
    return ShellContext(
        user_name=person_name(request),
        role_label=role_label(request),
        tenant_name=organisation(request),
        nav=_menu(request, path),
        csrf_token=ending.csrf_token(request),
        auth_csrf_token=auth_csrf_token(request),
        csp_nonce=request.nonce(),
        request_id=request.request_id,
        projects=choices,
        current_project=_choice(request, path, kept, current) if current is not None else None,
        all_projects_url=with_query(path, kept) if len(choices) > 1 else None,
        theme=_theme(request),
        density=display.density(request),
        search=search,
        incidents=banners.of(request),
    )


def organisation(request: PortalRequest) -> str:
    """Whom the person works for."""
    context = request.session.known
    return context.tenant_name or context.partner_org or "AiDial"


def role_label(request: PortalRequest) -> str:
    """The person's role in words."""
    role = request.session.role
    return _(ROLE_NAMES[role]) if role is not None else _("No role")


def _menu(request: PortalRequest, path: str) -> tuple[NavItem, ...]:
    """What the role may open; nothing while a second factor is missing."""
    role = request.session.role
    if role is None or needs_second_factor(request.session):
        return ()
    kept = {"project_id": request.query["project_id"]} if "project_id" in request.query else {}
    return tuple(
        NavItem(
            _(place.label),
            with_query(place.path, kept if place.keeps_project else {}),
            place.icon,
            is_current=_is_at(place.path, path),
        )
        for place in MENU
        if level_of(role, place.permission) is not None
        and (place.unless is None or level_of(role, place.unless) is None)
    )


def _is_at(place: str, path: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))


def _choice(
    request: PortalRequest, path: str, kept: Mapping[str, str], project: ContextProject
) -> ProjectChoice:
    clients = request.session.known.clients
    client = next((one.name for one in clients if one.client_id == project.client_id), "")
    return ProjectChoice(
        project_id=project.project_id,
        name=project.display_name,
        url=with_query(path, kept, project_id=project.project_id),
        client_name=client if len(clients) > 1 else "",
    )


def _theme(request: PortalRequest) -> Theme:
    chosen = first(request.cookies, "aidial.theme")
    return "light" if chosen == "light" else "dark" if chosen == "dark" else "system"
