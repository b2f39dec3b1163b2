"""`/sign-in`: an e-mail address, and on to the identity provider.

The form posts here, its address is checked, and 307 makes the browser post the same form to next-auth's own
sign-in with the address as `login_hint`: no script is needed. The one thing a newcomer would get wrong: the
CSRF token on this page is next-auth's, because there is no session yet that the portal's own could belong to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote

from aidial_contract.addresses import is_address
from aidial_portal.design.context import SignInPage
from aidial_portal.kernel.answers import redirect
from aidial_portal.kernel.nextauth.callback import safe_callback_url
from aidial_portal.kernel.nextauth.cookies import first
from aidial_portal.kernel.nextauth.csrf import check_csrf
from aidial_portal.kernel.pages import auth_csrf_token, draw_bare
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/sign-in"
_START: Final = "/api/auth/signin/zitadel"
_MALFORMED: Final = N_("Enter an e-mail address such as name@example.com")
_STALE: Final = N_("This page was open for too long. Please continue once more.")
_FAILED: Final = N_("Signing in did not finish. Please try once more.")
_REASONS: Final = {
    "AccessDenied": N_("This account cannot sign in here. Ask your organisation's administrator to add you."),
    "OAuthSignin": N_("The sign-in service does not answer right now. Please try again in a minute."),
    "Configuration": N_("The sign-in service is not set up correctly. Please tell help@aidial.com.au."),
    "SessionRequired": N_("Sign in to open that page."),
}


async def show(request: PortalRequest) -> Response:
    """`GET /sign-in?callbackUrl=&error=`: the form, and what went wrong before."""
    error = request.query.get("error")
    notice = _(_REASONS.get(error, _FAILED)) if error else None
    return _page(request, request.query.get("callbackUrl", "/"), notice=notice)


async def start(request: PortalRequest) -> Response:
    """`POST /sign-in` with `email`, `csrfToken`, `callbackUrl`: 307 to next-auth, or the form again (422)."""
    form = _form(request.body)
    email, back = form.get("email", "").strip(), form.get("callbackUrl", "/")
    if not is_address(email):
        return _page(request, back, email=email, error=_(_MALFORMED), status=422)
    portal = request.portal
    sent = first(request.cookies, portal.names.csrf)
    proof = check_csrf(portal.settings.nextauth_secret, cookie_value=sent, body_token=form.get("csrfToken"))
    if not proof.verified:
        return _page(request, back, email=email, notice=_(_STALE), status=403)
    return redirect(f"{_START}?login_hint={quote(email, safe='')}", status=307)


def _page(
    request: PortalRequest,
    back: str,
    *,
    email: str = "",
    error: str | None = None,
    notice: str | None = None,
    status: int = 200,
) -> Response:
    origin = request.portal.origin
    way_back = safe_callback_url(back, origin).removeprefix(origin) or "/"
    page = SignInPage(
        csrf_token=auth_csrf_token(request),
        callback_url=way_back,
        email=email,
        error=error,
        notice=notice,
        action=PATH,
    )
    return draw_bare(request, page, status)


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}
