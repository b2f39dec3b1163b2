"""Checks of what people and machines prove themselves with.

The one thing a newcomer would get wrong: an unknown account costs the same work as a known one, and a
one-time code counts once, even within its thirty seconds.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

from pyotp import HOTP

from aidial_identity.config import Account, Client, ServiceAccount
from aidial_identity.faults import OAuthError, invalid_client
from aidial_identity.provider import Provider

STEP_S = 30
DRIFT_STEPS = (0, -1, 1)
NOBODY = "no account has this password: \x00"


def same(given: str, expected: str) -> bool:
    """Compare two secrets in a time that does not depend on either, not even on their lengths."""
    return hmac.compare_digest(fingerprint(given), fingerprint(expected))


def fingerprint(secret: str) -> bytes:
    """A fixed-length stand-in for a secret of any length."""
    return hmac.digest(b"aidial identity comparison", secret.encode("utf-8", "surrogatepass"), "sha256")


def account_for(provider: Provider, email: str, password: str) -> Account | None:
    """The account with that e-mail address and password, else None."""
    account = provider.by_email.get(email.strip().casefold())
    right = same(password, account.password if account else NOBODY)
    return account if right else None


def accept_otp(provider: Provider, account: Account, code: str) -> bool:
    """Accept a six-digit code (RFC 6238: SHA-1, 30 s, one step of drift) that was not accepted before."""
    digits = re.sub(r"[ -]", "", code)
    if account.otp_secret is None or not re.fullmatch(r"[0-9]{6}", digits):
        return False
    generator = HOTP(account.otp_secret)
    current = provider.now() // STEP_S
    matching = [current + drift for drift in DRIFT_STEPS if same(digits, generator.at(current + drift))]
    return any(provider.state.spend_otp_step(account.subject, step) for step in matching)


def authenticate(
    provider: Provider, authorization: str | None, form: Mapping[str, str], *, basic_only: bool = False
) -> Client | ServiceAccount:
    """The client of a request, by client_secret_basic or client_secret_post. OAuthError invalid_client."""
    if authorization is not None:
        if "client_secret" in form:
            raise OAuthError("invalid_request", "Authenticate the client in one way, not in two.")
        client_id, secret = basic_credentials(authorization)
        if form.get("client_id", client_id) != client_id:
            raise OAuthError("invalid_request", "client_id differs from the authenticated client.")
    elif basic_only:
        raise invalid_client()
    else:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    known = provider.clients.get(client_id) or provider.services.get(client_id)
    expected = known.client_secret if known else None
    if not same(secret, expected or NOBODY) or known is None or not expected:
        raise invalid_client()
    return known


def basic_credentials(authorization: str) -> tuple[str, str]:
    """Client id and secret of an Authorization header; each was form-urlencoded (RFC 6749 2.3.1)."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client()
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid_client() from error
    client_id, _, secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
