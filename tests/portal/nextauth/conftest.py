"""Node programs of these tests, each started once a worker."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.portal.nextauth import node
from tests.portal.nextauth.portal import CLIENT_ID, CLIENT_SECRET, NEXTAUTH_URL, SCOPE, SECRET, SESSION_LIFE_S

ALGORITHMS = {"RS256": CLIENT_ID, "ES256": "es256@aidial", "EdDSA": "eddsa@aidial"}
PEOPLE = {
    "alice": {
        "name": "Alice Harbour",
        "email": "Alice@Harbour.Example",
        "picture": "https://pics.example/alice.png",
    }
}


@pytest.fixture(scope="session")
def npm_packages() -> None:
    node.install_packages()


@pytest.fixture(scope="session")
def next_auth_jwt(npm_packages: None) -> Iterator[subprocess.Popen[str]]:
    with node.program("next-auth-jwt.mjs") as process:
        yield process


@pytest.fixture(scope="session")
def certified_issuer(npm_packages: None) -> Iterator[str]:
    clients = [
        {
            "client_id": client_id,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [f"{NEXTAUTH_URL}/api/auth/callback/zitadel"],
            "post_logout_redirect_uris": [f"{NEXTAUTH_URL}/sign-in"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "id_token_signed_response_alg": algorithm,
        }
        for algorithm, client_id in ALGORITHMS.items()
    ]
    with node.program("openid-provider.mjs", {"clients": clients, "people": PEOPLE}) as process:
        yield node.read_line(process)["issuer"]


@pytest.fixture(scope="session")
def next_auth_url(certified_issuer: str) -> Iterator[str]:
    settings = {
        "nextauthUrl": NEXTAUTH_URL,
        "secret": SECRET,
        "issuer": certified_issuer,
        "clientId": CLIENT_ID,
        "clientSecret": CLIENT_SECRET,
        "scope": SCOPE,
        "maxAge": SESSION_LIFE_S,
    }
    with node.program("next-auth-server.mjs", settings) as process:
        yield f"http://127.0.0.1:{node.read_line(process)['port']}"
