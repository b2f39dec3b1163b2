"""What people meet on the sign-in pages."""

import asyncio
from collections import Counter

import aiohttp
import pyotp
from joserfc import jwt
from joserfc.jwk import KeySet

from aidial_identity import Throttle
from tests.support.identity import (
    RunningIdentity,
    follow,
    hidden_fields,
    new_browser,
    query_of,
    submit,
)


async def id_claims(idp: RunningIdentity, tokens: dict[str, str]) -> dict[str, object]:
    async with new_browser() as http, http.get(f"{idp.issuer}/oauth/v2/keys") as response:
        keys = KeySet.import_key_set(await response.json())
    return jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims


async def first_page(idp: RunningIdentity, http: aiohttp.ClientSession, url: str = "") -> tuple[str, str]:
    answer = await follow(http, "GET", url or idp.authorize_url(), idp.issuer)
    assert not isinstance(answer, str), answer
    return answer


async def test_alice_signs_in_with_her_password_and_lands_at_the_portal(idp: RunningIdentity) -> None:
    alice = idp.accounts[0]
    async with new_browser() as http:
        callback = await idp.sign_in(http, idp.authorize_url(nonce="n-1"), alice)
    answer = query_of(callback)
    assert answer["state"] == "st-1"
    assert answer["iss"] == idp.issuer
    status, tokens = await idp.redeem(answer["code"])
    assert status == 200
    assert tokens["token_type"] == "Bearer"
    claims = await id_claims(idp, tokens)
    assert claims["amr"] == ["pwd"]
    assert claims["nonce"] == "n-1"
    assert claims["azp"] == idp.client_id
    assert claims["email"] == alice.email
    assert claims["given_name"] == "Alice"
    assert claims["sub"] == alice.subject
    assert str(claims["sid"]).startswith("V1_")


async def test_ada_needs_her_second_factor_and_it_shows_in_amr(idp: RunningIdentity) -> None:
    claims = await id_claims(idp, await idp.tokens_for(idp.accounts[1]))
    assert claims["amr"] == ["pwd", "otp", "mfa"]


async def test_a_wrong_password_and_an_unknown_address_read_the_same(idp: RunningIdentity) -> None:
    pages = []
    for email in (idp.accounts[0].email, "nobody@nowhere.example"):
        async with new_browser() as http:
            address, html = await first_page(idp, http)
            answer = await submit(http, address, html, {"email": email, "password": "wrong"}, idp.issuer)
        assert not isinstance(answer, str)
        message = answer[1].split('id="problem"')[1].split("</p>")[0]
        assert 'aria-describedby="problem"' in answer[1]
        pages.append(message)
    assert pages[0] == pages[1]


async def test_a_wrong_code_and_a_code_used_before_are_refused() -> None:
    with RunningIdentity() as idp:
        ada = idp.accounts[1]
        assert ada.otp_secret is not None
        used = pyotp.HOTP(ada.otp_secret).at(idp.provider.now() // 30)
        for code, accepted in (("000000x", False), (used, True), (used, False)):
            async with new_browser() as http:
                address, html = await first_page(idp, http)
                fields = {"email": ada.email, "password": ada.password}
                answer = await submit(http, address, html, fields, idp.issuer)
                assert not isinstance(answer, str)
                answer = await submit(http, *answer, {"otp": code}, idp.issuer)
            assert isinstance(answer, str) is accepted, code


async def test_a_code_of_two_steps_ago_is_too_old_and_of_one_step_ago_is_not() -> None:
    with RunningIdentity() as idp:
        ada = idp.accounts[1]
        assert ada.otp_secret is not None
        idp.clock.advance(45 - idp.clock() % 30)  # the middle of a step, so that the test does not cross one
        for steps_ago, accepted in ((2, False), (1, True)):
            async with new_browser() as http:
                address, html = await first_page(idp, http)
                fields = {"email": ada.email, "password": ada.password}
                answer = await submit(http, address, html, fields, idp.issuer)
                assert not isinstance(answer, str)
                code = pyotp.HOTP(ada.otp_secret).at(idp.provider.now() // 30 - steps_ago)
                answer = await submit(http, *answer, {"otp": code}, idp.issuer)
            assert isinstance(answer, str) is accepted, steps_ago


async def test_guessing_is_turned_away_with_a_time_to_wait() -> None:
    with RunningIdentity(throttle=Throttle(failures_per_account=2)) as idp:
        alice = idp.accounts[0]
        async with new_browser() as http:
            _, html = await first_page(idp, http)
            statuses, wait_s = [], None
            for password in ("wrong", "wrong again", alice.password):
                form = {**hidden_fields(html), "email": alice.email, "password": password}
                async with http.post(f"{idp.issuer}/ui/login/password", data=form) as response:
                    statuses.append(response.status)
                    wait_s, html = response.headers.get("retry-after"), await response.text()
            assert statuses == [422, 422, 429]
            assert wait_s is not None
            assert 0 < int(wait_s) <= 301
            assert "Too many tries" in html


async def test_the_hinted_address_stands_in_the_form_escaped(idp: RunningIdentity) -> None:
    async with new_browser() as http:
        _, html = await first_page(idp, http, idp.authorize_url(login_hint='a"><b@x.example'))
    assert 'value="a&#34;&gt;&lt;b@x.example"' in html
    assert 'lang="en-AU"' in html
    assert "Demo identity provider" in html


async def test_a_form_counts_only_in_the_browser_that_asked_for_it(idp: RunningIdentity) -> None:
    alice = idp.accounts[0]
    fields = {"email": alice.email, "password": alice.password}
    async with new_browser() as mallory, new_browser() as victim:
        address, html = await first_page(idp, mallory)
        answer = await submit(victim, address, html, fields, idp.issuer)
        assert not isinstance(answer, str)
        assert "This sign-in has ended" in answer[1]
        forged = await submit(mallory, address, html, {**fields, "csrf": "forged"}, idp.issuer)
        assert not isinstance(forged, str)
        assert "This form was not accepted" in forged[1]


async def test_the_page_may_send_its_form_to_itself_and_to_the_portal_only(idp: RunningIdentity) -> None:
    async with new_browser() as http, http.get(idp.authorize_url()) as response:
        policy = response.headers["content-security-policy"]
        cookie = response.history[0].headers["set-cookie"]
        assert response.headers["cache-control"] == "no-store"
    assert "form-action 'self' http://localhost:3000" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_a_second_application_visit_needs_no_password(idp: RunningIdentity) -> None:
    async with new_browser() as http:
        await idp.sign_in(http, idp.authorize_url(), idp.accounts[0])
        silent = await follow(http, "GET", idp.authorize_url(prompt="none"), idp.issuer)
        assert isinstance(silent, str)
        assert "code" in query_of(silent)
        asked = await follow(http, "GET", idp.authorize_url(prompt="login"), idp.issuer)
        assert not isinstance(asked, str)
        other = idp.authorize_url(prompt="none", login_hint="ben@harbour-dental.example")
        refused = await follow(http, "GET", other, idp.issuer)
        assert isinstance(refused, str)
        assert query_of(refused)["error"] == "login_required"


async def test_max_age_asks_again_and_step_up_keeps_the_session_id() -> None:
    with RunningIdentity() as idp:
        alice = idp.accounts[0]
        async with new_browser() as http:
            first = await idp.sign_in(http, idp.authorize_url(), alice)
            idp.clock.advance(120)
            young = idp.authorize_url(prompt="none", max_age="60")
            refused = await follow(http, "GET", young, idp.issuer)
            assert isinstance(refused, str)
            assert query_of(refused)["error"] == "login_required"
            old_enough = await follow(http, "GET", idp.authorize_url(max_age="600"), idp.issuer)
            assert isinstance(old_enough, str)
            again = await idp.sign_in(http, idp.authorize_url(max_age="0"), alice)
        status, _ = await idp.redeem(query_of(first)["code"])
        assert status == 400, "a code of two minutes ago must have expired"
        before = await id_claims(idp, (await idp.redeem(query_of(old_enough)["code"]))[1])
        after = await id_claims(idp, (await idp.redeem(query_of(again)["code"]))[1])
        assert before["sid"] == after["sid"]
        assert int(str(after["auth_time"])) - int(str(before["auth_time"])) >= 120


async def test_nobody_signed_in_is_said_to_the_portal_when_it_must_not_ask(idp: RunningIdentity) -> None:
    async with new_browser() as http:
        answer = await follow(http, "GET", idp.authorize_url(prompt="none"), idp.issuer)
    assert isinstance(answer, str)
    assert query_of(answer) == {
        "error": "login_required",
        "error_description": "The person has to sign in.",
        "state": "st-1",
        "iss": idp.issuer,
    }


async def test_two_hundred_parallel_wrong_codes_never_get_past_the_limit() -> None:
    with RunningIdentity(throttle=Throttle(failures_per_account=10)) as idp:
        ada = idp.accounts[1]
        assert ada.otp_secret is not None
        codes, step = pyotp.HOTP(ada.otp_secret), idp.provider.now() // 30
        right, near = codes.at(step), {codes.at(step + drift) for drift in range(-2, 5)}
        wrong = [code for code in (f"{number:06d}" for number in range(207)) if code not in near][:200]
        async with new_browser() as one, new_browser() as two:
            asked = []
            for http in (one, two):
                address, html = await first_page(idp, http)
                fields = {"email": ada.email, "password": ada.password}
                answer = await submit(http, address, html, fields, idp.issuer)
                assert not isinstance(answer, str)
                asked.append((http, hidden_fields(answer[1])))

            async def guess(number: int, code: str) -> int:
                http, hidden = asked[number % 2]
                async with http.post(f"{idp.issuer}/ui/login/otp", data={**hidden, "otp": code}) as response:
                    await response.read()
                    return response.status

            statuses = await asyncio.gather(*(guess(number, code) for number, code in enumerate(wrong)))
            assert Counter(statuses) == {422: 10, 429: 190}
            # Whoever guesses right at last is turned away like the others, from both sign-ins.
            assert [await guess(number, right) for number in (0, 1)] == [429, 429]
