"""The rows of `/api/auth/`.

The one thing a newcomer would get wrong: next-auth checks its own CSRF token, so its rows are public to the
guard, which still keeps hygiene and the session cookie policy. Enrolling a phone is ours and takes all steps.
next-auth answers whatever comes here, and looks at the first two words of a path alone: so do its rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aidial_contract.access import Permission
from aidial_contract.code_phones import mobile_rules
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.sessions import SmsEnrolment
from aidial_portal.kernel.limits import SIGN_IN_STARTS, SMS_ENROLMENTS, Bucket
from aidial_portal.kernel.route import (
    ANY,
    JSON,
    NO_QUERY,
    Access,
    Body,
    Handler,
    Kind,
    Method,
    Precondition,
    Route,
    RouteScope,
    WithoutContext,
    json_body,
)
from aidial_portal.kernel.rows import change_row
from aidial_portal.surfaces.auth import api

FORM_OR_JSON: Final = Body(
    limit_bytes=64 * 1024, media_types=frozenset({JSON, "application/x-www-form-urlencoded"})
)


def _row(method: Method, path: str, handler: Handler, name: str, bucket: Bucket | None = None) -> Route:
    return Route(
        method=method,
        path=f"/api/auth{path}",
        name=f"auth.{name}",
        handler=handler,
        kind=Kind.AUTH,
        access=Access.PUBLIC,
        permission=None,
        scope=RouteScope(kind=ScopeKind.NOBODY, client_id=None, project_id=None),
        query=NO_QUERY,
        bucket=bucket,
        body=FORM_OR_JSON,
        produces=ANY,
        precondition=Precondition.NONE,
        denial="",
        without_context=WithoutContext.DEGRADE,
    )


def rows() -> tuple[Route, ...]:
    """Made anew for each application: the actions keep state of one process."""
    actions = api.Actions()
    return (
        replace(
            change_row(
                "POST",
                "/api/auth/mfa-sms-enrol",
                "auth.mfa_sms_enrol",
                api.mfa_sms_enrol,
                permission=Permission.MFA_ENROL_SMS,
                scope=RouteScope(kind=ScopeKind.SELF, client_id=None, project_id=None),
                bucket=SMS_ENROLMENTS,
                body=json_body(SmsEnrolment, mobile_rules),
            ),
            access=Access.PENDING,
            gate=api.may_enrol_phone,
        ),
        _row("GET", "", actions, "root.read"),
        _row("POST", "", actions, "root"),
        _row("GET", "/", actions, "slash.read"),
        _row("POST", "/", actions, "slash"),
        _row("GET", "/{action}", actions, "action.read"),
        _row("POST", "/{action}", actions, "action"),
        _row("GET", "/{action}/{provider*}", actions, "provider.read"),
        _row("POST", "/{action}/{provider*}", actions, "provider"),
        _row("GET", "/signin/{provider*}", actions, "signin.page"),
        _row("POST", "/signin/{provider*}", actions, "signin", SIGN_IN_STARTS),
        _row("GET", "/backchannel-logout", actions, "backchannel_logout.read"),
        _row("POST", "/backchannel-logout", api.backchannel_logout, "backchannel_logout"),
    )
