"""One's own account, and the page on which a missing second factor is put right.

The one thing a newcomer would get wrong: this page answers before the second factor is satisfied, so it must
not ask the API for anything that does not; the session list waits until then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aidial_contract import errors
from aidial_contract.access import Permission, level_of
from aidial_contract.fault import Fault
from aidial_contract.shapes.profile import OwnProfileDocument
from aidial_contract.shapes.sessions import SessionList
from aidial_portal.design.context import AccountPage, ProfileForm, SecurityPanel, SessionRow
from aidial_portal.design.suggestions import ZONES
from aidial_portal.kernel.pages import (
    draw,
    organisation,
    part,
    person_name,
    reading_zone_of,
    role_label,
)
from aidial_portal.kernel.steps import needs_second_factor
from aidial_portal.surfaces.account.api import PROFILE
from aidial_portal.words import N_, _, all_locales

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/account"
_SESSIONS_LOST: Final = N_("Your other sessions could not be loaded. Reload the page to try again.")
_SHUT_OUT: Final = N_(
    "Your organisation does not answer the network you are on, so nothing but this page opens from here."
    " Ask your administrator to add your address, {address}, to the IP allowlist."
)


async def account(request: PortalRequest) -> Response:
    """`/account`: profile, second factor and, for client roles, own sessions."""
    is_gated = needs_second_factor(request.session)
    listed = (
        None
        if is_gated or not _holds(request, Permission.SESSIONS_MANAGE_OWN)
        else await _sessions_or_fault(request)
    )
    zone = reading_zone_of(request)
    may_edit = not is_gated and _holds(request, Permission.PROFILE_EDIT)
    form = await part(_form(request, zone)) if may_edit else None
    page = AccountPage(
        timezone=zone,
        now=datetime.now(UTC),
        profile=_profile(request),
        form=form if isinstance(form, ProfileForm) else None,
        security=_security(request),
        sessions=listed if isinstance(listed, tuple) else None,
        failure=_failure(request, listed) if isinstance(listed, Fault) else None,
        is_gated=is_gated,
    )
    return draw(request, page, path=PATH)


def _failure(request: PortalRequest, fault: Fault) -> str:
    shut_out = fault.row is errors.IP_NOT_ALLOWED
    return _(_SHUT_OUT).format(address=request.client_ip) if shut_out else _(_SESSIONS_LOST)


def _holds(request: PortalRequest, permission: Permission) -> bool:
    role = request.session.role
    return role is not None and level_of(role, permission) is not None


async def _form(request: PortalRequest, zone: str) -> ProfileForm:
    document = await request.api.get(PROFILE, OwnProfileDocument)
    changed = document.last_changed
    return ProfileForm(
        version=document.version,
        value=document.working,
        changed_at=changed.at if changed else None,
        changed_by=changed.by if changed else None,
        timezone=zone,
        now=datetime.now(UTC),
        zones=ZONES,
        languages=_languages(document.working.language),
    )


def _languages(chosen: str) -> tuple[tuple[str, str], ...]:
    """What the portal speaks, and what was chosen elsewhere."""
    offered = {tag: locale.name for tag, locale in all_locales().items()}
    return tuple((offered if chosen in offered else {**offered, chosen: chosen}).items())


async def _sessions_or_fault(request: PortalRequest) -> tuple[SessionRow, ...] | Fault:
    """The list, or why it is away. Somebody shut out by an allowlist still has an account to sign out of."""
    try:
        return await part(session_rows(request))
    except Fault as fault:
        if fault.row is not errors.IP_NOT_ALLOWED:
            raise
        return fault


async def session_rows(request: PortalRequest) -> tuple[SessionRow, ...]:
    """Where somebody is signed in, this device first."""
    listed = await request.api.get("/v1/sessions", SessionList)
    return tuple(
        SessionRow(
            session_id=one.session_id,
            device=one.device,
            location=one.location,
            created_at=one.created_at,
            last_active_at=one.last_active_at,
            is_current=one.current,
        )
        for one in listed.sessions
    )


def _profile(request: PortalRequest) -> tuple[tuple[str, str], ...]:
    user = request.session.known.user
    return (
        (_("Name"), person_name(request)),
        (_("E-mail"), user.email if user is not None else ""),
        (_("Time zone"), reading_zone_of(request)),
        (_("Role"), role_label(request)),
        (_("Organisation"), organisation(request)),
    )


def _security(request: PortalRequest) -> SecurityPanel:
    mfa = request.session.known.mfa
    return SecurityPanel(
        state=mfa.state,
        allowed_factors=tuple(mfa.allowed_factors),
        challenged=mfa.satisfied,
        setup_url=request.portal.settings.mfa_setup_url,
    )
