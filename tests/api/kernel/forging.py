"""Tokens written by hand, for what no library would sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.support.issuer import API_AUDIENCE, Issuer

Key = RSAKey | ECKey | OKPKey


def encoded(part: object) -> str:
    """A part of a token: bytes as they are, anything else as JSON."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_for(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    """Claims of a good access token of nobody in particular; None leaves one out."""
    now = int(time.time())
    claims = {"iss": issuer.url, "sub": "forged", "aud": API_AUDIENCE, "iat": now, "exp": now + 600}
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def header_for(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    """The header of a good access token; None leaves a member out."""
    header = {"alg": "RS256", "kid": issuer.key.kid, "typ": "at+jwt"}
    return {name: value for name, value in {**header, **changes}.items() if value is not None}


def signed(header: object, payload: object, key: Key, algorithm: str = "RS256") -> str:
    """A token signed for real, whatever its header and payload say."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(JWSRegistry.algorithms[algorithm].sign(text.encode(), key))}"


def good(issuer: Issuer, **changes: Any) -> str:
    """A good access token, but for the claims changed."""
    return signed(header_for(issuer), claims_for(issuer, **changes), issuer.key)


def headed(issuer: Issuer, **changes: Any) -> str:
    """A well-signed access token with another header."""
    return signed(header_for(issuer, **changes), claims_for(issuer), issuer.key)


def under_secret(issuer: Issuer, secret: bytes, algorithm: str = "HS256") -> str:
    """A token whose header says HMAC, signed with whatever somebody knows."""
    text = f"{encoded(header_for(issuer, alg=algorithm))}.{encoded(claims_for(issuer))}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{text}.{encoded(hmac.new(secret, text.encode(), digest).digest())}"


def with_signature(header: object, payload: object, signature: bytes) -> str:
    """A token that carries these bytes where the signature belongs."""
    return f"{encoded(header)}.{encoded(payload)}.{encoded(signature)}"


def jwk_of(key: Key, **changes: Any) -> dict[str, Any]:
    """A public key as an issuer publishes it; None leaves a member out."""
    published: dict[str, Any] = {**key.as_dict(private=False), "use": "sig", **changes}
    return {name: value for name, value in published.items() if value is not None}
