"""POST /oauth/v2/token: codes, refresh tokens, client credentials and signed assertions become tokens.

The one thing a newcomer would get wrong: a code or refresh token that comes a second time is a sign of theft,
so it is not only refused: everything the first use gave is revoked.
"""

import base64
import hmac
import secrets
from dataclasses import replace
from hashlib import sha256
from typing import Any

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aidial_identity.config import Client, ServiceAccount
from aidial_identity.faults import OAuthError, invalid_grant
from aidial_identity.keys import ALGORITHM
from aidial_identity.proofs import authenticate
from aidial_identity.provider import Code, Provider
from aidial_identity.requests import provider_from, read_parameters
from aidial_identity.state import Grant
from aidial_identity.tokens import issue_access_token, issue_id_token, new_grant_id

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_AGE_S = 3600
ASSERTION_LEEWAY_S = 10
log = structlog.get_logger("aidial_identity")


async def token(request: Request) -> Response:
    """Answer `{access_token, token_type, expires_in, scope, id_token?, refresh_token?}` or an OAuth error."""
    provider = provider_from(request)
    form = await read_parameters(request)
    grant_type = form.get("grant_type", "")
    if grant_type == JWT_BEARER:
        return JSONResponse(assertion_tokens(provider, form))
    if grant_type not in {"authorization_code", "refresh_token", "client_credentials"}:
        raise OAuthError("unsupported_grant_type", "This grant_type is not offered.")
    caller = authenticate(provider, request.headers.get("authorization"), form)
    if isinstance(caller, ServiceAccount):
        if grant_type != "client_credentials":
            raise OAuthError("unauthorized_client", "A service account has no such grant.")
        return JSONResponse(machine_tokens(provider, caller, form))
    if grant_type == "authorization_code":
        return JSONResponse(code_tokens(provider, caller, form))
    if grant_type == "refresh_token" and caller.refresh_tokens:
        return JSONResponse(refreshed_tokens(provider, caller, form))
    raise OAuthError("unauthorized_client", "This client has no such grant.")


def code_tokens(provider: Provider, client: Client, form: dict[str, str]) -> dict[str, Any]:
    """Redeem an authorization code, once."""
    code = provider.codes.get(form.get("code", ""))
    if code is None or code.request.client_id != client.client_id:
        raise invalid_grant("The code is unknown, used or too old.")
    if code.used:
        provider.state.revoke_grant(code.grant_id)
        log.warning("code.replayed", client_id=client.client_id, subject=code.subject)
        raise invalid_grant("The code is unknown, used or too old.")
    code.used = True
    if code.expires_at <= provider.clock():
        raise invalid_grant("The code is unknown, used or too old.")
    if form.get("redirect_uri") != code.request.redirect_uri:
        raise invalid_grant("redirect_uri differs from the one of the authorization request.")
    if not verifier_fits(form.get("code_verifier", ""), code.request.code_challenge):
        raise invalid_grant("code_verifier does not fit the code_challenge.")
    grant = grant_of_code(provider, code)
    provider.state.forget_expired(provider.now())
    provider.state.open_grant(grant)
    return person_tokens(provider, client, grant, code.request.nonce)


def grant_of_code(provider: Provider, code: Code) -> Grant:
    """What a code stands for. Without a refresh token it ends with its access token."""
    lifetimes = provider.config.lifetimes
    lasting = "offline_access" in code.request.scope
    life_s = max(lifetimes.refresh_absolute_s if lasting else 0, lifetimes.access_token_s)
    return Grant(
        grant_id=code.grant_id,
        client_id=code.request.client_id,
        subject=code.subject,
        sid=code.sid,
        scope=code.request.scope,
        auth_time=code.auth_time,
        amr=code.amr,
        expires_at=provider.now() + life_s,
    )


def verifier_fits(verifier: str, challenge: str) -> bool:
    """PKCE S256 (RFC 7636)."""
    hashed = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(hashed, challenge.encode())


def refreshed_tokens(provider: Provider, client: Client, form: dict[str, str]) -> dict[str, Any]:
    """Use a refresh token up and give a new one. A used one ends its whole family."""
    refused = invalid_grant("The refresh token is unknown, used, revoked or too old.")
    offered, now = form.get("refresh_token", ""), provider.now()
    grant_id = provider.state.grant_of_refresh_token(offered)
    grant = provider.state.live_grant(grant_id, now) if grant_id else None
    if grant is None or grant.client_id != client.client_id or grant.subject not in provider.by_subject:
        raise refused
    asked = tuple(form.get("scope", "").split()) or grant.scope
    if not set(asked) <= set(grant.scope):
        raise OAuthError("invalid_scope", "The scope goes beyond what was granted.")
    if not provider.state.spend_refresh_token(offered, now):
        provider.state.revoke_grant(grant.grant_id)
        log.warning("refresh_token.replayed", client_id=client.client_id, subject=grant.subject)
        raise refused
    return person_tokens(provider, client, grant, None, asked)


def person_tokens(
    provider: Provider, client: Client, grant: Grant, nonce: str | None, asked: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The token answer for a person; `asked` narrows the scope of this answer only."""
    if grant.subject not in provider.by_subject:
        raise invalid_grant("The account is not there any more.")
    shown = replace(grant, scope=asked or grant.scope)
    access_token = issue_access_token(provider, shown)
    answer = token_answer(provider, access_token, shown.scope)
    answer["id_token"] = issue_id_token(provider, client, shown, access_token, nonce)
    if "offline_access" in grant.scope and client.refresh_tokens:
        refresh_token = secrets.token_urlsafe(32)
        idle_end = provider.now() + provider.config.lifetimes.refresh_idle_s
        provider.state.add_refresh_token(refresh_token, grant.grant_id, min(idle_end, grant.expires_at))
        answer["refresh_token"] = refresh_token
    return answer


def token_answer(provider: Provider, access_token: str, scope: tuple[str, ...]) -> dict[str, Any]:
    """The members every token answer has."""
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": provider.config.lifetimes.access_token_s,
        "scope": " ".join(scope),
    }


def machine_tokens(provider: Provider, service: ServiceAccount, form: dict[str, str]) -> dict[str, Any]:
    """An access token for a service account; machines get neither ID nor refresh tokens."""
    grant = Grant(
        grant_id=new_grant_id(),
        client_id=service.client_id,
        subject=service.subject,
        sid=None,
        scope=tuple(form.get("scope", "openid").split()),
        auth_time=None,
        amr=(),
        expires_at=provider.now() + provider.config.lifetimes.access_token_s,
    )
    provider.state.forget_expired(provider.now())
    provider.state.open_grant(grant)
    return token_answer(provider, issue_access_token(provider, grant), grant.scope)


def assertion_tokens(provider: Provider, form: dict[str, str]) -> dict[str, Any]:
    """Zitadel's JWT profile (RFC 7523): an RS256 assertion with iss = sub = the service account's subject."""
    refused = invalid_grant("The assertion is not valid.")
    assertion = form.get("assertion", "")
    for service in provider.services.values():
        claims = assertion_claims(service, assertion)
        if claims is not None:
            break
    else:
        raise refused
    now, audience = provider.clock(), claims.get("aud")
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    if not isinstance(issued_at, int | float) or not isinstance(expires_at, int | float):
        raise refused
    in_time = now - ASSERTION_AGE_S <= issued_at <= now + ASSERTION_LEEWAY_S and expires_at > now
    named = provider.config.issuer in (audience if isinstance(audience, list) else [audience])
    if (
        not in_time
        or not named
        or claims.get("sub") != claims.get("iss")
        or claims.get("sub") != service.subject
    ):
        raise refused
    return machine_tokens(provider, service, form)


def assertion_claims(service: ServiceAccount, assertion: str) -> dict[str, Any] | None:
    """The claims when one of the service account's registered keys signed the assertion."""
    if not service.public_keys:
        return None
    try:
        keys = KeySet([RSAKey.import_key(key) for key in service.public_keys])
        return jwt.decode(assertion, keys, algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError):
        return None
