"""The portal goes on with another configuration and closes the former one once nobody uses it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from typing import TYPE_CHECKING

import pytest

from aidial_contract.fault import Fault
from aidial_contract.shapes.common import HealthCheck
from aidial_portal.app import create_app
from aidial_portal.settings import PortalSettings, read_settings
from aidial_serving import hangups, health
from tests.portal.kernel.scripted import ScriptedIssuer, free_socket, served
from tests.portal.kernel.test_settings import GOOD

if TYPE_CHECKING:
    import aiohttp


class Closing(ScriptedIssuer):
    """An issuer whose connections can be lost: `closed` says whether they are."""

    def __init__(self, settings: PortalSettings) -> None:
        super().__init__()
        self.settings = settings
        self.closed = False
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def close(self) -> None:
        """As the portal closes it."""
        self.closed = True

    async def is_reachable(self, timeout_s: float) -> bool:
        """It says so when it may."""
        self.asked.set()
        await self.may_answer.wait()
        return await super().is_reachable(timeout_s)


async def _patient(probe: health.Probe, _: float) -> HealthCheck:
    """A dependency is waited for, however long the machine stands still."""
    works = False
    with contextlib.suppress(Fault):
        works = await probe.ask()
    return HealthCheck(status="pass" if works else "warn", latency_ms=0)


async def test_former_connections_are_closed_when_the_last_request_ends(
    api_url: str, browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hangups, "LOOKED_AT_S", 0.01)
    monkeypatch.setattr(health, "_checked", _patient)
    issuers: list[Closing] = []

    def issuer(settings: PortalSettings) -> Closing:
        issuers.append(Closing(settings))
        return issuers[-1]

    listener, port = free_socket()
    url = f"http://127.0.0.1:{port}"
    settings = read_settings({**GOOD, "NEXTAUTH_URL": url, "AIDIAL_API_BASE_URL": api_url})
    app = create_app(settings, issuer=issuer)
    async with served(app, listener):
        async with asyncio.TaskGroup() as asking:
            slow = asking.create_task(browser.get(f"{url}/api/health"))
            await issuers[0].asked.wait()
            await app.reload(dataclasses.replace(settings, zitadel_client_id="another"))
            await asyncio.sleep(0.1)
            assert [one.closed for one in issuers] == [False, False], "a request still uses the first"
            issuers[0].may_answer.set()
        answer = slow.result()
        assert "issuer" in await answer.text()
        async with asyncio.timeout(5):
            while not issuers[0].closed:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
        assert not issuers[1].closed
    assert issuers[1].closed


async def test_settings_that_cannot_be_used_are_as_good_as_none(
    api_url: str, browser: aiohttp.ClientSession
) -> None:
    def issuer(settings: PortalSettings) -> Closing:
        if settings.zitadel_client_id == "impossible":
            raise ValueError
        return Closing(settings)

    listener, port = free_socket()
    url = f"http://127.0.0.1:{port}"
    settings = read_settings({**GOOD, "NEXTAUTH_URL": url, "AIDIAL_API_BASE_URL": api_url})
    app = create_app(settings, issuer=issuer)
    async with served(app, listener):
        for new, status in (
            (dataclasses.replace(settings, zitadel_client_id="impossible"), 500),
            (settings, 401),
        ):
            await app.reload(new)
            async with browser.get(f"{url}/api/projects") as answer:
                assert answer.status == status
