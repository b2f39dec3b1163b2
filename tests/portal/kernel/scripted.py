"""A scripted `/v1` and issuer, for what the network does: answers in time, late, never, or nonsense.

What a newcomer gets wrong: this is no second API. Anything about roles, scope or data is tested against the
real one; here only the portal's own behaviour at its edges is.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aidial_contract import errors
from aidial_contract.envelopes import Envelope, fault_headers, render
from aidial_contract.errors import ErrorRow
from aidial_contract.fault import Fault, FieldError
from aidial_contract.ids import new_id
from aidial_portal.app import PortalApp, create_app, server
from aidial_portal.kernel.issuer import RefusedRefreshError
from aidial_portal.kernel.nextauth.aidial_csrf import issue_token
from aidial_portal.kernel.nextauth.cookies import session_cookies
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_keys
from aidial_portal.kernel.nextauth.names import cookie_names
from aidial_portal.kernel.oidc import OpenIdClient
from aidial_portal.kernel.provider import Provider
from aidial_portal.kernel.tokens import Sealer, TokenSet
from aidial_portal.settings import PortalSettings
from tests.support.serving import scripted, serving

SECRET = "a secret of the tests, at least thirty-two bytes"
Answer = Response | ErrorRow | dict[str, Any] | Callable[[Request], Awaitable[Response]]


def free_socket() -> tuple[socket.socket, int]:
    """A listening socket on loopback and its port."""
    # As TCP by name: asyncio sends at once (TCP_NODELAY) only where the protocol says so.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    listener.setblocking(False)
    return listener, listener.getsockname()[1]


@asynccontextmanager
async def served(app: Any, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an app on a socket while the block runs, in this loop."""
    running = server(app, "127.0.0.1", 0, linger_s=0) if isinstance(app, PortalApp) else scripted(app)
    async with serving(running, listener):
        yield


def context_of(role: str | None = "client_admin", **changes: Any) -> dict[str, Any]:
    """A session context as `/v1/session-context` answers it."""
    project = {
        "project_id": "0192f0c1-2222-7000-8000-000000000001",
        "client_id": "harbour-dental",
        "display_name": "Front desk",
        "timezone": "Australia/Sydney",
    }
    return {
        "actor": "user",
        "assigned": role is not None,
        "role": role,
        "user": {
            "user_id": "0192f0c1-1111-7000-8000-000000000001",
            "email": "alice@harbour.example",
            "first_name": "Alice",
            "last_name": None,
            "mobile": None,
            "timezone": None,
            "language": None,
        },
        "key": None,
        "client_id": "harbour-dental",
        "tenant_name": "Harbour Dental",
        "tenant_status": "active",
        "partner_org": None,
        "clients": [{"client_id": "harbour-dental", "name": "Harbour Dental", "timezone": "UTC"}],
        "projects": [project],
        "mfa": {"required": False, "satisfied": False, "state": "optional", "allowed_factors": []},
        **changes,
    }


@dataclass
class ScriptedApi:
    """Answers by `METHOD /path`, else `fallback`, else 404; everything asked is in `asked`."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    context: Answer = field(default_factory=context_of)
    delay_s: float = 0.0
    raw: bytes | None = None
    fallback: Answer | None = None

    @property
    def lines(self) -> list[str]:
        """What was asked, as `METHOD /path`, ids of decoys shortened."""
        return [f"{request.method} {request.url.path}" for request in self.asked]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        self.asked.append(request)
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        key = f"{request.method} {request.url.path}"
        answer = self.context if key == "GET /v1/session-context" else self.answers.get(key, self.fallback)
        response = await self._response(answer, request)
        await response(scope, receive, send)

    async def _response(self, answer: Answer | None, request: Request) -> Response:
        if answer is None:
            return failing(errors.NOT_FOUND)
        if isinstance(answer, ErrorRow):
            return failing(answer)
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, dict):
            return JSONResponse(answer)
        return await answer(request)


def failing(
    row: ErrorRow, *, retry_after_ms: int | None = None, field_errors: list[FieldError] | None = None
) -> Response:
    """An error exactly as the API would send it."""
    fault = Fault(row, retry_after_ms=retry_after_ms, field_errors=field_errors or [])
    body = render(Envelope.TRANSPORT, fault, new_id())
    return JSONResponse(body, row.status, headers=fault_headers(fault))


class ScriptedIssuer:
    """An issuer whose refresh tokens work once."""

    def __init__(self) -> None:
        self.refreshes = 0
        self.down = False
        self.lifetime_s = 3600.0
        self.used: set[str] = set()
        self.delay_s = 0.0
        self.hiccups = 0

    @property
    def client(self) -> OpenIdClient:
        """Signing in is tested against the real identity provider."""
        raise NotImplementedError

    async def make_ready(self) -> None:
        """Nothing is needed besides the token."""

    async def refresh(self, refresh_token: str, subject: str) -> TokenSet:  # noqa: ARG002 - the protocol's
        """Rotate."""
        self.refreshes += 1
        await asyncio.sleep(self.delay_s)
        if self.down or self.hiccups > 0:
            self.hiccups -= 1
            raise Fault(errors.DEPENDENCY_UNAVAILABLE, reason="scripted")
        if refresh_token in self.used or refresh_token == "refused":
            raise RefusedRefreshError
        self.used.add(refresh_token)
        number = len(self.used)
        return TokenSet(
            f"access-{number}", time.time() + self.lifetime_s, f"refresh-{number}", 0, self.lifetime_s
        )

    @property
    def form_origins(self) -> frozenset[str]:
        """Where its forms lead."""
        return frozenset({"http://issuer.test"})

    async def is_reachable(self, timeout_s: float) -> bool:  # noqa: ARG002 - the protocol's
        """Whether it answers."""
        return not self.down

    async def close(self) -> None:
        """Nothing to close."""


@dataclass
class RunningPortal:
    """One portal on a port."""

    port: int
    settings: PortalSettings
    app: PortalApp
    session_id: str = field(default_factory=new_id)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def cookie(self, session_id: str | None = None, max_age_s: int = 3600, **claims: Any) -> str:
        """A session cookie's pair, as sign-in would have made it."""
        names = cookie_names(self.settings.nextauth_url)
        cipher = CookieCipher(derive_keys(self.settings.nextauth_secret, names).session)
        whole = {
            "sub": "alice",
            "session_id": session_id or self.session_id,
            "access_token": "access-0",
            "expires_at": int(time.time()) + 3600,
            "token_generation": 0,
            **claims,
        }
        text = cipher.encode({key: value for key, value in whole.items() if value is not None}, max_age_s)
        cookies = session_cookies(text, int(time.time()) + 3600, [], names)
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)

    def csrf(self, session_id: str | None = None) -> str:
        """A CSRF token of the session."""
        names = cookie_names(self.settings.nextauth_url)
        key = derive_keys(self.settings.nextauth_secret, names).aidial_csrf
        return issue_token(key, session_id or self.session_id)

    def signed_in(self, **claims: Any) -> dict[str, str]:
        """Headers of a signed-in read."""
        return {"cookie": self.cookie(**claims)}

    def changing(self, **claims: Any) -> dict[str, str]:
        """Headers of a signed-in change from our own page."""
        token = self.csrf()
        return {
            "cookie": f"{self.cookie(**claims)}; aidial.csrf={token}",
            "x-csrf-token": token,
            "sec-fetch-site": "same-origin",
        }


def sealed(settings: PortalSettings, tokens: TokenSet, subject: str = "alice") -> str:
    """A token set as the registry keeps it."""
    return Sealer(settings.nextauth_secret).seal(tokens, subject)


@asynccontextmanager
async def running_portal(
    api_url: str, issuer: ScriptedIssuer | type[Provider], **changes: Any
) -> AsyncIterator[RunningPortal]:
    """A real portal over sockets, in front of the scripted API."""
    listener, port = free_socket()
    settings = PortalSettings(
        **{
            "nextauth_secret": SECRET,
            "nextauth_url": f"http://127.0.0.1:{port}",
            "api_base_url": api_url,
            "api_timeout_ms": 10_000.0,
            "zitadel_issuer": "http://127.0.0.1:1",
            "zitadel_client_id": "portal",
            "zitadel_client_secret": "secret",
            **changes,
        }
    )
    app = _app(settings, issuer)
    async with served(app, listener):
        yield RunningPortal(port, settings, app)


def _app(settings: PortalSettings, issuer: ScriptedIssuer | type[Provider]) -> PortalApp:
    if isinstance(issuer, ScriptedIssuer):
        return create_app(settings, issuer=lambda _: issuer)
    return create_app(settings, issuer=issuer)


async def raw_exchange(port: int, sent: bytes) -> tuple[int, dict[str, str], bytes, bool]:
    """Send bytes as they are; status, headers, body, and whether the server closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        lines = head.decode("latin-1").split("\r\n")
        found = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        body = await reader.readexactly(int(found.get("content-length", "0")))
        closed = found.get("connection") == "close" and await reader.read(1) == b""
        return int(lines[0].split(" ")[1]), found, body, closed
    finally:
        writer.close()


def code_of(body: bytes | str) -> str:
    """The error code in whichever envelope."""
    value = json.loads(body)
    inner = value.get("error", value.get("code"))
    return str(inner["code"] if isinstance(inner, dict) else inner)
