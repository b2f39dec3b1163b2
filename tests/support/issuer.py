"""A small issuer for API tests: discovery and signing keys over HTTP, tokens signed with real RS256 keys.

It signs what a test asks for, wrong things too; how people really sign in is `tests/support/identity.py`'s.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import BasicAuth, web
from joserfc import jwt
from joserfc.jwk import RSAKey

from aidial_contract.ids import new_id

API_AUDIENCE = "aidial-api"
PORTAL_CLIENT_ID = "portal@aidial"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"
INTROSPECTION = "/introspect"
MANAGEMENT_TOKEN = "tests-manage-people"
INTROSPECTION_CLIENT = ("api@aidial", "s3cret/+:%=&")
_LIFE_S = 12 * 3_600


class Issuer:
    """Signs tokens; `url` is its issuer address. A claim given as None is left out of the token.

    What it publishes may be changed (`keys`, `algorithms`, `more`), and so may how it answers a path
    (`instead`); `asked` has every path that was asked for. `opaque` holds tokens without parts, and what
    introspection says of them to `INTROSPECTION_CLIENT`.
    """

    def __init__(self) -> None:
        self.url = ""
        self.key = RSAKey.generate_key(2048, {"kid": "tests-1", "use": "sig", "alg": "RS256"})
        self.keys: list[Any] = [self.key.as_dict(private=False)]
        self.algorithms: list[Any] = ["RS256"]
        self.more: dict[str, Any] = {}
        self.instead: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        self.asked: list[str] = []
        self.opaque: dict[str, dict[str, Any]] = {}
        self.phones: dict[str, dict[str, Any]] = {}

    def sign(
        self, claims: dict[str, Any], *, key: RSAKey | None = None, header: dict[str, Any] | None = None
    ) -> str:
        """A JWT of `claims`, by this issuer's key unless another is given."""
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid, **(header or {})}, claims, key)

    def access_token(self, subject: str, **changes: Any) -> str:
        """An access token for the API."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": subject,
            "aud": [PORTAL_CLIENT_ID, API_AUDIENCE],
            "iat": now,
            "nbf": now,
            "exp": now + _LIFE_S,
            "jti": new_id(),
        }
        return self.sign(_without_none({**claims, **changes}), header={"typ": "at+jwt"})

    def id_token(
        self, subject: str, email: str | None, *, second_factor: bool = False, **changes: Any
    ) -> str:
        """An ID token for the portal, as after a sign-in a moment ago."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": subject,
            "aud": [PORTAL_CLIENT_ID],
            "azp": PORTAL_CLIENT_ID,
            "iat": now,
            "exp": now + _LIFE_S,
            "auth_time": now,
            "amr": ["pwd", "mfa", "otp"] if second_factor else ["pwd"],
            "at_hash": "tests",
            "sid": new_id(),
            "email": email,
            "email_verified": True,
        }
        return self.sign(_without_none({**claims, **changes}), header={"typ": "JWT"})

    def logout_token(self, subject: str | None, sid: str | None = None, **changes: Any) -> str:
        """A back-channel logout token for the portal."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "sub": subject,
            "aud": PORTAL_CLIENT_ID,
            "iat": now,
            "exp": now + 900,
            "jti": new_id(),
            "events": {LOGOUT_EVENT: {}},
            "sid": sid,
        }
        return self.sign(_without_none({**claims, **changes}), header={"typ": "logout+jwt"})


def _without_none(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


def _users(issuer: Issuer) -> list[web.RouteDef]:
    """The part of Zitadel's user service that enrols a phone."""

    def managed(request: web.Request) -> dict[str, Any]:
        """The person of a path, for whoever has the token: `phone`, `isVerified`, `takes_codes`."""
        if request.headers.get("authorization") != f"Bearer {MANAGEMENT_TOKEN}":
            raise web.HTTPUnauthorized
        return issuer.phones.setdefault(request.match_info["user_id"], {})

    async def show_user(request: web.Request) -> web.Response:
        return web.json_response({"user": {"human": {"phone": managed(request)}}})

    async def set_phone(request: web.Request) -> web.Response:
        managed(request).update({"phone": (await request.json())["phone"], "isVerified": False})
        return web.json_response({"details": {}})

    async def add_codes(request: web.Request) -> web.Response:
        phone = managed(request)
        if not phone.get("isVerified"):
            return web.json_response({"code": 9}, status=400)
        phone["takes_codes"] = True
        return web.json_response({"details": {}})

    users = "/v2/users/{user_id}"
    return [
        web.get(users, show_user),
        web.post(f"{users}/phone", set_phone),
        web.post(f"{users}/otp_sms", add_codes),
    ]


@asynccontextmanager
async def running_issuer() -> AsyncIterator[Issuer]:
    """Serve an issuer on a loopback port of its own."""
    issuer = Issuer()

    @web.middleware
    async def told(request: web.Request, handler: Any) -> web.StreamResponse:
        issuer.asked.append(request.path)
        answer: web.StreamResponse = await issuer.instead.get(request.path, handler)(request)
        return answer

    async def discovery(_: web.Request) -> web.Response:
        document = {
            "issuer": issuer.url,
            "jwks_uri": f"{issuer.url}{KEYS}",
            "introspection_endpoint": f"{issuer.url}{INTROSPECTION}",
            "id_token_signing_alg_values_supported": issuer.algorithms,
        }
        return web.json_response({**document, **issuer.more})

    async def keys(_: web.Request) -> web.Response:
        return web.json_response({"keys": issuer.keys})

    async def introspect(request: web.Request) -> web.Response:
        given = BasicAuth.decode(request.headers.get("authorization", ""))
        if (unquote_plus(given.login), unquote_plus(given.password)) != INTROSPECTION_CLIENT:
            return web.json_response({"error": "invalid_client"}, status=401)
        form = await request.post()
        return web.json_response(issuer.opaque.get(str(form.get("token")), {"active": False}))

    app = web.Application(middlewares=[told])
    app.add_routes(_users(issuer))
    app.add_routes([web.get(DISCOVERY, discovery), web.get(KEYS, keys), web.post(INTROSPECTION, introspect)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield issuer
    finally:
        await runner.cleanup()
