"""An allowlist that is on for a while, as its administrator turned it on.

The one thing a newcomer would get wrong: the town is shared, so the list is lifted again whatever happened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.portal import Browser, Page

OFFICE = "203.0.113.9"
OFFICE_NETWORK = "203.0.113.0/24"
ELSEWHERE = "198.51.100.7"
TENANT = "/api/settings/tenant-settings"
ALLOWLIST = "/api/settings/ip-allowlist"


def from_(address: str) -> dict[str, str]:
    """The header in which the proxy before the portal says where somebody is."""
    return {"x_forwarded_for": address}


async def save(browser: Browser, path: str, value: object, **headers: str) -> Page:
    """Save over what is there now."""
    version = (await browser.get(path, **headers)).json["version"]
    return await browser.change("PUT", path, {"expected_version": version, "value": value}, **headers)


@asynccontextmanager
async def closed(admin: Browser, *networks: str) -> AsyncIterator[None]:
    """Only these networks while the block runs; `OFFICE` is always one of them."""
    entries = [{"cidr": network, "label": "Office"} for network in (OFFICE_NETWORK, *networks)]
    answer = await save(admin, ALLOWLIST, {"enabled": True, "entries": entries}, **from_(OFFICE))
    assert answer.status == 200, answer.text
    try:
        yield
    finally:
        answer = await save(admin, ALLOWLIST, {"enabled": False, "entries": []}, **from_(OFFICE))
        assert answer.status == 200, answer.text
