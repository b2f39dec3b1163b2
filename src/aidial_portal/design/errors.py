"""The words of a failed page. They say what to do and whom to ask, never what exists."""

from __future__ import annotations

from typing import Final

from aidial_portal.words import N_, _

from .context import ErrorPage

_YOUR_ADMINISTRATOR: Final = N_(
    "Your organisation's administrator, or help@aidial.com.au with the request id."
)
_SUPPORT: Final = N_("help@aidial.com.au, with the request id.")

_SIGNED_OUT: Final = 401
_SERVER_FAULT: Final = 500

# status: heading, what happened, what to do, whom to ask
_TEXTS: Final = {
    400: (
        N_("This address does not work"),
        N_("The link has a part that the page cannot read."),
        N_("Go back and try another link, or go to the start page."),
        _SUPPORT,
    ),
    401: (
        N_("You are signed out"),
        N_("Your session ended, after a while without activity or because you signed out elsewhere."),
        N_("Sign in again. You will come back to where you were."),
        _YOUR_ADMINISTRATOR,
    ),
    403: (
        N_("This was stopped for safety"),
        N_("The request did not come from this site in the way a browser normally sends it."),
        N_("Go back, reload the page and try once more."),
        _SUPPORT,
    ),
    404: (
        N_("There is nothing to see here"),
        N_("The page does not exist, or your account does not include it."),
        N_("Check the address, or go to the start page."),
        _YOUR_ADMINISTRATOR,
    ),
    429: (
        N_("Too many requests"),
        N_("This page was asked for more often than the system allows."),
        N_("Wait a minute, then reload the page."),
        _SUPPORT,
    ),
    500: (
        N_("Something went wrong on our side"),
        N_("The page could not be put together. Nothing you entered was changed."),
        N_("Reload the page. If it happens again, tell us and we will look into it."),
        _SUPPORT,
    ),
    503: (
        N_("This is not available right now"),
        N_("A part of the system did not answer in time."),
        N_("Wait a minute, then reload the page. The status page shows known problems."),
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
        heading=_(heading),
        what_happened=_(what_happened),
        what_to_do=_(what_to_do),
        whom_to_ask=_(whom_to_ask),
        request_id=request_id,
        home_url="/sign-in" if is_signed_out else home_url,
        home_label=_("Sign in") if is_signed_out else _("Go to the start page"),
    )


def address_refused(request_id: str, client_ip: str) -> ErrorPage:
    """Give the page of somebody whose network is not on the allowlist: their account is what still opens."""
    return ErrorPage(
        status=403,
        heading=_("You cannot come in from this network"),
        what_happened=_(
            "This organisation answers only the networks on its list. Yours is {address}."
        ).format(address=client_ip),
        what_to_do=_(
            "Use a network that is on the list, such as the one at work, and reload the page. If yours"
            " belongs on the list, ask for it to be added."
        ),
        whom_to_ask=_("Your organisation's administrator. Tell them the address above and the request id."),
        request_id=request_id,
        home_url="/account",
        home_label=_("Go to your account, to sign out"),
    )


def access_denied(request_id: str, *, auth_csrf_token: str | None = None) -> ErrorPage:
    """Give `/access-denied`: signed in, but no active assignment."""
    return ErrorPage(
        status=404,
        heading=_("Your account has no access yet"),
        what_happened=_("You are signed in, but no organisation has given this account an active role."),
        what_to_do=_("Ask to be added, then sign in again. If you have another account, use that one."),
        whom_to_ask=_("The person who invited you, or your organisation's administrator."),
        request_id=request_id,
        home_url="/sign-in",
        home_label=_("Sign in again"),
        sign_out_csrf_token=auth_csrf_token,
    )


_ENDED: Final = {
    "session_revoked": (
        N_("You have been signed out"),
        N_("This session was ended from another device or by an administrator."),
        N_("Sign in again. If it was not you, look at your other sessions on your account page."),
    ),
    "concurrent_limit": (
        N_("You have been signed out here"),
        N_(
            "You signed in on another device while as many sessions were open as are allowed."
            " The oldest ended."
        ),
        N_("Sign in again. It ends the oldest of your other sessions; close those you do not need."),
    ),
    "revoked_by_owner": (
        N_("You have been signed out"),
        N_("This session was ended from another of your devices."),
        N_("Sign in again. If it was not you, look at your other sessions on your account page."),
    ),
    "revoked_by_administrator": (
        N_("You have been signed out"),
        N_("This session was ended by whoever manages your organisation's accounts."),
        N_("Ask them why before you sign in again."),
    ),
    "backchannel_logout": (
        N_("You have been signed out"),
        N_(
            "You signed out at the sign-in service, or somebody did for you, and that ended this session too."
        ),
        N_("Sign in again to go on."),
    ),
    "session_expired": (
        N_("Your session has ended"),
        N_("Nobody used this session for a while, or it reached its longest length."),
        N_("Sign in again to go on."),
    ),
}


def session_ended(request_id: str, reason: str) -> ErrorPage:
    """Give `/access-denied` of a session that is over; `reason` is one of the portal's farewells."""
    heading, what_happened, what_to_do = _ENDED[reason]
    return ErrorPage(
        status=404,
        heading=_(heading),
        what_happened=_(what_happened),
        what_to_do=_(what_to_do),
        whom_to_ask=_(_YOUR_ADMINISTRATOR),
        request_id=request_id,
        home_url="/sign-in",
        home_label=_("Sign in again"),
    )
