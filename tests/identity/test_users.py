"""The part of Zitadel's user service that enrols a phone."""

from __future__ import annotations

from tests.support.identity import MANAGEMENT_TOKEN, RunningIdentity, new_browser

BEARER = {"authorization": f"Bearer {MANAGEMENT_TOKEN}"}


async def asked(idp: RunningIdentity, method: str, path: str, headers: dict[str, str] = BEARER) -> int:
    body = {"phone": "+61412345678", "sendCode": {}}
    async with (
        new_browser() as http,
        http.request(method, f"{idp.issuer}{path}", json=body, headers=headers) as answer,
    ):
        return answer.status


async def test_a_phone_takes_codes_once_it_is_verified(idp: RunningIdentity) -> None:
    subject = idp.accounts[0].subject
    user = f"/v2/users/{subject}"
    assert await asked(idp, "POST", f"{user}/otp_sms") == 400
    assert await asked(idp, "POST", f"{user}/phone") == 200
    assert await asked(idp, "POST", f"{user}/otp_sms") == 400
    idp.provider.phones[subject].is_verified = True
    assert [await asked(idp, "POST", f"{user}/otp_sms") for _ in range(2)] == [200, 409]
    assert await asked(idp, "GET", user) == 200
    assert idp.provider.phones[subject].takes_codes


async def test_nobody_without_the_token_and_no_unknown_person_is_answered(idp: RunningIdentity) -> None:
    user = f"/v2/users/{idp.accounts[0].subject}"
    for headers in ({}, {"authorization": "Bearer wrong"}):
        assert await asked(idp, "GET", user, headers) == 401
    assert await asked(idp, "GET", "/v2/users/nobody") == 404
