"""The three ways this provider says no.

The one thing a newcomer would get wrong: an authorization request whose client or redirect_uri is not known
good gets a page, never a redirect; everything after that goes back to the client.
"""

from dataclasses import dataclass


@dataclass(eq=False)
class OAuthError(Exception):
    """Answered as JSON by the token, introspection, revocation and userinfo endpoints."""

    error: str
    description: str
    status: int = 400
    challenge: str | None = None


@dataclass(eq=False)
class PageError(Exception):
    """Answered as a page: `heading` says what happened, `advice` what to do next."""

    status: int
    heading: str
    advice: str


@dataclass(eq=False)
class RedirectError(Exception):
    """Sent back to the client as query parameters of its registered redirect_uri."""

    redirect_uri: str
    state: str | None
    error: str
    description: str


def invalid_client() -> OAuthError:
    """One answer for an unknown client, a wrong secret and a missing one."""
    return OAuthError("invalid_client", "The client could not be authenticated.", 401, "Basic")


def invalid_grant(description: str) -> OAuthError:
    """The code, refresh token or assertion cannot be used."""
    return OAuthError("invalid_grant", description)
