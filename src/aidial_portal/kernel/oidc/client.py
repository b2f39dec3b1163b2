"""The OpenID client of the portal: start, exchange, refresh, end.

What a newcomer gets wrong: client id and secret are form-urlencoded BEFORE base64 (RFC 6749 section 2.3.1);
Zitadel's ids contain an `@`, so leaving that out fails only in production.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit, urlunsplit

import aiohttp
import structlog

from aidial_portal.kernel.oidc.fault import OpenIdError
from aidial_portal.kernel.oidc.http import ask
from aidial_portal.kernel.oidc.id_token import Expected, verify_id_token
from aidial_portal.kernel.oidc.issuer import Issuer

LIFETIME_UNSAID_S = 300
"""How long an access token is taken to live when the issuer does not say."""

_OURS = frozenset(
    {
        "client_id",
        "redirect_uri",
        "response_type",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    }
    | {"request", "request_uri", "registration", "client_secret"}
)
"""Authorization parameters that a browser cannot choose."""
_OK = 200
_BAD_REQUEST = 400
_REFUSED = "invalid_grant"
"""What an issuer says of a code or refresh token it will never take; some with another status than 400."""
_REFUSED_BY_ZITADEL = "invalid_request"
"""The same with 400: every other part of our request is always the same, so nothing else can be meant."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenIdSettings:
    """`redirect_uri` is `<NEXTAUTH_URL>/api/auth/callback/zitadel`; `scope` is space-separated."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    scope: str = "openid profile email offline_access"


@dataclass(frozen=True, slots=True)
class TokenSet:
    """Tokens of one person; `expires_at` in seconds since 1970 is the access token's."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Who signed in, as the issuer names them; e-mail in lower case."""

    sub: str
    name: str | None
    email: str | None
    picture: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A finished sign-in. `id_token` is for registering the session and is then dropped."""

    tokens: TokenSet
    profile: Profile
    id_token: str = field(repr=False)
    id_claims: Mapping[str, Any] = field(repr=False)


class OpenIdClient:
    """One portal's registration at one issuer; every method raises OpenIdError."""

    def __init__(
        self, settings: OpenIdSettings, http: aiohttp.ClientSession, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._issuer = Issuer(settings.issuer, http)

    async def authorization_url(
        self,
        *,
        state: str,
        code_verifier: str,
        nonce: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> str:
        """Return where to send the browser. `extra` (login_hint, prompt, ...) cannot replace what is ours."""
        discovery = await self._issuer.discovery()
        params = {
            "client_id": self._settings.client_id,
            "scope": self._settings.scope,
            "response_type": "code",
            "redirect_uri": self._settings.redirect_uri,
            **{name: value for name, value in (extra or {}).items() if name not in _OURS},
            "state": state,
            "code_challenge": _challenge(code_verifier),
            "code_challenge_method": "S256",
        }
        return _with_query(
            discovery.authorization_endpoint, params if nonce is None else {**params, "nonce": nonce}
        )

    async def exchange(
        self, answer: Mapping[str, str], *, state: str, code_verifier: str, nonce: str | None = None
    ) -> SignedIn:
        """Turn the answer the browser brought (`code`, `state`, `iss`) into tokens and a verified person."""
        await self._check_answer(answer, state)
        body = await self._grant(
            {
                "grant_type": "authorization_code",
                "code": answer["code"],
                "redirect_uri": self._settings.redirect_uri,
                "code_verifier": code_verifier,
            }
        )
        tokens = self._tokens(body, refresh_token=None)
        id_token, claims = await self._id_claims(body, tokens, nonce)
        profile = await self._profile(claims, tokens.access_token)
        return SignedIn(tokens=tokens, profile=profile, id_token=id_token, id_claims=claims)

    async def refresh(self, refresh_token: str, *, subject: str | None = None) -> TokenSet:
        """Trade a refresh token for new tokens. An issuer that sends no new refresh token keeps the old one.

        `refused` means that this session cannot go on; `unavailable` that it may be tried again. A refresh
        token works once, so whatever else is needed is fetched before it is spent.
        """
        await self.make_ready()
        body = await self._grant({"grant_type": "refresh_token", "refresh_token": refresh_token})
        tokens = self._tokens(body, refresh_token=refresh_token)
        if body.get("id_token") is not None:
            _, claims = await self._id_claims(body, tokens, None)
            if subject not in {None, claims["sub"]}:
                raise OpenIdError("invalid", "refresh answered for another person")
        return tokens

    async def make_ready(self) -> None:
        """Fetch the issuer's addresses and signing keys, as far as they are not kept."""
        await self._issuer.make_ready()

    async def end_session_url(
        self, *, post_logout_redirect_uri: str, state: str, logout_hint: str | None
    ) -> str | None:
        """Return where to end the issuer's own session, or None when it offers no such page."""
        endpoint = (await self._issuer.discovery()).end_session_endpoint
        if endpoint is None:
            return None
        params = {
            "client_id": self._settings.client_id,
            "post_logout_redirect_uri": post_logout_redirect_uri,
            "state": state,
        }
        return _with_query(endpoint, {**params, "logout_hint": logout_hint} if logout_hint else params)

    @property
    def origins(self) -> frozenset[str]:
        """Where the issuer's pages are, as far as it was asked."""
        return self._issuer.origins

    async def ask_where(self) -> None:
        """Ask the issuer for its addresses, unless it was asked lately."""
        await self._issuer.discovery()

    async def is_reachable(self) -> bool:
        """Whether discovery answers now; for health, so it never looks at what is kept."""
        try:
            await self._issuer.fetch_discovery()
        except OpenIdError:
            return False
        return True

    async def _check_answer(self, answer: Mapping[str, str], state: str) -> None:
        discovery = await self._issuer.discovery()
        if not hmac.compare_digest(answer.get("state", "").encode(), state.encode()):
            raise OpenIdError("invalid", "answer with another state")
        named = answer.get("iss")
        if named != discovery.issuer and (named is not None or discovery.names_itself_in_answers):
            raise OpenIdError("invalid", "answer of another issuer")
        if not answer.get("code"):
            raise OpenIdError("invalid", "answer without a code")

    async def _grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        discovery = await self._issuer.discovery()
        status, body = await ask(self._http, discovery.token_endpoint, form=form, authorization=self._basic())
        if status == _OK:
            return body
        code = _error_code(body)
        reason = f"token endpoint answered {status} {code}"
        if code == _REFUSED or (status == _BAD_REQUEST and code == _REFUSED_BY_ZITADEL):
            raise OpenIdError("refused", reason)
        # Our own registration or something on the way is wrong; it says nothing of the person's token.
        _log.error("token_endpoint_unusable", status=status, code=code)
        raise OpenIdError("unavailable", reason)

    def _tokens(self, body: Mapping[str, Any], *, refresh_token: str | None) -> TokenSet:
        access_token = body.get("access_token")
        new_refresh_token = body.get("refresh_token", refresh_token)
        lifetime_s = body.get("expires_in", LIFETIME_UNSAID_S)
        if (
            not isinstance(access_token, str)
            or not access_token
            or str(body.get("token_type")).lower() != "bearer"
        ):
            raise OpenIdError("invalid", "token endpoint answered no bearer token")
        if not isinstance(new_refresh_token, str | None) or not str(lifetime_s).isdecimal():
            raise OpenIdError("invalid", "token endpoint answered an odd refresh token or lifetime")
        return TokenSet(access_token, new_refresh_token, int(self._clock()) + int(lifetime_s))

    async def _id_claims(
        self, body: Mapping[str, Any], tokens: TokenSet, nonce: str | None
    ) -> tuple[str, dict[str, Any]]:
        text = body.get("id_token")
        if not isinstance(text, str):
            raise OpenIdError("invalid", "token endpoint answered no ID token")
        expected = Expected(self._settings.client_id, self._clock(), nonce, tokens.access_token)
        return text, await verify_id_token(text, self._issuer, expected)

    async def _profile(self, claims: Mapping[str, Any], access_token: str) -> Profile:
        """Read name and e-mail, from userinfo when the ID token does not hold them (Zitadel's default)."""
        if not claims.get("name") or not claims.get("email"):
            told = await self._userinfo(claims["sub"], access_token)
            claims = {**told, **{name: value for name, value in claims.items() if value}}
        email = _text(claims.get("email"))
        return Profile(
            sub=claims["sub"],
            name=_text(claims.get("name")),
            email=email.lower() if email else None,
            picture=_text(claims.get("picture")),
        )

    async def _userinfo(self, subject: str, access_token: str) -> dict[str, Any]:
        endpoint = (await self._issuer.discovery()).userinfo_endpoint
        if endpoint is None:
            return {}
        try:
            status, body = await ask(self._http, endpoint, authorization=f"Bearer {access_token}")
        except OpenIdError as error:
            # A name is worth asking for, but not worth refusing somebody who has signed in.
            _log.warning("userinfo_unavailable", reason=error.reason)
            return {}
        if status == _OK and body.get("sub") != subject:
            raise OpenIdError("invalid", "userinfo of another person")
        return body if status == _OK else {}

    def _basic(self) -> str:
        pair = f"{quote_plus(self._settings.client_id)}:{quote_plus(self._settings.client_secret)}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _challenge(code_verifier: str) -> str:
    digest = hashlib.sha256(code_verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _with_query(url: str, params: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *params.items()])))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _error_code(body: Mapping[str, Any]) -> str:
    """Return the issuer's error code if it is one, never its free text."""
    code = body.get("error")
    return (
        code
        if isinstance(code, str) and code.replace("_", "").isalpha() and code.isascii()
        else "without a code"
    )
