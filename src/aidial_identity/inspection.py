"""Introspection, revocation and userinfo: what a token means and how to end it.

The one thing a newcomer would get wrong: a token is `active` only for clients in its audience; to any other
client it looks like no token at all.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aidial_identity.config import Client
from aidial_identity.faults import OAuthError
from aidial_identity.proofs import authenticate
from aidial_identity.provider import Provider
from aidial_identity.requests import provider_from, read_form, read_parameters
from aidial_identity.tokens import machine_claims, person_claims, read_access_token

INACTIVE = {"active": False}


async def introspect(request: Request) -> Response:
    """POST /oauth/v2/introspect (client_secret_basic only): RFC 7662 for access tokens."""
    provider = provider_from(request)
    form = await read_parameters(request)
    caller = authenticate(provider, request.headers.get("authorization"), form, basic_only=True)
    live = read_access_token(provider, form.get("token", ""))
    if live is None or not isinstance(caller, Client) or caller.client_id not in live.claims["aud"]:
        return JSONResponse(INACTIVE)
    about = claims_about(provider, live.claims["sub"], tuple(live.claims["scope"].split()))
    answer = {"active": True, "token_type": "Bearer", **live.claims, **about}
    if "preferred_username" in about:
        answer["username"] = about["preferred_username"]
    return JSONResponse(answer)


async def revoke(request: Request) -> Response:
    """POST /oauth/v2/revoke: RFC 7009. Unknown and other clients' tokens answer 200 and stay as they are."""
    provider = provider_from(request)
    form = await read_parameters(request)
    caller = authenticate(provider, request.headers.get("authorization"), form)
    if "token" not in form:
        raise OAuthError("invalid_request", "token is missing.")
    grant_id = provider.state.grant_of_refresh_token(form["token"])
    grant = provider.state.live_grant(grant_id, provider.now()) if grant_id else None
    if grant is not None and grant.client_id == caller.client_id:
        provider.state.revoke_grant(grant.grant_id)
    live = read_access_token(provider, form["token"])
    if live is not None and live.grant.client_id == caller.client_id:
        provider.state.revoke_token(live.claims["jti"], live.claims["exp"])
    return Response(status_code=200)


async def userinfo(request: Request) -> Response:
    """GET or POST /oidc/v1/userinfo with a bearer access token: `sub` and what its scope opens."""
    provider = provider_from(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" and request.method == "POST":
        token = (await read_form(request)).get("access_token", "")
    elif scheme.lower() != "bearer":
        token = ""
    live = read_access_token(provider, token.strip())
    if live is None:
        raise OAuthError("invalid_token", "The access token is missing or not valid.", 401, "Bearer")
    scope = tuple(live.claims["scope"].split())
    if "openid" not in scope:
        raise OAuthError("insufficient_scope", "The access token lacks the scope openid.", 403, "Bearer")
    return JSONResponse({"sub": live.claims["sub"], **claims_about(provider, live.claims["sub"], scope)})


def claims_about(provider: Provider, subject: str, scope: tuple[str, ...]) -> dict[str, Any]:
    """The claims about a person or a machine that a scope opens."""
    account, service = provider.by_subject.get(subject), provider.service_of(subject)
    if account is not None:
        return person_claims(account, scope)
    return machine_claims(service, scope) if service is not None else {}
