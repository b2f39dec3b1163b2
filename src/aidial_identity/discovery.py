"""The two public documents: what the provider can do, and the keys it signs with."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aidial_identity.keys import ALGORITHM
from aidial_identity.requests import provider_from
from aidial_identity.token_endpoint import JWT_BEARER


async def configuration(request: Request) -> Response:
    """GET /.well-known/openid-configuration."""
    issuer = provider_from(request).config.issuer
    basic_and_post = ["client_secret_basic", "client_secret_post"]
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/v2/authorize",
        "token_endpoint": f"{issuer}/oauth/v2/token",
        "introspection_endpoint": f"{issuer}/oauth/v2/introspect",
        "revocation_endpoint": f"{issuer}/oauth/v2/revoke",
        "userinfo_endpoint": f"{issuer}/oidc/v1/userinfo",
        "end_session_endpoint": f"{issuer}/oidc/v1/end_session",
        "jwks_uri": f"{issuer}/oauth/v2/keys",
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", JWT_BEARER],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": basic_and_post,
        "revocation_endpoint_auth_methods_supported": basic_and_post,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "select_account"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
        "claims_supported": [
            *("iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "amr", "sid", "at_hash"),
            *("email", "email_verified", "name", "given_name", "family_name", "preferred_username"),
        ],
        "ui_locales_supported": ["en-AU"],
    }
    return JSONResponse(document)


async def keys(request: Request) -> Response:
    """GET /oauth/v2/keys: the JWKS; five minutes of caching, as Zitadel's web keys."""
    document = provider_from(request).keys.public()
    return JSONResponse(document, headers={"cache-control": "max-age=300, must-revalidate"})
