"""Whose word the portal takes for where somebody is: its proxies', from the nearest outwards, no other's."""

from __future__ import annotations

import aiohttp
import pytest

from aidial_contract.settings import LOOPBACK, networks
from aidial_portal.kernel.hygiene import client_address
from tests.portal.kernel.scripted import RunningPortal, ScriptedApi, ScriptedIssuer, running_portal

PROXIES = networks("127.0.0.0/8,::1/128,10.0.0.0/8,2001:db8:ffff::/48")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("198.51.100.9", "203.0.113.7", "198.51.100.9"),
        ("127.0.0.1", "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "1.2.3.4, 203.0.113.7, 10.1.1.1", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7,10.1.1.1 ,\t10.2.2.2", "203.0.113.7"),
        ("127.0.0.1", "10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1, 10.1.1.1", "198.51.100.1"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7, unknown", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7, unknown, 10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", "203.0.113.7, _hidden, 10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", "203.0.113.7,,10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", ",,,", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7:51234", "203.0.113.7"),
        ("127.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("127.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("127.0.0.1", "2001:DB8::7", "2001:db8::7"),
        ("127.0.0.1", "2001:db8::7:443", "2001:db8::7:443"),
        ("127.0.0.1", "203.0.113.7:", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7:99999999", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7.1", "127.0.0.1"),
        ("127.0.0.1", "0203.0.113.7", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.0/24", "127.0.0.1"),
        ("127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("::1", "203.0.113.7, 2001:db8:ffff::1", "203.0.113.7"),
        ("fe80::1%eth0", "203.0.113.7", "fe80::1"),
        ("127.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("127.0.0.1", 'for="203.0.113.7"', "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7\x00", "127.0.0.1"),
        ("127.0.0.1", "\u0661\u0662\u0663.0.0.1", "127.0.0.1"),
        ("127.0.0.1", ", ".join(["203.0.113.7", *["10.1.1.1"] * 2_000]), "203.0.113.7"),
        ("", "203.0.113.7", ""),
        ("unix", "203.0.113.7", "unix"),
    ],
)
def test_the_nearest_hop_that_is_no_proxy_of_ours_is_the_client(
    peer: str, forwarded: str | None, address: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


async def _told(portal: RunningPortal, api: ScriptedApi, headers: dict[str, str]) -> str:
    api.asked.clear()
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
        browser.get(f"{portal.url}/api/projects", headers={**portal.signed_in(), **headers}) as answer,
    ):
        await answer.read()
    return api.asked[-1].headers["x-aidial-client-ip"]


LIES = {
    "forwarded": "for=203.0.113.7",
    "x-real-ip": "203.0.113.7",
    "x-aidial-client-ip": "203.0.113.7",
    "x-client-ip": "203.0.113.7",
    "true-client-ip": "203.0.113.7",
    "cf-connecting-ip": "203.0.113.7",
    "via": "1.1 203.0.113.7",
}


async def test_the_api_hears_of_the_client_what_proxies_say_and_no_other_header(
    portal: RunningPortal, api: ScriptedApi
) -> None:
    assert portal.settings.trusted_proxies == LOOPBACK
    assert await _told(portal, api, LIES) == "127.0.0.1"
    assert await _told(portal, api, {**LIES, "x-forwarded-for": "198.51.100.2"}) == "198.51.100.2"


async def test_a_portal_without_proxies_believes_nobody(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer
) -> None:
    async with running_portal(api_url, issuer, trusted_proxies=networks("10.0.0.0/8")) as portal:
        assert await _told(portal, api, {**LIES, "x-forwarded-for": "198.51.100.2"}) == "127.0.0.1"
