"""The words of a failed page. They say what to do and whom to ask, never what exists."""

from __future__ import annotations

from typing import Final

from .context import ErrorPage

_YOUR_ADMINISTRATOR: Final = "Your organisation's administrator, or help@aidial.com.au with the request id."
_SUPPORT: Final = "help@aidial.com.au, with the request id."

_SIGNED_OUT: Final = 401
_SERVER_FAULT: Final = 500

# status: heading, what happened, what to do, whom to ask
_TEXTS: Final = {
    400: (
        "This address does not work",
        "The link has a part that the page cannot read.",
        "Go back and try another link, or go to the start page.",
        _SUPPORT,
    ),
    401: (
        "You are signed out",
        "Your session ended, after a while without activity or because you signed out elsewhere.",
        "Sign in again. You will come back to where you were.",
        _YOUR_ADMINISTRATOR,
    ),
    403: (
        "This was stopped for safety",
        "The request did not come from this site in the way a browser normally sends it.",
        "Go back, reload the page and try once more.",
        _SUPPORT,
    ),
    404: (
        "There is nothing to see here",
        "The page does not exist, or your account does not include it.",
        "Check the address, or go to the start page.",
        _YOUR_ADMINISTRATOR,
    ),
    429: (
        "Too many requests",
        "This page was asked for more often than the system allows.",
        "Wait a minute, then reload the page.",
        _SUPPORT,
    ),
    500: (
        "Something went wrong on our side",
        "The page could not be put together. Nothing you entered was changed.",
        "Reload the page. If it happens again, tell us and we will look into it.",
        _SUPPORT,
    ),
    503: (
        "This is not available right now",
        "A part of the system did not answer in time.",
        "Wait a minute, then reload the page. The status page shows known problems.",
        _SUPPORT,
    ),
}


def error_page(status: int, request_id: str, *, home_url: str | None = "/") -> ErrorPage:
    """Give the page for a status; one without words of its own takes those of 500 (5xx) or 400."""
    heading, what_happened, what_to_do, whom_to_ask = (
        _TEXTS.get(status) or _TEXTS[500 if status >= _SERVER_FAULT else 400]
    )
    is_signed_out = status == _SIGNED_OUT
    return ErrorPage(
        status=status,
        heading=heading,
        what_happened=what_happened,
        what_to_do=what_to_do,
        whom_to_ask=whom_to_ask,
        request_id=request_id,
        home_url="/sign-in" if is_signed_out else home_url,
        home_label="Sign in" if is_signed_out else "Go to the start page",
    )


def address_refused(request_id: str, client_ip: str) -> ErrorPage:
    """Give the page of somebody whose network is not on the allowlist: their account is what still opens."""
    return ErrorPage(
        status=403,
        heading="You cannot come in from this network",
        what_happened=f"This organisation answers only the networks on its list. Yours is {client_ip}.",
        what_to_do="Use a network that is on the list, such as the one at work, and reload the page. If yours"
        " belongs on the list, ask for it to be added.",
        whom_to_ask="Your organisation's administrator. Tell them the address above and the request id.",
        request_id=request_id,
        home_url="/account",
        home_label="Go to your account, to sign out",
    )


def access_denied(request_id: str, *, auth_csrf_token: str | None = None) -> ErrorPage:
    """Give `/access-denied`: signed in, but no active assignment."""
    return ErrorPage(
        status=404,
        heading="Your account has no access yet",
        what_happened="You are signed in, but no organisation has given this account an active role.",
        what_to_do="Ask to be added, then sign in again. If you have another account, use that one.",
        whom_to_ask="The person who invited you, or your organisation's administrator.",
        request_id=request_id,
        home_url="/sign-in",
        home_label="Sign in again",
        sign_out_csrf_token=auth_csrf_token,
    )


_ENDED: Final = {
    "session_revoked": (
        "You have been signed out",
        "This session was ended from another device or by an administrator.",
        "Sign in again. If it was not you, look at your other sessions on your account page.",
    ),
    "concurrent_limit": (
        "You have been signed out here",
        "You signed in on another device while as many sessions were open as are allowed. The oldest ended.",
        "Sign in again. It ends the oldest of your other sessions; close those you do not need.",
    ),
    "revoked_by_owner": (
        "You have been signed out",
        "This session was ended from another of your devices.",
        "Sign in again. If it was not you, look at your other sessions on your account page.",
    ),
    "revoked_by_administrator": (
        "You have been signed out",
        "This session was ended by whoever manages your organisation's accounts.",
        "Ask them why before you sign in again.",
    ),
    "backchannel_logout": (
        "You have been signed out",
        "You signed out at the sign-in service, or somebody did for you, and that ended this session too.",
        "Sign in again to go on.",
    ),
    "session_expired": (
        "Your session has ended",
        "Nobody used this session for a while, or it reached its longest length.",
        "Sign in again to go on.",
    ),
}


def session_ended(request_id: str, reason: str) -> ErrorPage:
    """Give `/access-denied` of a session that is over; `reason` is one of the portal's farewells."""
    heading, what_happened, what_to_do = _ENDED[reason]
    return ErrorPage(
        status=404,
        heading=heading,
        what_happened=what_happened,
        what_to_do=what_to_do,
        whom_to_ask=_YOUR_ADMINISTRATOR,
        request_id=request_id,
        home_url="/sign-in",
        home_label="Sign in again",
    )
