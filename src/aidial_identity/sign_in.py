"""The sign-in pages under /ui/login: e-mail and password, then the second factor of accounts that have one.

The one thing a newcomer would get wrong: a form counts only in the browser that started the sign-in (cookie)
and with that sign-in's own token; otherwise somebody could sign a victim in as themselves.
"""

import hmac
import secrets

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aidial_identity.authorize import BROWSER_COOKIE, SESSION_COOKIE, redirect_with_code
from aidial_identity.config import Account
from aidial_identity.faults import PageError
from aidial_identity.pages import page
from aidial_identity.proofs import accept_otp, account_for
from aidial_identity.provider import SignIn
from aidial_identity.requests import address_of, origin_of, provider_from, read_form, with_query
from aidial_identity.state import Session

WRONG_PASSWORD = "The e-mail address or the password is not right. Check both and try again."  # noqa: S105
WRONG_CODE = "That code is not right, or was used before. Wait for the next code and try again."
log = structlog.get_logger("aidial_identity")


async def show(request: Request) -> Response:
    """GET /ui/login: the page that the sign-in has come to."""
    provider = provider_from(request)
    request_id = request.query_params.get("request", "")
    sign_in = sign_in_under_way(request, request_id)
    account = provider.by_subject.get(sign_in.password_of or "")
    if account is not None:
        return otp_page(sign_in, request_id, account)
    return password_page(sign_in, request_id, sign_in.request.login_hint or "")


async def submit_password(request: Request) -> Response:
    """POST /ui/login/password with `email` and `password`: go on, or the same page with a message."""
    provider = provider_from(request)
    form = await read_form(request)
    request_id, sign_in = form_owner(request, form)
    email, address = form.get("email", ""), address_of(request)
    key = email.strip().casefold()
    wait_s = provider.gate.wait_s(key, address)
    if wait_s:
        return slow_down(password_page(sign_in, request_id, email, too_many(wait_s), 429), wait_s)
    account = account_for(provider, email, form.get("password", ""))
    if account is None:
        provider.gate.failed(key, address)
        log.info("sign_in.refused", factor="password")
        return password_page(sign_in, request_id, email, WRONG_PASSWORD, 422)
    if account.otp_secret is not None:
        sign_in.password_of = account.subject
        return RedirectResponse(with_query("/ui/login", {"request": request_id}), 303)
    return finish(request, request_id, account, ("pwd",))


async def submit_otp(request: Request) -> Response:
    """POST /ui/login/otp with `otp`: finish, or the same page with a message."""
    provider = provider_from(request)
    form = await read_form(request)
    request_id, sign_in = form_owner(request, form)
    account = provider.by_subject.get(sign_in.password_of or "")
    if account is None:
        return RedirectResponse(with_query("/ui/login", {"request": request_id}), 303)
    key, address = account.email.casefold(), address_of(request)
    wait_s = provider.gate.wait_s(key, address)
    if wait_s:
        return slow_down(otp_page(sign_in, request_id, account, too_many(wait_s), 429), wait_s)
    if not accept_otp(provider, account, form.get("otp", "")):
        provider.gate.failed(key, address)
        log.info("sign_in.refused", factor="otp", subject=account.subject)
        return otp_page(sign_in, request_id, account, WRONG_CODE, 422)
    return finish(request, request_id, account, ("pwd", "otp", "mfa"))


def sign_in_under_way(request: Request, request_id: str) -> SignIn:
    """The sign-in of this browser; PageError when it ended or belongs to another browser."""
    provider = provider_from(request)
    sign_in = provider.sign_ins.get(request_id)
    browser = request.cookies.get(BROWSER_COOKIE, "")
    fresh = sign_in is not None and sign_in.expires_at > provider.clock()
    if sign_in is None or not fresh or not hmac.compare_digest(browser.encode(), sign_in.browser.encode()):
        raise PageError(
            400,
            "This sign-in has ended",
            "It was finished, took too long, or began in another browser. Go back to AiDial and start again.",
        )
    return sign_in


def form_owner(request: Request, form: dict[str, str]) -> tuple[str, SignIn]:
    """The sign-in a form belongs to; PageError (403) when its hidden token is not the sign-in's own."""
    request_id = form.get("request", "")
    sign_in = sign_in_under_way(request, request_id)
    if not hmac.compare_digest(form.get("csrf", "").encode(), sign_in.csrf.encode()):
        raise PageError(
            403,
            "This form was not accepted",
            "It did not come from our sign-in page. Go back and start again.",
        )
    return request_id, sign_in


def finish(request: Request, request_id: str, account: Account, amr: tuple[str, ...]) -> Response:
    """Sign the browser in and send it back to the client. The same person keeps the session id."""
    provider = provider_from(request)
    sign_in = provider.sign_ins.pop(request_id)
    provider.gate.succeeded(account.email.casefold())
    earlier = provider.state.session_of(request.cookies.get(SESSION_COOKIE, ""), provider.now())
    same_person = earlier is not None and earlier.subject == account.subject
    sid = earlier.sid if earlier is not None and same_person else f"V1_{secrets.token_hex(12)}"
    session = Session(sid, account.subject, provider.now(), amr)
    cookie, session_s = secrets.token_urlsafe(32), provider.config.lifetimes.session_s
    provider.state.open_session(session, cookie, provider.now() + session_s)
    log.info("sign_in.finished", subject=account.subject, client_id=sign_in.request.client_id, amr=amr)
    response = RedirectResponse(redirect_with_code(provider, sign_in.request, session), 303)
    response.set_cookie(SESSION_COOKIE, cookie, session_s, httponly=True, samesite="lax", path="/")
    return response


def password_page(
    sign_in: SignIn, request_id: str, email: str, problem: str | None = None, status: int = 200
) -> Response:
    """The first page."""
    target = origin_of(sign_in.request.redirect_uri)
    values = {"request_id": request_id, "csrf": sign_in.csrf, "email": email, "problem": problem}
    return page("password.html", status, target, **values)


def otp_page(
    sign_in: SignIn, request_id: str, account: Account, problem: str | None = None, status: int = 200
) -> Response:
    """The second page."""
    target = origin_of(sign_in.request.redirect_uri)
    values = {"request_id": request_id, "csrf": sign_in.csrf, "email": account.email, "problem": problem}
    return page("otp.html", status, target, **values)


def too_many(wait_s: int) -> str:
    """What a person reads who is turned away."""
    minutes = -(-wait_s // 60)
    return f"Too many tries. Wait {minutes} minute{'s' if minutes > 1 else ''} and try again."


def slow_down(response: Response, wait_s: int) -> Response:
    """Say for machines, too, how long to wait."""
    response.headers["retry-after"] = str(wait_s)
    return response
