"""The portal as an OpenID client: code flow with PKCE, ID-token checks, refresh, end-session.

What a newcomer gets wrong: `OpenIdError.kind` decides what happens next. `refused` ends a session,
`unavailable` must not: the issuer may be back in a minute.
"""

from aidial_portal.kernel.oidc.client import OpenIdClient, OpenIdSettings, Profile, SignedIn, TokenSet
from aidial_portal.kernel.oidc.fault import OpenIdError
from aidial_portal.kernel.oidc.http import issuer_http_session

__all__ = [
    "OpenIdClient",
    "OpenIdError",
    "OpenIdSettings",
    "Profile",
    "SignedIn",
    "TokenSet",
    "issuer_http_session",
]
