"""What the NextAuth actions need from the portal: its settings, its pages, and the session registry.

What a newcomer gets wrong: these actions know nothing of the API. Registering, resolving and revoking a
session happen behind `SignInPort`, so the wire can be tested against npm's next-auth alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal, Protocol

from starlette.requests import Request

from aidial_portal.kernel.nextauth.jwe import Claims
from aidial_portal.kernel.oidc import SignedIn

SESSION_MAX_AGE_S = 12 * 60 * 60


class SignInRefusedError(Exception):
    """This person is not let in and sees `/sign-in?error=AccessDenied`; `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignInPort(Protocol):
    """The portal's side of a session.

    Claims of a session: `sub, name, email, picture?, session_id, access_token, refresh_token?, expires_at,
    sid?, token_generation, role, absolute_expires_at`; `expires_at` and `absolute_expires_at` in seconds
    since 1970.
    """

    async def register(self, signed_in: SignedIn, request: Request) -> Claims:
        """Register the session and return its claims. The ID token must not be among them.

        Raises SignInRefusedError to refuse; any other exception is `error=Callback` for the browser.
        """

    async def resolve(self, claims: Claims, request: Request) -> Claims | None:
        """Return the newest claims of this session, or None when it is revoked, expired or unknown.

        When the registry cannot be asked, return the claims unchanged: the answer shows the browser only
        what its own cookie holds.
        """

    async def sign_out(self, claims: Claims, request: Request) -> None:
        """Revoke the session and record the sign-out. Whatever it raises, the browser is signed out."""


PageKind = Literal["sign_out", "verify_request"]


def plain_page(kind: PageKind, facts: Mapping[str, str]) -> str:
    """Render the page without the portal's design; `facts` has `action` and `csrf_token` for `sign_out`."""
    if kind == "verify_request":
        title, inner = "Check your email", "<p>A sign-in link has been sent to your email address.</p>"
    else:
        title = "Sign out"
        inner = (
            f'<p>Do you want to sign out?</p><form action="{escape(facts["action"])}" method="post">'
            f'<input type="hidden" name="csrfToken" value="{escape(facts["csrf_token"])}">'
            '<button type="submit">Sign out</button></form>'
        )
    return (
        f'<!DOCTYPE html><html lang="en-AU"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><main><h1>{title}</h1>{inner}</main></body></html>"
    )


@dataclass(frozen=True, slots=True)
class AuthPages:
    """NextAuth's `pages` option, plus who renders the two pages that have no path of their own."""

    sign_in: str = "/sign-in"
    error: str = "/sign-in"
    render: Callable[[PageKind, Mapping[str, str]], str] = plain_page


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """`nextauth_url` is the portal's public URL; `post_logout_path` is where the issuer sends back to."""

    nextauth_url: str
    secret: str = field(repr=False)
    post_logout_path: str = "/sign-in"
    with_nonce: bool = False
    """Whether sign-ins carry a nonce as well; NextAuth's Zitadel provider uses PKCE and state only."""


def browser_session(claims: Mapping[str, Any], expires: str) -> dict[str, Any]:
    """Return what JavaScript may know of a session: never a token or an identifier."""
    user = {"name": claims.get("name"), "email": claims.get("email"), "image": claims.get("picture")}
    session = {"user": {name: value for name, value in user.items() if value is not None}, "expires": expires}
    return {**session, "role": claims["role"]} if claims.get("role") else session
