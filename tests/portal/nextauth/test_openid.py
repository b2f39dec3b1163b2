"""An issuer that lies or rotates its keys: the portal believes only what is signed, current and ours."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from aidial_portal.kernel import provider as provider_module
from aidial_portal.kernel.oidc import OpenIdClient, OpenIdError, OpenIdSettings, SignedIn, issuer_http_session
from aidial_portal.kernel.oidc import kept as kept_module
from aidial_portal.kernel.oidc.http import BODY_LIMIT_BYTES
from aidial_portal.kernel.oidc.issuer import Issuer
from aidial_portal.kernel.oidc.kept import Kept
from aidial_portal.kernel.provider import Provider
from aidial_portal.settings import PortalSettings
from tests.portal.nextauth.portal import CLIENT_ID, CLIENT_SECRET, served

REDIRECT_URI = "http://localhost:3000/api/auth/callback/zitadel"
ACCESS_TOKEN = "the-access-token"
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
ENCRYPTING = RSAKey.generate_key(2048, {"kid": "enc", "use": "enc"})
MISUSED = RSAKey.import_key({**ENCRYPTING.as_dict(private=True), "use": "sig"})
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


@dataclass
class LyingIssuer:
    """Says whatever a test tells it to."""

    url: str = ""
    discovery: dict[str, Any] = field(default_factory=dict)
    keys: list[Any] = field(default_factory=lambda: [RSA, EC, ED, ENCRYPTING])
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "rsa"})
    signer: Any = field(default_factory=lambda: RSA)
    token_answer: dict[str, Any] = field(default_factory=dict)
    token_status: int = 200
    userinfo: dict[str, Any] = field(
        default_factory=lambda: {"sub": "alice", "name": "From Userinfo", "email": "A@B.C"}
    )
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.answer("discovery", self.describe)),
                Route("/keys", self.answer("keys", self.publish)),
                Route("/token", self.answer("token", self.exchange), methods=["POST"]),
                Route("/userinfo", self.answer("userinfo", lambda: JSONResponse(self.userinfo))),
            ]
        )

    def answer(self, what: str, make: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            self.asked.append(what)
            self.authorizations.append(request.headers.get("authorization", ""))
            response: Response = Response(status_code=503) if what in self.down else make()
            return response

        return endpoint

    def describe(self) -> Response:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=a",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": [*ALGORITHMS, "HS256", "none"],
        }
        return JSONResponse(
            {name: value for name, value in {**document, **self.discovery}.items() if value != ""}
        )

    def publish(self) -> Response:
        return JSONResponse(
            {"keys": [key.as_dict(private=False) for key in self.keys] + [{"kty": "new"}, "odd"]}
        )

    def id_token(self) -> str:
        now_s = int(time.time())
        claims = {"iss": self.url, "sub": "alice", "aud": CLIENT_ID, "exp": now_s + 600, "iat": now_s}
        claims = {name: value for name, value in {**claims, **self.claims}.items() if value != "absent"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.encode(self.header, claims, self.signer, algorithms=[self.header["alg"]])

    def exchange(self) -> Response:
        body = {
            "access_token": ACCESS_TOKEN,
            "token_type": "bearer",
            "expires_in": 600,
            "id_token": self.id_token(),
        }
        body = {name: value for name, value in {**body, **self.token_answer}.items() if value != "absent"}
        return JSONResponse(body, status_code=self.token_status)


@pytest.fixture(scope="module")
async def one_issuer() -> AsyncIterator[LyingIssuer]:
    lying = LyingIssuer()
    async with served(lying.app()) as lying.url:
        yield lying


@pytest.fixture
def issuer(one_issuer: LyingIssuer) -> LyingIssuer:
    """The issuer, honest again whatever the last test made of it."""
    vars(one_issuer).update(vars(LyingIssuer(one_issuer.url)))
    return one_issuer


@asynccontextmanager
async def client_of(issuer: LyingIssuer) -> AsyncIterator[OpenIdClient]:
    async with issuer_http_session() as http:
        yield OpenIdClient(OpenIdSettings(f"{issuer.url}/", CLIENT_ID, CLIENT_SECRET, REDIRECT_URI), http)


async def sign_in(issuer: LyingIssuer, nonce: str | None = None) -> SignedIn:
    async with client_of(issuer) as client:
        return await client.exchange({"code": "c", "state": "s"}, state="s", code_verifier="v", nonce=nonce)


async def refusal(issuer: LyingIssuer, nonce: str | None = None) -> OpenIdError:
    with pytest.raises(OpenIdError) as refused:
        await sign_in(issuer, nonce)
    assert ACCESS_TOKEN not in refused.value.reason
    return refused.value


def at_hash(token: str, digest: str = "sha256") -> str:
    whole = hashlib.new(digest, token.encode()).digest()
    return base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("algorithm", "key", "digest"),
    [("RS256", RSA, "sha256"), ("PS256", RSA, "sha256"), ("ES256", EC, "sha256"), ("EdDSA", ED, "sha512")],
    ids=ALGORITHMS,
)
async def test_an_honest_token_is_believed(
    issuer: LyingIssuer, algorithm: str, key: Any, digest: str
) -> None:
    issuer.header, issuer.signer = {"alg": algorithm, "kid": key.kid}, key
    issuer.claims = {
        "at_hash": at_hash(ACCESS_TOKEN, digest),
        "nonce": "n",
        "aud": [CLIENT_ID, "p"],
        "azp": CLIENT_ID,
    }
    signed_in = await sign_in(issuer, nonce="n")
    assert (signed_in.profile.sub, signed_in.tokens.access_token) == ("alice", ACCESS_TOKEN)
    assert ACCESS_TOKEN not in repr(signed_in)
    assert signed_in.id_token not in repr(signed_in)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"aud": "somebody-else"}, "another audience"),
        ({"aud": ["somebody-else"]}, "another audience"),
        ({"aud": [CLIENT_ID, "project"]}, "another client"),
        ({"aud": [CLIENT_ID, "project"], "azp": "project"}, "another client"),
        ({"azp": "project"}, "another client"),
        ({"exp": 1}, "expired"),
        ({"exp": "9999999999"}, "no numbers"),
        ({"exp": True}, "no numbers"),
        ({"iat": "now"}, "no numbers"),
        ({"nbf": 9999999999}, "not valid yet"),
        ({"exp": "absent"}, "lacks exp"),
        ({"iat": "absent"}, "lacks iat"),
        ({"sub": "absent"}, "lacks sub"),
        ({"sub": ""}, "without a subject"),
        ({"sub": 7}, "without a subject"),
        ({"aud": "absent"}, "lacks aud"),
        ({"at_hash": at_hash("another-token")}, "another access token"),
        ({"at_hash": 7}, "another access token"),
        ({"nonce": "other"}, "another nonce"),
        ({"nonce": "absent"}, "another nonce"),
    ],
    ids=str,
)
async def test_a_false_claim_is_refused(issuer: LyingIssuer, claims: dict[str, Any], reason: str) -> None:
    issuer.claims = {"nonce": "n", **claims}
    error = await refusal(issuer, nonce="n")
    assert (error.kind, reason in error.reason) == ("invalid", True)


@pytest.mark.parametrize(("late_s", "believed"), [(5, True), (15, False)])
async def test_clocks_may_differ_by_ten_seconds(issuer: LyingIssuer, late_s: int, *, believed: bool) -> None:
    issuer.claims = {"exp": int(time.time()) - late_s}
    if believed:
        await sign_in(issuer)
    else:
        assert "expired" in (await refusal(issuer)).reason


@pytest.mark.parametrize(
    ("header", "signer"),
    [
        ({"alg": "RS256", "kid": "rsa"}, OTHER_RSA),
        ({"alg": "RS256", "kid": "unheard-of"}, RSA),
        ({"alg": "RS256", "kid": "enc"}, MISUSED),
        ({"alg": "RS512", "kid": "rsa"}, RSA),
        ({"alg": "HS256", "kid": "rsa"}, OctKey.import_key(RSA.as_pem(private=False).hex())),
        ({"alg": "HS256"}, OctKey.import_key(CLIENT_SECRET.encode())),
        ({"alg": "ES256", "kid": "rsa"}, EC),
    ],
    ids=["forged", "unknown", "encryption", "unnamed", "confused", "secret", "mistyped"],
)
async def test_a_token_somebody_else_signed_is_refused(
    issuer: LyingIssuer, header: dict[str, Any], signer: Any
) -> None:
    issuer.header, issuer.signer = header, signer
    assert (await refusal(issuer)).kind == "invalid"


async def test_an_unsigned_token_is_refused(issuer: LyingIssuer) -> None:
    header, _, rest = issuer.id_token().partition(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for text in (f"{unsigned}.{rest.partition('.')[0]}.", "not-a-token", "", f"{header}.{rest[:-8]}AAAAAAAA"):
        issuer.token_answer = {"id_token": text}
        assert (await refusal(issuer)).kind == "invalid"


async def test_a_token_without_a_key_id_is_believed_when_only_one_key_fits(issuer: LyingIssuer) -> None:
    issuer.header = {"alg": "RS256"}
    await sign_in(issuer)
    issuer.keys = [RSA, OTHER_RSA]
    assert (await refusal(issuer)).kind == "invalid"


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": "absent"},
        {"access_token": ""},
        {"token_type": "DPoP"},
        {"id_token": "absent"},
        {"refresh_token": 7},
        {"expires_in": "soon"},
        {"expires_in": -1},
    ],
    ids=str,
)
async def test_an_odd_answer_is_refused(issuer: LyingIssuer, answer: dict[str, Any]) -> None:
    issuer.token_answer = answer
    assert (await refusal(issuer)).kind == "invalid"


@pytest.mark.parametrize(
    "answer",
    [{"state": "other", "code": "c"}, {"code": "c"}, {"state": "s"}, {"state": "s", "code": "c", "iss": "x"}],
)
async def test_an_answer_we_did_not_ask_for_never_reaches_the_issuer(
    issuer: LyingIssuer, answer: dict[str, str]
) -> None:
    async with client_of(issuer) as client:
        with pytest.raises(OpenIdError):
            await client.exchange(answer, state="s", code_verifier="v")
    assert "token" not in issuer.asked


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_grant", "refused"),
        (400, "invalid_request", "refused"),  # what Zitadel says of a refresh token that is spent
        (400, "temporarily_unavailable", "unavailable"),
        (400, "unauthorized_client", "unavailable"),
        (400, "absent", "unavailable"),
        (401, "invalid_client", "unavailable"),
        (403, "invalid_grant", "refused"),  # what Auth0 says of one
        (403, "invalid_request", "unavailable"),
        (403, "absent", "unavailable"),
        (404, "absent", "unavailable"),
        (302, "absent", "unavailable"),
        (429, "absent", "unavailable"),
        (500, "invalid_grant", "unavailable"),
    ],
)
async def test_a_no_is_told_from_trouble(issuer: LyingIssuer, status: int, code: str, kind: str) -> None:
    issuer.token_status, issuer.token_answer = status, {"error": code}
    assert (await refusal(issuer)).kind == kind
    async with client_of(issuer) as client:
        with pytest.raises(OpenIdError) as refused:
            await client.refresh("old", subject="alice")
    assert refused.value.kind == kind


async def test_an_answer_that_is_no_refusal_is_logged_for_those_who_run_the_portal(
    issuer: LyingIssuer,
) -> None:
    issuer.token_status, issuer.token_answer = 401, {"error": "invalid_client"}
    async with client_of(issuer) as client:
        with capture_logs() as logs, pytest.raises(OpenIdError):
            await client.refresh("the-refresh-token", subject="alice")
    assert logs == [
        {
            "event": "token_endpoint_unusable",
            "log_level": "error",
            "status": 401,
            "code": "invalid_client",
        }
    ]


async def test_names_come_from_userinfo_when_the_id_token_has_none(issuer: LyingIssuer) -> None:
    profile = (await sign_in(issuer)).profile
    assert (profile.name, profile.email) == ("From Userinfo", "a@b.c")
    assert f"Bearer {ACCESS_TOKEN}" in issuer.authorizations


async def test_what_the_id_token_says_is_not_overruled_and_saves_a_call(issuer: LyingIssuer) -> None:
    issuer.claims = {"name": "Alice", "email": "Alice@Harbour.Example"}
    profile = (await sign_in(issuer)).profile
    assert (profile.name, profile.email) == ("Alice", "alice@harbour.example")
    assert "userinfo" not in issuer.asked


async def test_userinfo_that_is_away_keeps_nobody_out_but_anothers_is_refused(issuer: LyingIssuer) -> None:
    issuer.down = {"userinfo"}
    assert (await sign_in(issuer)).profile.name is None
    issuer.down, issuer.userinfo = set(), {"sub": "mallory", "name": "Alice"}
    assert (await refusal(issuer)).kind == "invalid"


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example"},
        {"issuer": 7},
        {"token_endpoint": ""},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"padding": "x" * BODY_LIMIT_BYTES},
    ],
    ids=lambda discovery: str(discovery)[:60],
)
async def test_a_discovery_document_that_cannot_be_right_is_not_used(
    issuer: LyingIssuer, discovery: dict[str, Any]
) -> None:
    issuer.discovery = discovery
    assert (await refusal(issuer)).kind == "invalid"


async def test_an_issuer_that_redirects_is_not_followed(issuer: LyingIssuer) -> None:
    elsewhere = Route("/.well-known/openid-configuration", lambda _: RedirectResponse(f"{issuer.url}/x"))
    async with served(Starlette(routes=[elsewhere])) as url, issuer_http_session() as http:
        with pytest.raises(OpenIdError, match=r"30[27]"):
            await Issuer(url, http).discovery()


async def test_without_an_end_session_page_there_is_no_address(issuer: LyingIssuer) -> None:
    async with client_of(issuer) as client:
        address = await client.end_session_url(
            post_logout_redirect_uri="http://x", state="s", logout_hint=None
        )
    assert address is None


async def test_a_page_knows_where_its_forms_may_lead_before_anybody_signs_in(
    issuer: LyingIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "ASKED_AGAIN_S", 0.01)
    issuer.down = {"discovery"}
    issuer.discovery = {
        "authorization_endpoint": "http://login.example:81/authorize",
        "end_session_endpoint": "http://leave.example/out?x=1",
    }
    provider = Provider(
        PortalSettings(
            nextauth_secret="s" * 32,
            nextauth_url="http://portal.example",
            api_base_url="http://127.0.0.1:1",
            api_timeout_ms=1_000,
            zitadel_issuer=issuer.url,
            zitadel_client_id="portal",
            zitadel_client_secret="secret",
            sign_in_origins=("https://staff.example",),
        )
    )
    try:
        always = {issuer.url, "https://staff.example"}
        await asyncio.sleep(0.1)
        assert provider.form_origins == always
        issuer.down = set()
        async with asyncio.timeout(10):
            while provider.form_origins == always:  # noqa: ASYNC110 - it asks by itself
                await asyncio.sleep(0.01)
        assert provider.form_origins == always | {"http://login.example:81", "http://leave.example"}
    finally:
        await provider.close()


async def test_what_would_end_its_place_in_a_header_is_no_origin(issuer: LyingIssuer) -> None:
    issuer.discovery = {"end_session_endpoint": "http://leave.example;script-src 'unsafe-inline'/out"}
    async with client_of(issuer) as client:
        await client.ask_where()
        assert client.origins == {issuer.url}


async def test_health_asks_the_issuer_itself_not_what_is_remembered(issuer: LyingIssuer) -> None:
    async with client_of(issuer) as client:
        assert await client.is_reachable()
        issuer.down = {"discovery"}
        assert not await client.is_reachable()
        issuer.down = set()
        assert await client.is_reachable()


async def test_the_issuers_own_query_is_kept(issuer: LyingIssuer) -> None:
    async with client_of(issuer) as client:
        url = await client.authorization_url(state="s", code_verifier="v")
    assert url.startswith(f"{issuer.url}/authorize?tenant=a&client_id=")


async def test_a_refresh_without_a_new_refresh_token_keeps_the_old_one(issuer: LyingIssuer) -> None:
    issuer.token_answer = {"id_token": "absent", "expires_in": "absent"}
    async with client_of(issuer) as client:
        tokens = await client.refresh("old", subject="alice")
    assert tokens.refresh_token == "old"
    assert 290 < tokens.expires_at - time.time() <= 300


async def test_a_refresh_token_is_not_spent_before_the_signing_keys_are_there(issuer: LyingIssuer) -> None:
    issuer.down = {"keys"}
    async with client_of(issuer) as client:
        with pytest.raises(OpenIdError) as refused:
            await client.refresh("old", subject="alice")
    assert refused.value.kind == "unavailable"
    assert "token" not in issuer.asked


async def test_an_issuer_whose_keys_are_away_after_the_refresh_loses_no_tokens(issuer: LyingIssuer) -> None:
    issuer.token_answer = {"refresh_token": "new"}
    async with client_of(issuer) as client:
        await client.make_ready()
        issuer.down = {"keys", "discovery"}
        assert (await client.refresh("old", subject="alice")).refresh_token == "new"


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def kept_issuer(lying: LyingIssuer) -> AsyncIterator[tuple[Issuer, Clock]]:
    clock = Clock()
    async with issuer_http_session() as http:
        yield Issuer(lying.url, http, clock), clock


async def test_discovery_and_keys_are_asked_for_once_in_five_minutes(issuer: LyingIssuer) -> None:
    async with kept_issuer(issuer) as (kept, clock):
        for _ in range(3):
            assert await kept.signing_keys("RS256", "rsa")
        assert sorted(issuer.asked) == ["discovery", "keys"]
        clock.now_s += 301
        assert await kept.signing_keys("RS256", "rsa")
        assert len(issuer.asked) == 4


async def test_a_rotated_key_is_fetched_at_once_but_made_up_ones_only_once_a_minute(
    issuer: LyingIssuer,
) -> None:
    new = RSAKey.generate_key(2048, {"kid": "new"})
    async with kept_issuer(issuer) as (kept, clock):
        await kept.signing_keys("RS256", "rsa")
        issuer.keys = [new]
        assert len(await kept.signing_keys("RS256", "new")) == 1
        for n in range(20):
            assert await kept.signing_keys("RS256", f"made-up-{n}") == []
        assert issuer.asked.count("keys") == 2
        clock.now_s += 61
        await kept.signing_keys("RS256", "made-up")
        assert issuer.asked.count("keys") == 3


async def test_while_the_issuer_is_down_what_it_said_last_still_counts(issuer: LyingIssuer) -> None:
    async with kept_issuer(issuer) as (kept, clock):
        await kept.signing_keys("RS256", "rsa")
        issuer.down = {"discovery", "keys"}
        clock.now_s += 10_000
        for _ in range(5):
            assert await kept.signing_keys("RS256", "rsa")
            assert (await kept.discovery()).issuer == issuer.url
        assert len(issuer.asked) <= 2 + 2
        issuer.down = set()
        clock.now_s += kept_module.FAILURE_PAUSE_S + 1
        await kept.signing_keys("RS256", "rsa")
        assert issuer.asked[-1] == "keys"


async def test_however_many_wait_one_fetch_runs_and_all_learn_of_its_failure() -> None:
    tries = 0

    async def fetch() -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OpenIdError("unavailable", "down")
        return "value"

    kept = Kept(fetch, 300)
    failures = await asyncio.gather(*(kept.get() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(failure, OpenIdError) for failure in failures)
    assert await asyncio.gather(*(kept.get() for _ in range(50))) == ["value"] * 50
    assert tries == 2
