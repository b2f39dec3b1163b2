"""What tokens say: Zitadel's claims, signed RS256.

The one thing a newcomer would get wrong: the `aud` of both tokens is a list of every client of the project,
so `azp` says whose token it is; only access tokens name the API's audience and only they are typed `at+jwt`.
"""

import base64
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from aidial_identity.config import Account, Client, ServiceAccount
from aidial_identity.provider import Provider
from aidial_identity.state import Grant

ACCESS_TOKEN = "at+jwt"  # noqa: S105 (a JWT type, no secret)
ID_TOKEN = "JWT"  # noqa: S105 (a JWT type, no secret)
LOGOUT_TOKEN = "logout+jwt"  # noqa: S105 (a JWT type, no secret)
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN_S = 900


@dataclass(frozen=True)
class LiveToken:
    """An access token that counts: its claims and the grant it hangs on."""

    claims: dict[str, Any]
    grant: Grant


def new_grant_id() -> str:
    """An id that can stand inside a token id."""
    return f"V2_{secrets.token_hex(12)}"


def project_audience(provider: Provider, project_id: str) -> list[str]:
    """Every client id of a project, then the project id."""
    clients = [one.client_id for one in provider.clients.values() if provider.project_of(one) == project_id]
    return [*clients, project_id]


def audience_of(provider: Provider, grant: Grant) -> list[str]:
    """The audience of a grant's access tokens; the API belongs to the provider's own project."""
    client = provider.clients.get(grant.client_id)
    project_id = provider.project_of(client) if client else provider.config.project_id
    audience = project_audience(provider, project_id)
    if project_id == provider.config.project_id and provider.config.api_audience not in audience:
        audience.append(provider.config.api_audience)
    return audience


def issue_access_token(provider: Provider, grant: Grant) -> str:
    """A JWT access token; its `jti` starts with the grant id, so that revoking the grant ends it."""
    now = provider.now()
    claims = {
        "iss": provider.config.issuer,
        "sub": grant.subject,
        "aud": audience_of(provider, grant),
        "client_id": grant.client_id,
        "scope": " ".join(grant.scope),
        "iat": now,
        "nbf": now,
        "exp": now + provider.config.lifetimes.access_token_s,
        "jti": f"{grant.grant_id}-at_{secrets.token_hex(12)}",
    }
    return provider.keys.sign(claims, ACCESS_TOKEN)


def issue_id_token(
    provider: Provider, client: Client, grant: Grant, access_token: str, nonce: str | None
) -> str:
    """An ID token for `client`; e-mail and names are in it when asked for and allowed."""
    now, account = provider.now(), provider.by_subject[grant.subject]
    claims: dict[str, Any] = {
        "iss": provider.config.issuer,
        "sub": account.subject,
        "aud": project_audience(provider, provider.project_of(client)),
        "azp": client.client_id,
        "client_id": client.client_id,
        "iat": now,
        "exp": now + provider.config.lifetimes.id_token_s,
        "auth_time": grant.auth_time,
        "amr": list(grant.amr),
        "sid": grant.sid,
        "at_hash": half_hash(access_token),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if client.id_token_userinfo:
        claims |= person_claims(account, grant.scope)
    return provider.keys.sign(claims, ID_TOKEN)


def issue_logout_token(provider: Provider, client: Client, subject: str, sid: str) -> str:
    """A back-channel logout token (OpenID Connect Back-Channel Logout 1.0)."""
    now = provider.now()
    claims = {
        "iss": provider.config.issuer,
        "sub": subject,
        "aud": client.client_id,
        "iat": now,
        "exp": now + LOGOUT_TOKEN_S,
        "jti": secrets.token_hex(16),
        "events": {LOGOUT_EVENT: {}},
        "sid": sid,
    }
    return provider.keys.sign(claims, LOGOUT_TOKEN)


def person_claims(account: Account, scope: tuple[str, ...]) -> dict[str, Any]:
    """The claims about a person that the scopes `email` and `profile` open."""
    claims: dict[str, Any] = {}
    if "email" in scope:
        claims |= {"email": account.email, "email_verified": account.email_verified}
    if "profile" in scope:
        claims |= {
            "name": account.name,
            "given_name": account.given_name,
            "family_name": account.family_name,
            "preferred_username": account.email,
        }
    return claims


def machine_claims(service: ServiceAccount, scope: tuple[str, ...]) -> dict[str, Any]:
    """The claims about a machine that the scope `profile` opens."""
    return {"name": service.name, "preferred_username": service.client_id} if "profile" in scope else {}


def half_hash(access_token: str) -> str:
    """`at_hash`: the left half of the SHA-256 of the token, base64url without padding."""
    return base64.urlsafe_b64encode(sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()


def read_access_token(provider: Provider, token: str) -> LiveToken | None:
    """The access token, if we signed it, it has not expired, and neither it nor its grant was revoked."""
    claims = provider.keys.verify(token, ACCESS_TOKEN)
    now = provider.now()
    if claims is None or claims["iss"] != provider.config.issuer or claims["exp"] <= now:
        return None
    grant_id = claims["jti"].partition("-at_")[0]
    grant = provider.state.live_grant(grant_id, now)
    if grant is None or provider.state.is_revoked(claims["jti"]) or not is_known(provider, grant.subject):
        return None
    return LiveToken(claims, grant)


def is_known(provider: Provider, subject: str) -> bool:
    """Whether the person or machine is still configured."""
    return subject in provider.by_subject or provider.service_of(subject) is not None
