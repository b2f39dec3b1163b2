"""What clients of the provider can rely on, and what thieves cannot."""

import asyncio
import base64
import json
import time
from typing import Any
from urllib.parse import quote_plus

import pytest
from aiohttp import web
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from authlib.oidc.discovery import OpenIDProviderMetadata  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from aidial_identity import Lifetimes, ServiceAccount, bind_loopback
from tests.identity.conftest import AFTER
from tests.support.identity import RunningIdentity, follow, new_browser, query_of


async def get(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    async with new_browser() as http, http.get(url, headers=headers, allow_redirects=False) as response:
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return response.status, lowered, await response.text()


async def post(url: str, form: dict[str, str], client_id: str = "", secret: str = "") -> tuple[int, str]:
    headers = {}
    if client_id:
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
        headers["authorization"] = "Basic " + base64.b64encode(pair).decode()
    async with new_browser() as http, http.post(url, data=form, headers=headers) as response:
        return response.status, await response.text()


async def introspect(
    idp: RunningIdentity, token: str, client_id: str = "", secret: str = ""
) -> dict[str, Any]:
    url = f"{idp.issuer}/oauth/v2/introspect"
    who = (client_id or idp.client_id, secret or idp.client_secret)
    status, text = await post(url, {"token": token}, *who)
    assert status == 200, text
    answer: dict[str, Any] = json.loads(text)
    return answer


async def code_for(idp: RunningIdentity, **parameters: str) -> str:
    async with new_browser() as http:
        callback = await idp.sign_in(http, idp.authorize_url(**parameters), idp.accounts[0])
    return query_of(callback)["code"]


async def test_authlib_accepts_discovery_keys_and_id_token(idp: RunningIdentity) -> None:
    document = json.loads((await get(f"{idp.issuer}/.well-known/openid-configuration"))[2])
    OpenIDProviderMetadata(document).validate()
    assert document["issuer"] == idp.issuer
    status, _headers, text = await get(document["jwks_uri"])
    assert status == 200
    assert '"d"' not in text, "a private key was published"
    tokens = await idp.tokens_for(idp.accounts[0], nonce="n-9")
    decoded = jwt.decode(tokens["id_token"], KeySet.import_key_set(json.loads(text)), algorithms=["RS256"])
    params = {"client_id": idp.client_id, "nonce": "n-9", "access_token": tokens["access_token"]}
    claims = CodeIDToken(decoded.claims, decoded.header, {"iss": {"value": idp.issuer}}, params)
    claims.validate()
    assert idp.api_audience not in claims["aud"]


async def test_the_access_token_names_the_api_and_nothing_of_an_id_token(idp: RunningIdentity) -> None:
    tokens = await idp.tokens_for(idp.accounts[0], nonce="n-1")
    keys = KeySet.import_key_set(json.loads((await get(f"{idp.issuer}/oauth/v2/keys"))[2]))
    decoded = jwt.decode(tokens["access_token"], keys, algorithms=["RS256"])
    assert decoded.header["typ"] == "at+jwt"
    assert set(decoded.claims["aud"]) == {idp.client_id, "aidial-project", idp.api_audience}
    assert decoded.claims["iss"] == idp.issuer
    assert decoded.claims["exp"] > time.time()
    assert not {"nonce", "at_hash", "amr", "events", "email"} & set(decoded.claims)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"request": "x"}, "request_not_supported"),
    ],
)
async def test_a_bad_request_goes_back_to_the_portal_with_its_reason(
    idp: RunningIdentity, changes: dict[str, str], error: str
) -> None:
    status, headers, _ = await get(idp.authorize_url(**changes))
    assert status == 302
    answer = query_of(headers["location"])
    assert answer["error"] == error
    assert answer["state"] == "st-1"
    assert answer["iss"] == idp.issuer


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://localhost:3000/api/auth/callback/zitadel/"},
        {"redirect_uri": "http://localhost:3000/api/auth/callback/zitadel?x=1"},
        {"redirect_uri": ""},
        {"client_id": "nobody"},
    ],
)
async def test_an_unregistered_address_is_never_redirected_to(
    idp: RunningIdentity, changes: dict[str, str]
) -> None:
    status, headers, _ = await get(idp.authorize_url(**changes))
    assert status == 400
    assert "location" not in headers


async def test_a_repeated_parameter_is_refused(idp: RunningIdentity) -> None:
    status, _, _ = await get(idp.authorize_url() + "&state=other")
    assert status == 400


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "w" * 43}, {"code_verifier": ""}, {"redirect_uri": "http://localhost:3000/"}],
)
async def test_a_stolen_code_is_worth_nothing_without_its_verifier_and_address(
    idp: RunningIdentity, changes: dict[str, str]
) -> None:
    status, answer = await idp.redeem(await code_for(idp), **changes)
    assert (status, answer["error"]) == (400, "invalid_grant")


async def test_a_code_used_twice_ends_what_its_first_use_gave(idp: RunningIdentity) -> None:
    code = await code_for(idp)
    _, tokens = await idp.redeem(code)
    assert (await introspect(idp, tokens["access_token"]))["active"] is True
    status, answer = await idp.redeem(code)
    assert (status, answer["error"]) == (400, "invalid_grant")
    assert await introspect(idp, tokens["access_token"]) == {"active": False}
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await idp.token(refresh))[0] == 400


async def test_a_refresh_gives_a_new_refresh_token_and_reuse_ends_the_family(idp: RunningIdentity) -> None:
    first = await idp.tokens_for(idp.accounts[0])
    status, second = await idp.token({"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert second["id_token"]
    status, answer = await idp.token({"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    assert (status, answer["error"]) == (400, "invalid_grant")
    status, _ = await idp.token({"grant_type": "refresh_token", "refresh_token": second["refresh_token"]})
    assert status == 400
    assert await introspect(idp, second["access_token"]) == {"active": False}


async def test_of_ten_parallel_refreshes_one_wins(idp: RunningIdentity) -> None:
    tokens = await idp.tokens_for(idp.accounts[0])
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answers = await asyncio.gather(*(idp.token(form) for _ in range(10)))
    assert sorted(status for status, _ in answers) == [200, *[400] * 9]


async def test_no_refresh_token_without_offline_access_and_no_wider_scope(idp: RunningIdentity) -> None:
    assert "refresh_token" not in await idp.tokens_for(idp.accounts[0], scope="openid email")
    tokens = await idp.tokens_for(idp.accounts[0], scope="openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "scope": "openid email"}
    status, answer = await idp.token(form)
    assert (status, answer["error"]) == (400, "invalid_scope")


async def test_a_session_survives_a_restart_of_the_provider(tmp_path: Any) -> None:
    async with new_browser() as http:
        with RunningIdentity(directory=tmp_path) as idp:
            accounts, port = idp.accounts, idp.port
            callback = await idp.sign_in(http, idp.authorize_url(), accounts[0])
            _, tokens = await idp.redeem(query_of(callback)["code"])
        for name in ("keys.json", "state.sqlite3"):
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        with RunningIdentity(accounts, directory=tmp_path, port=port) as idp:
            assert (await introspect(idp, tokens["access_token"]))["active"] is True
            form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            assert (await idp.token(form))[0] == 200
            silent = await follow(http, "GET", idp.authorize_url(prompt="none"), idp.issuer)
            assert isinstance(silent, str)
            assert "code" in query_of(silent)


async def test_tokens_of_before_a_key_rotation_stay_valid() -> None:
    with RunningIdentity() as idp:
        tokens = await idp.tokens_for(idp.accounts[0])
        idp.rotate_keys()
        keys = json.loads((await get(f"{idp.issuer}/oauth/v2/keys"))[2])["keys"]
        assert len({key["kid"] for key in keys}) == 2
        assert (await introspect(idp, tokens["access_token"]))["active"] is True
        newer = await idp.tokens_for(idp.accounts[0])
        header = json.loads(base64.urlsafe_b64decode(newer["id_token"].split(".")[0] + "=="))
        assert header["kid"] == keys[0]["kid"]


async def test_tokens_end_when_their_time_is_over() -> None:
    with RunningIdentity(lifetimes=Lifetimes(access_token_s=5, refresh_idle_s=60)) as idp:
        tokens = await idp.tokens_for(idp.accounts[0])
        assert tokens["expires_in"] == 5
        idp.clock.advance(6)
        assert await introspect(idp, tokens["access_token"]) == {"active": False}
        idp.clock.advance(60)
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert (await idp.token(form))[0] == 400


async def test_introspection_tells_only_clients_of_the_audience(idp: RunningIdentity) -> None:
    token = (await idp.tokens_for(idp.accounts[0]))["access_token"]
    known = await introspect(idp, token)
    assert known["active"] is True
    assert known["sub"] == idp.accounts[0].subject
    assert known["username"] == idp.accounts[0].email
    assert await introspect(idp, token, "stranger", "stranger-secret") == {"active": False}
    assert await introspect(idp, "nonsense") == {"active": False}
    url = f"{idp.issuer}/oauth/v2/introspect"
    in_form = {"token": token, "client_id": idp.client_id, "client_secret": idp.client_secret}
    assert (await post(url, in_form))[0] == 401
    assert (await post(url, {"token": token}, idp.client_id, "wrong"))[0] == 401


async def test_a_revoked_refresh_token_takes_its_access_token_along(idp: RunningIdentity) -> None:
    tokens = await idp.tokens_for(idp.accounts[0])
    url = f"{idp.issuer}/oauth/v2/revoke"
    form = {"token": tokens["refresh_token"]}
    assert (await post(url, form, "stranger", "stranger-secret"))[0] == 200
    assert (await introspect(idp, tokens["access_token"]))["active"] is True
    assert (await post(url, form, idp.client_id, idp.client_secret))[0] == 200
    assert await introspect(idp, tokens["access_token"]) == {"active": False}


async def test_userinfo_answers_what_the_scope_opens(idp: RunningIdentity) -> None:
    token = (await idp.tokens_for(idp.accounts[0], scope="openid email"))["access_token"]
    url = f"{idp.issuer}/oidc/v1/userinfo"
    status, _, text = await get(url, authorization=f"Bearer {token}")
    assert status == 200
    expected = {"sub": idp.accounts[0].subject, "email": idp.accounts[0].email, "email_verified": True}
    assert json.loads(text) == expected
    status, headers, _ = await get(url, authorization="Bearer nonsense")
    assert status == 401
    assert "invalid_token" in headers["www-authenticate"]


async def test_the_portal_proves_itself_with_either_way_and_no_wrong_secret(idp: RunningIdentity) -> None:
    url = f"{idp.issuer}/oauth/v2/token"
    form = {"grant_type": "authorization_code", "code": "none"}
    status, text = await post(url, form, idp.client_id, idp.client_secret)
    assert (status, json.loads(text)["error"]) == (400, "invalid_grant")
    status, text = await post(url, form, idp.client_id, "wrong")
    assert (status, json.loads(text)["error"]) == (401, "invalid_client")
    both = {**form, "client_secret": idp.client_secret}
    status, text = await post(url, both, idp.client_id, idp.client_secret)
    assert (status, json.loads(text)["error"]) == (400, "invalid_request")


async def test_a_machine_gets_an_access_token_and_nothing_else(idp: RunningIdentity) -> None:
    caller = {"client_id": "robot", "client_secret": "robot-secret"}
    status, tokens = await idp.token({"grant_type": "client_credentials", **caller})
    assert status == 200
    assert {"id_token", "refresh_token"}.isdisjoint(tokens)
    assert (await introspect(idp, tokens["access_token"]))["sub"] == "robot-1"
    status, answer = await idp.token({"grant_type": "client_credentials"})
    assert (status, answer["error"]) == (400, "unauthorized_client")


async def test_a_machine_may_sign_for_itself_but_not_with_another_key() -> None:
    key = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
    stranger = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
    public = dict(key.as_dict(private=False))
    robot = ServiceAccount(subject="robot-1", name="Robot", client_id="robot", public_keys=(public,))
    with RunningIdentity(service_accounts=[robot]) as idp:
        now = int(time.time())
        good = {"iss": "robot-1", "sub": "robot-1", "aud": idp.issuer, "iat": now, "exp": now + 60}
        for signer, changes, expected in (
            (key, {}, 200),
            (stranger, {}, 400),
            (key, {"aud": "https://elsewhere.example"}, 400),
            (key, {"iat": now - 3700}, 400),
            (key, {"exp": now - 1}, 400),
            (key, {"sub": "somebody"}, 400),
        ):
            header = {"alg": "RS256", "kid": signer.kid}
            assertion = jwt.encode(header, {**good, **changes}, signer, algorithms=["RS256"])
            grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
            status, _ = await post(
                f"{idp.issuer}/oauth/v2/token",
                {"grant_type": grant, "assertion": assertion, "scope": "openid"},
            )
            assert status == expected, changes


async def test_signing_out_ends_the_session_and_its_tokens_and_goes_back(idp: RunningIdentity) -> None:
    async with new_browser() as http:
        callback = await idp.sign_in(http, idp.authorize_url(), idp.accounts[0])
        _, tokens = await idp.redeem(query_of(callback)["code"])
        leave = f"{idp.issuer}/oidc/v1/end_session?client_id={quote_plus(idp.client_id)}&state=s-2"
        wrong = f"{leave}&post_logout_redirect_uri=https://evil.example/"
        assert not isinstance(await follow(http, "GET", wrong, idp.issuer), str)
        hinted = f"{leave}&post_logout_redirect_uri={quote_plus(AFTER)}&logout_hint="
        assert await follow(http, "GET", hinted + "somebody-else", idp.issuer) == f"{AFTER}?state=s-2"
        assert (await introspect(idp, tokens["access_token"]))["active"] is True
        out = await follow(http, "GET", hinted + idp.accounts[0].email, idp.issuer)
        assert out == f"{AFTER}?state=s-2"
        silent = await follow(http, "GET", idp.authorize_url(prompt="none"), idp.issuer)
    assert isinstance(silent, str)
    assert query_of(silent)["error"] == "login_required"
    assert await introspect(idp, tokens["access_token"]) == {"active": False}


async def test_signing_out_tells_the_portal_and_does_not_need_its_answer() -> None:
    received: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        received.append(str((await request.post())["logout_token"]))
        return web.Response(status=500)

    app = web.Application()
    app.router.add_post("/logout", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = bind_loopback("127.0.0.1", 0)
    await web.SockSite(runner, listener).start()
    with RunningIdentity() as idp:
        idp.allow(backchannel_logout_uri=f"http://127.0.0.1:{listener.getsockname()[1]}/logout")
        async with new_browser() as http:
            callback = await idp.sign_in(http, idp.authorize_url(), idp.accounts[0])
            _, tokens = await idp.redeem(query_of(callback)["code"])
            hint = f"{idp.issuer}/oidc/v1/end_session?id_token_hint={tokens['id_token']}"
            answer = await follow(http, "GET", hint, idp.issuer)
        assert "You are signed out" in answer[1]
        keys = KeySet.import_key_set(json.loads((await get(f"{idp.issuer}/oauth/v2/keys"))[2]))
        claims = jwt.decode(received[0], keys, algorithms=["RS256"]).claims
        known = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
        assert claims["sid"] == known["sid"]
        assert claims["aud"] == idp.client_id
        assert "http://schemas.openid.net/event/backchannel-logout" in claims["events"]
        assert "nonce" not in claims
    await runner.cleanup()
