"""The actions under `/api/auth/`, answered as next-auth 4.24 answers them.

What a newcomer gets wrong: this is next-auth's surface, not the portal's. A missing CSRF token is a redirect,
an unknown action a 400 in plain text, and a session that is not there is `{}` with status 200, because
`next-auth/react` expects exactly that. Where we differ, and why, is in this package's docstring.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aidial_portal.kernel.nextauth.callback import is_acceptable, origin_of, safe_callback_url
from aidial_portal.kernel.nextauth.cookies import Cookie, deletion, first
from aidial_portal.kernel.nextauth.csrf import check_csrf
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import PortalKeys, derive_keys
from aidial_portal.kernel.nextauth.names import CookieNames, cookie_names
from aidial_portal.kernel.nextauth.oauth import PROVIDER_ID, OAuthFlow
from aidial_portal.kernel.nextauth.port import AuthPages, AuthSettings, SignInPort, browser_session
from aidial_portal.kernel.nextauth.sessions import SessionCookies
from aidial_portal.kernel.nextauth.visit import NO_CACHE, Visit, json_response, read_body, request_pairs
from aidial_portal.kernel.oidc import OpenIdClient, OpenIdError

BASE_PATH = "/api/auth"
_SHOWN_ON_SIGN_IN = frozenset(
    {"Signin", "OAuthSignin", "OAuthCallback", "OAuthCreateAccount", "EmailCreateAccount", "Callback"}
    | {"OAuthAccountNotLinked", "EmailSignin", "CredentialsSignin", "SessionRequired"}
)
_HTML_ACTIONS = frozenset({"signin", "signout", "error", "verify-request"})
_MISCONFIGURED = (
    "There is a problem with the server configuration. Check the server logs for more information."
)
_PROVIDER_URLS = {"signinUrl": "signin", "callbackUrl": "callback"}
_CLEAR_SITE_DATA = {"Clear-Site-Data": '"cache", "storage"'}

_Act = Callable[[Visit, str | None], Awaitable[Response | None]]
"""An action: the second path segment is its provider (or error); None means that there is no such action."""

_log = structlog.get_logger(__name__)


class AuthActions:
    """Everything under `/api/auth/` that next-auth knows; one object a process."""

    def __init__(
        self,
        settings: AuthSettings,
        client: OpenIdClient,
        port: SignInPort,
        pages: AuthPages | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._client = client
        self._port = port
        self._pages = pages or AuthPages()
        self._origin = origin_of(settings.nextauth_url)
        self._base = self._origin + BASE_PATH
        self.names: CookieNames = cookie_names(settings.nextauth_url)
        self.keys: PortalKeys = derive_keys(settings.secret, self.names)
        self.cipher = CookieCipher(self.keys.session, clock=clock)
        self._sessions = SessionCookies(self.names, self.cipher, clock)
        self._flow = OAuthFlow(
            self._base,
            client,
            port,
            self._sessions,
            names=self.names,
            keys=self.keys,
            with_nonce=settings.with_nonce,
            clock=clock,
        )
        self._table: dict[tuple[str, str], _Act] = {
            ("GET", "providers"): self._providers,
            ("GET", "csrf"): self._csrf,
            ("GET", "session"): self._get_session,
            ("GET", "signin"): self._sign_in_page,
            ("GET", "signout"): self._sign_out_page,
            ("GET", "callback"): self._callback,
            ("GET", "verify-request"): self._verify_request_page,
            ("GET", "error"): self._error_page,
            ("POST", "session"): self._post_session,
            ("POST", "signin"): self._sign_in,
            ("POST", "signout"): self._sign_out,
            ("POST", "callback"): self._callback,
            ("POST", "_log"): self._log_nothing,
        }

    async def handle(self, request: Request, tail: str) -> Response:
        """Answer one request; `tail` is its path after `/api/auth/`."""
        action, _, rest = tail.partition("/")
        provider = rest.partition("/")[0] or None
        pairs = request_pairs(request)
        bad_cookie = not is_acceptable(first(pairs, self.names.callback_url) or "/")
        if not action or bad_cookie or not is_acceptable(request.query_params.get("callbackUrl") or "/"):
            return self._misconfigured(request, action, bad_cookie=bad_cookie)
        visit = await self._visit(request, pairs)
        act = self._table.get((request.method, action))
        answer = await act(visit, provider) if act else None
        if answer is None:
            text = f"Error: This action with HTTP {request.method} is not supported by NextAuth.js"
            return PlainTextResponse(text, status_code=400)
        return answer

    async def _visit(self, request: Request, pairs: list[tuple[str, str]]) -> Visit:
        body = await read_body(request)
        is_post = request.method == "POST"
        csrf = check_csrf(
            self._settings.secret,
            cookie_value=first(pairs, self.names.csrf),
            body_token=body.get("csrfToken") if is_post else None,
        )
        kept = first(pairs, self.names.callback_url)
        asked = body.get("callbackUrl")
        asked = request.query_params.get("callbackUrl") if asked is None else asked
        callback_url = safe_callback_url(asked or kept or self._origin, self._origin)
        cookies = [Cookie(self.names.csrf, csrf.cookie_value)] if csrf.cookie_value else []
        if callback_url != kept:
            cookies.append(Cookie(self.names.callback_url, callback_url))
        return Visit(
            request, self.names.secure, pairs, dict(request.query_params), body, csrf, callback_url, cookies
        )

    async def _providers(self, _visit: Visit, _provider: str | None) -> Response:
        urls = {name: f"{self._base}/{path}/{PROVIDER_ID}" for name, path in _PROVIDER_URLS.items()}
        return json_response({PROVIDER_ID: {"id": PROVIDER_ID, "name": "ZITADEL", "type": "oauth", **urls}})

    async def _csrf(self, visit: Visit, _provider: str | None) -> Response:
        return visit.json({"csrfToken": visit.csrf.token}, NO_CACHE)

    async def _log_nothing(self, _visit: Visit, _provider: str | None) -> Response:
        # Anybody may post here; what they write is not worth a line in our log.
        return Response()

    async def _sign_in_page(self, visit: Visit, provider: str | None) -> Response:
        error = visit.query.get("error", provider)
        url = f"{self._pages.sign_in}?callbackUrl={_component(visit.callback_url)}"
        return visit.redirect(f"{url}&error={_component(error)}" if error else url)

    async def _sign_out_page(self, visit: Visit, _provider: str | None) -> Response:
        facts = {"action": f"{self._base}/signout", "csrf_token": visit.csrf.token}
        return visit.html(self._pages.render("sign_out", facts))

    async def _verify_request_page(self, visit: Visit, _provider: str | None) -> Response:
        return visit.html(self._pages.render("verify_request", {}))

    async def _error_page(self, visit: Visit, provider: str | None) -> Response:
        error = visit.query.get("error", provider)
        if error in _SHOWN_ON_SIGN_IN:
            return visit.redirect(f"{self._base}/signin?error={error}")
        return visit.redirect(f"{self._pages.error}?error={_component(error or 'Default')}")

    async def _callback(self, visit: Visit, provider: str | None) -> Response | None:
        return await self._flow.finish(visit) if provider == PROVIDER_ID else None

    async def _sign_in(self, visit: Visit, provider: str | None) -> Response:
        if visit.csrf.verified and provider == PROVIDER_ID:
            return await self._flow.start(visit)
        return visit.redirect(f"{self._base}/signin?csrf=true")

    async def _get_session(self, visit: Visit, _provider: str | None) -> Response:
        return await self._session(visit, NO_CACHE)

    async def _post_session(self, visit: Visit, _provider: str | None) -> Response:
        return await self._session(visit, {}) if visit.csrf.verified else visit.json({}, status=400)

    async def _session(self, visit: Visit, headers: Mapping[str, str]) -> Response:
        if not self._sessions.sent_with(visit):
            return visit.json({}, headers)
        claims = self._sessions.read(visit)
        newest = await self._port.resolve(claims, visit.request) if claims else None
        expires = self._sessions.write(visit, newest) if newest else None
        if newest is None or expires is None:
            self._sessions.delete(visit)
            return visit.json({}, headers)
        return visit.json(browser_session(newest, expires), headers)

    async def _sign_out(self, visit: Visit, _provider: str | None) -> Response:
        if not visit.csrf.verified:
            return visit.redirect(f"{self._base}/signout?csrf=true")
        claims = self._sessions.read(visit)
        goes_to = visit.callback_url
        if claims is not None:
            try:
                await self._port.sign_out(claims, visit.request)
            except Exception as error:  # noqa: BLE001 - nothing that fails elsewhere keeps a browser signed in
                # No trace: it could hold a token.
                _log.error("sign_out_not_recorded", error=type(error).__name__)
            goes_to = await self._end_session_url(claims.get("email")) or goes_to
        self._sessions.delete(visit)
        visit.cookies.append(deletion(self.names.aidial_csrf))
        return visit.redirect(goes_to, _CLEAR_SITE_DATA)

    async def _end_session_url(self, email: object) -> str | None:
        try:
            return await self._client.end_session_url(
                post_logout_redirect_uri=self._origin + self._settings.post_logout_path,
                state=secrets.token_urlsafe(16),
                logout_hint=email if isinstance(email, str) else None,
            )
        except OpenIdError as error:
            _log.warning("signed_out_of_the_portal_only", kind=error.kind, reason=error.reason)
            return None

    def _misconfigured(self, request: Request, action: str, *, bad_cookie: bool) -> Response:
        if request.method == "GET" and action in _HTML_ACTIONS:
            answer = Response(
                status_code=302, headers={"Location": f"{self._pages.error}?error=Configuration"}
            )
        else:
            answer = json_response({"message": _MISCONFIGURED}, status=500)
        if bad_cookie:
            # next-auth would refuse this browser until it is closed.
            forget = deletion(self.names.callback_url)
            answer.headers.append("Set-Cookie", forget.header(secure=self.names.secure))
        return answer


def _component(text: str) -> str:
    return quote(text, safe="-_.!~*'()")
