"""A portal with nothing but the next-auth actions, served over HTTP, whose registry lives in memory."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aidial_portal.kernel.nextauth.actions import AuthActions
from aidial_portal.kernel.nextauth.jwe import Claims
from aidial_portal.kernel.nextauth.port import AuthSettings, SignInRefusedError
from aidial_portal.kernel.oidc import OpenIdClient, OpenIdSettings, SignedIn, issuer_http_session
from tests.support.serving import scripted, serving

SECRET = "a-secret-of-more-than-thirty-two-bytes-for-tests"
NEXTAUTH_URL = "http://localhost:3000"
SCOPE = "openid profile email offline_access"
CLIENT_ID = "312345@aidial"
CLIENT_SECRET = "s3cret/+: %&=~!"
SESSION_LIFE_S = 12 * 60 * 60


@dataclass
class Registry:
    """The portal's side of sign-in: who registered, who was revoked, who signed out, and what is broken."""

    registered: list[SignedIn] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    signed_out: list[str] = field(default_factory=list)
    refuses: bool = False
    broken: bool = False
    life_s: int = SESSION_LIFE_S

    async def register(self, signed_in: SignedIn, request: Request) -> Claims:  # noqa: ARG002
        if self.refuses:
            raise SignInRefusedError("no active assignment")
        if self.broken:
            raise RuntimeError("the API is down")
        self.registered.append(signed_in)
        return {
            **alice_claims(life_s=self.life_s),
            "sub": signed_in.profile.sub,
            "name": signed_in.profile.name,
            "email": signed_in.profile.email,
            "access_token": signed_in.tokens.access_token,
            "id_token": signed_in.id_token,
        }

    async def resolve(self, claims: Claims, request: Request) -> Claims | None:  # noqa: ARG002
        return None if claims.get("session_id") in self.revoked else claims

    async def sign_out(self, claims: Claims, request: Request) -> None:  # noqa: ARG002
        if self.broken:
            raise RuntimeError("the API is down")
        self.signed_out.append(claims["session_id"])


def alice_claims(*, life_s: int = SESSION_LIFE_S) -> Claims:
    return {
        "sub": "alice",
        "name": "Alice Harbour",
        "email": "alice@harbour.example",
        "session_id": "019a0000-0000-7000-8000-000000000001",
        "access_token": "alices-access-token",
        "refresh_token": "alices-refresh-token",
        "expires_at": int(time.time()) + 600,
        "token_generation": 1,
        "role": "client_admin",
        "absolute_expires_at": int(time.time()) + life_s,
    }


@dataclass
class Portal:
    url: str
    actions: AuthActions
    registry: Registry
    client: OpenIdClient


@asynccontextmanager
async def served_portal(
    issuer: str, *, nextauth_url: str = NEXTAUTH_URL, client_id: str = CLIENT_ID, with_nonce: bool = False
) -> AsyncIterator[Portal]:
    """The actions on a port of their own; URLs inside answers follow `nextauth_url`."""
    async with issuer_http_session() as http:
        redirect_uri = f"{nextauth_url}/api/auth/callback/zitadel"
        client = OpenIdClient(OpenIdSettings(issuer, client_id, CLIENT_SECRET, redirect_uri, SCOPE), http)
        registry = Registry()
        actions = AuthActions(AuthSettings(nextauth_url, SECRET, with_nonce=with_nonce), client, registry)

        async def endpoint(request: Request) -> Response:
            return await actions.handle(request, request.path_params["tail"])

        route = Route("/api/auth/{tail:path}", endpoint, methods=["GET", "POST", "PUT"])
        async with served(Starlette(routes=[route])) as url:
            yield Portal(url, actions, registry, client)


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """An app on a loopback port of its own."""
    server = scripted(app)
    async with serving(server):
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


def browser() -> aiohttp.ClientSession:
    """A client that keeps no cookies and follows nothing by itself."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
