"""The provider as a Starlette app.

The one thing a newcomer would get wrong: making the app opens its files at once; they are closed when the
server that runs it shuts down.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aidial_identity import authorize, discovery, inspection, logout, pages, sign_in, token_endpoint, users
from aidial_identity.config import IdentityConfig
from aidial_identity.faults import OAuthError, PageError, RedirectError
from aidial_identity.guard import Guard
from aidial_identity.provider import Clock, Provider, open_provider
from aidial_identity.requests import UnreadableRequest

PAGES = ("/oauth/v2/authorize", "/oidc/v1/end_session", "/ui/")
ROUTES = [
    Route("/.well-known/openid-configuration", discovery.configuration),
    Route("/oauth/v2/keys", discovery.keys),
    Route("/oauth/v2/authorize", authorize.authorize, methods=["GET", "POST"]),
    Route("/oauth/v2/token", token_endpoint.token, methods=["POST"]),
    Route("/oauth/v2/introspect", inspection.introspect, methods=["POST"]),
    Route("/oauth/v2/revoke", inspection.revoke, methods=["POST"]),
    Route("/oidc/v1/userinfo", inspection.userinfo, methods=["GET", "POST"]),
    Route("/oidc/v1/end_session", logout.end_session, methods=["GET", "POST"]),
    Route("/ui/login", sign_in.show),
    Route("/ui/login/password", sign_in.submit_password, methods=["POST"]),
    Route("/ui/login/otp", sign_in.submit_otp, methods=["POST"]),
    Route("/v2/users/{user_id}", users.show),
    Route("/v2/users/{user_id}/phone", users.set_phone, methods=["POST"]),
    Route("/v2/users/{user_id}/otp_sms", users.add_codes, methods=["POST"]),
    Route("/assets/identity.css", pages.stylesheet),
]


def create_app(config: IdentityConfig, *, clock: Clock = time.time) -> Starlette:
    """Build the provider. `clock` gives seconds since 1970; tests move it. OSError: a file is unusable."""
    provider = open_provider(config, clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        provider.state.close()

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Guard, issuer=config.issuer)],
        exception_handlers={
            OAuthError: oauth_error,
            PageError: page_error,
            RedirectError: redirect_error,
            UnreadableRequest: unreadable,
        },
        lifespan=lifespan,
    )
    app.state.provider = provider
    return app


def provider_of(app: Starlette) -> Provider:
    """The provider behind an app: its keys can be rotated, its clients replaced."""
    provider: Provider = app.state.provider
    return provider


async def oauth_error(_: Request, error: Exception) -> Response:
    """RFC 6749 5.2 and RFC 6750 3."""
    if not isinstance(error, OAuthError):
        raise error
    body = {"error": error.error, "error_description": error.description}
    headers = {}
    if error.challenge == "Basic":
        headers["www-authenticate"] = 'Basic realm="AiDial demo identity provider", charset="UTF-8"'
    elif error.challenge is not None:
        headers["www-authenticate"] = f'{error.challenge} error="{error.error}"'
    return JSONResponse(body, error.status, headers)


async def page_error(_: Request, error: Exception) -> Response:
    """A page that says what happened and what to do next."""
    if not isinstance(error, PageError):
        raise error
    return pages.error_page(error)


async def redirect_error(request: Request, error: Exception) -> Response:
    """Back to the client."""
    if not isinstance(error, RedirectError):
        raise error
    return await authorize.redirect_error(request, error)


async def unreadable(request: Request, error: Exception) -> Response:
    """A page for people, an OAuth error for machines."""
    if not isinstance(error, UnreadableRequest):
        raise error
    if request.url.path.startswith(PAGES):
        return pages.error_page(PageError(error.status, "This request could not be read", error.reason))
    return JSONResponse({"error": "invalid_request", "error_description": error.reason}, error.status)
