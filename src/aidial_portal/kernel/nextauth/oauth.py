"""The two halves of a sign-in: sending the browser to the issuer, and taking it back.

What a newcomer gets wrong: state and verifier travel in cookies encrypted for one provider and one cookie
name; a good token in the wrong cookie is refused. After a failed exchange they are NOT cleared, as in
NextAuth, so that going back and trying again works.
"""

import secrets
import time
from collections.abc import Callable

import structlog
from starlette.responses import Response

from aidial_portal.kernel.nextauth.cookies import Cookie, deletion, first
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import PortalKeys
from aidial_portal.kernel.nextauth.names import CookieNames
from aidial_portal.kernel.nextauth.port import SignInPort, SignInRefusedError
from aidial_portal.kernel.nextauth.sessions import SessionCookies
from aidial_portal.kernel.nextauth.visit import Visit
from aidial_portal.kernel.oidc import OpenIdClient, OpenIdError, SignedIn

PROVIDER_ID = "zitadel"
CHECK_MAX_AGE_S = 15 * 60
_NOT_FOR_THE_ISSUER = frozenset({"callbackUrl", "csrfToken", "json"})
_SECRET_BYTES = 32
_EMAIL_LIMIT = 320

_log = structlog.get_logger(__name__)


class CheckCookie:
    """One of state, verifier and nonce: a secret kept in an encrypted cookie for 15 minutes."""

    def __init__(
        self, name: str, key: bytes, clock: Callable[[], float], *, with_max_age: bool = True
    ) -> None:
        self._name = name
        self._cipher = CookieCipher(key, cache_size=0, clock=clock)
        self._clock = clock
        self._max_age_s = CHECK_MAX_AGE_S if with_max_age else None

    def make(self) -> tuple[str, Cookie]:
        """Make a new secret (43 characters) and the cookie that keeps it."""
        value = secrets.token_urlsafe(_SECRET_BYTES)
        sealed = self._cipher.encode({"value": value, "provider": PROVIDER_ID}, CHECK_MAX_AGE_S)
        expires_s = int(self._clock()) + CHECK_MAX_AGE_S
        return value, Cookie(self._name, sealed, max_age_s=self._max_age_s, expires_s=expires_s)

    def read(self, visit: Visit) -> str | None:
        """Return the secret the browser kept, or None."""
        claims = self._cipher.decode(first(visit.pairs, self._name) or "") or {}
        value = claims.get("value")
        return value if claims.get("provider") == PROVIDER_ID and isinstance(value, str) and value else None

    def deletion(self) -> Cookie:
        """Make the cookie that forgets the secret."""
        return deletion(self._name)


class OAuthFlow:
    """Sign-in over the authorization code flow, ending in a session cookie."""

    def __init__(  # noqa: PLR0913 - the parts are put together in one place, `actions.py`
        self,
        base: str,
        client: OpenIdClient,
        port: SignInPort,
        sessions: SessionCookies,
        *,
        names: CookieNames,
        keys: PortalKeys,
        with_nonce: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._base = base
        self._client = client
        self._port = port
        self._sessions = sessions
        self._state = CheckCookie(names.state, keys.state, clock)
        self._pkce = CheckCookie(names.pkce, keys.pkce, clock)
        self._nonce = CheckCookie(names.nonce, keys.nonce, clock, with_max_age=False) if with_nonce else None

    async def start(self, visit: Visit) -> Response:
        """Send the browser to the issuer with state, challenge and whatever else the query asked for."""
        state, state_cookie = self._state.make()
        verifier, verifier_cookie = self._pkce.make()
        nonce, nonce_cookie = self._nonce.make() if self._nonce else (None, None)
        try:
            url = await self._client.authorization_url(
                state=state, code_verifier=verifier, nonce=nonce, extra=_asked_of_the_issuer(visit)
            )
        except OpenIdError as error:
            _log.warning("sign_in_not_started", kind=error.kind, reason=error.reason)
            return self._error(visit, "OAuthSignin")
        visit.cookies += [state_cookie, verifier_cookie, *([nonce_cookie] if nonce_cookie else [])]
        return visit.redirect(url)

    async def finish(self, visit: Visit) -> Response:
        """Take the browser back: exchange the code, register the session, go to the callback URL."""
        if visit.body.get("error") or visit.query.get("error"):
            _log.warning("sign_in_refused_by_issuer")
            return self._error(visit, "Callback")
        try:
            signed_in = await self._exchange(visit)
        except OpenIdError as error:
            _log.warning("sign_in_failed", kind=error.kind, reason=error.reason)
            return self._error(visit, "OAuthCallback")
        checks = [self._state, self._pkce, *([self._nonce] if self._nonce else [])]
        visit.cookies += [check.deletion() for check in checks]
        return await self._let_in(visit, signed_in)

    async def _exchange(self, visit: Visit) -> SignedIn:
        state, verifier = self._state.read(visit), self._pkce.read(visit)
        nonce = self._nonce.read(visit) if self._nonce else None
        if state is None or verifier is None or (self._nonce and nonce is None):
            raise OpenIdError("invalid", "state, verifier or nonce cookie missing or unreadable")
        answer = visit.body if visit.request.method == "POST" else visit.query
        texts = {name: value for name, value in answer.items() if isinstance(value, str)}
        return await self._client.exchange(texts, state=state, code_verifier=verifier, nonce=nonce)

    async def _let_in(self, visit: Visit, signed_in: SignedIn) -> Response:
        try:
            claims = await self._port.register(signed_in, visit.request)
            claims.pop("id_token", None)
            ends = self._sessions.write(visit, claims)
        except SignInRefusedError as error:
            _log.warning("sign_in_not_allowed", reason=error.reason)
            return self._error(visit, "AccessDenied")
        except Exception as error:  # noqa: BLE001 - a browser on its way back gets a page, whatever failed
            # No trace: it could hold a token.
            _log.error("sign_in_not_registered", error=type(error).__name__)
            return self._error(visit, "Callback")
        if ends is None:
            _log.warning("sign_in_over_before_it_began")
            return self._error(visit, "AccessDenied")
        return visit.redirect(visit.callback_url)

    def _error(self, visit: Visit, code: str) -> Response:
        return visit.redirect(f"{self._base}/error?error={code}")


def _asked_of_the_issuer(visit: Visit) -> dict[str, str]:
    """Return the query's extra parameters; `login_hint` may come in the form of a page without JavaScript."""
    extra = {name: value for name, value in visit.query.items() if name not in _NOT_FOR_THE_ISSUER}
    hint = visit.body.get("login_hint")
    if isinstance(hint, str) and 0 < len(hint) <= _EMAIL_LIMIT:
        extra.setdefault("login_hint", hint)
    return extra
