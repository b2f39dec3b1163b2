"""Signing in for real: portal, API, PostgreSQL and identity provider, over sockets."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from aidial_api.provisioning import NewClient, NewPerson, NewProject, Provisioner
from aidial_contract.access import Role
from aidial_identity import Account
from aidial_portal.kernel.provider import Provider
from tests.people import FRONT_DESK, HARBOUR
from tests.portal.kernel.scripted import RunningPortal, running_portal
from tests.support.api import running_api
from tests.support.identity import RunningIdentity, new_browser, person
from tests.support.postgres import PostgresServer

PEOPLE = {
    "alice": (Role.CLIENT_ADMIN, HARBOUR),
    "oscar": (Role.AIDIAL_OPERATOR, "aidial"),
    "omar": (Role.AIDIAL_OPERATOR, "aidial"),
}


@dataclass
class Everything:
    """What runs."""

    portal: RunningPortal
    identity: RunningIdentity

    def account(self, name: str) -> Account:
        """Somebody's account at the issuer."""
        return self.identity.account(f"{name}@{PEOPLE[name][1]}.example")

    async def sign_in(self, browser: aiohttp.ClientSession, name: str, to: str = "/") -> str:
        """Walk through sign-in; where the portal leads afterwards."""
        url = f"{self.portal.url}/api/auth"
        async with browser.get(f"{url}/csrf") as answer:
            token = (await answer.json())["csrfToken"]
        form = {"csrfToken": token, "callbackUrl": to, "json": "true"}
        async with browser.post(f"{url}/signin/zitadel", data=form) as answer:
            assert answer.status == 200, await answer.text()
            start = (await answer.json())["url"]
        back = await self.identity.sign_in(browser, start, self.account(name))
        async with browser.get(back, allow_redirects=False) as answer:
            assert answer.status == 302
            return answer.headers["location"]

    async def csrf(self, browser: aiohttp.ClientSession) -> dict[str, str]:
        """The headers of a change from our own page."""
        async with browser.get(f"{self.portal.url}/api/session/csrf") as answer:
            token = (await answer.json())["csrf_token"]
        return {"x-csrf-token": token, "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
async def everything(postgres_server: PostgresServer, worker_id: str) -> AsyncIterator[Everything]:
    urls = postgres_server.migrated_database(f"portal_sign_in_{worker_id}")
    accounts = [person(name.capitalize(), domain, otp=name == "omar") for name, (_, domain) in PEOPLE.items()]
    master_key = os.urandom(32)
    with RunningIdentity(accounts) as identity:
        await _provision(Provisioner(urls.owner_url, master_key, identity.issuer))
        environ = {
            "DATABASE_URL": urls.app_url,
            "AIDIAL_MASTER_KEY": base64.b64encode(master_key).decode(),
            "ZITADEL_ISSUER": identity.issuer,
            "AIDIAL_API_AUDIENCE": identity.api_audience,
            "ZITADEL_CLIENT_ID": identity.client_id,
        }
        changes: dict[str, Any] = {
            "zitadel_issuer": identity.issuer,
            "zitadel_client_id": identity.client_id,
            "zitadel_client_secret": identity.client_secret,
            "api_timeout_ms": 10_000.0,
        }
        async with (
            running_api(environ) as api,
            running_portal(api.url, Provider, **changes) as portal,
        ):
            identity.allow(redirect_uri=f"{portal.url}/api/auth/callback/zitadel")
            yield Everything(portal, identity)


async def _provision(provisioner: Provisioner) -> None:
    line = NewProject(project_id=FRONT_DESK, display_name="Front desk", timezone="Australia/Sydney")
    await provisioner.add_client(
        NewClient(client_id=HARBOUR, name="Harbour Dental", timezone="Australia/Sydney", projects=(line,))
    )
    for name, (role, domain) in PEOPLE.items():
        is_client = role is Role.CLIENT_ADMIN
        await provisioner.add_person(
            NewPerson(
                email=f"{name}@{domain}.example",
                first_name=name.capitalize(),
                last_name="Example",
                role=role,
                client_id=HARBOUR if is_client else None,
                projects=((HARBOUR, None),) if is_client else (),
            )
        )


async def test_alice_signs_in_works_and_signs_out(everything: Everything) -> None:
    url = everything.portal.url
    async with new_browser() as browser:
        assert (
            await everything.sign_in(browser, "alice", "/calls?status=missed") == f"{url}/calls?status=missed"
        )
        async with browser.get(f"{url}/api/projects") as answer:
            projects = (await answer.json())["projects"]
            assert [one["project_id"] for one in projects] == [FRONT_DESK]
        async with browser.get(f"{url}/api/auth/session") as answer:
            session = await answer.json()
            assert session["user"]["email"] == "alice@harbour-dental.example"
            assert not re.search("token|session_id", str(session))
        async with browser.get(f"{url}/api/session/state") as answer:
            assert (await answer.json())["state"] == "active"
        async with browser.post(f"{url}/api/session/touch", headers=await everything.csrf(browser)) as answer:
            assert (answer.status, (await answer.json())["degraded"]) == (200, False)
        async with browser.get(f"{url}/api/sessions") as answer:
            sessions = (await answer.json())["sessions"]
            assert [one["current"] for one in sessions][:2] in ([True], [True, False])
        kept = browser.cookie_jar.filter_cookies(answer.url)
        header = "; ".join(f"{name}={morsel.value}" for name, morsel in kept.items())
        async with browser.get(f"{url}/api/auth/csrf") as answer:
            form = {"csrfToken": (await answer.json())["csrfToken"], "json": "true"}
        async with browser.post(f"{url}/api/auth/signout", data=form) as answer:
            assert answer.status == 200
            assert answer.headers["clear-site-data"] == '"cache", "storage"'
        async with browser.get(f"{url}/api/projects") as answer:
            assert answer.status == 401
    async with (
        aiohttp.ClientSession() as thief,
        thief.get(f"{url}/api/projects", headers={"cookie": header}) as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (401, "session_revoked")


async def test_alice_ends_her_other_session_and_it_is_refused_at_once(everything: Everything) -> None:
    url = everything.portal.url
    async with new_browser() as here, new_browser() as there:
        await everything.sign_in(there, "alice")
        await everything.sign_in(here, "alice")
        async with there.get(f"{url}/api/projects") as answer:
            assert answer.status == 200
        async with here.post(
            f"{url}/api/sessions/revoke-others", headers=await everything.csrf(here)
        ) as answer:
            assert (await answer.json())["revoked"] >= 1
        async with there.get(f"{url}/api/projects") as answer:
            assert answer.status == 401
        async with here.get(f"{url}/api/projects") as answer:
            assert answer.status == 200


async def test_oscar_without_a_second_factor_is_led_to_his_account_and_nowhere_else(
    everything: Everything,
) -> None:
    url = everything.portal.url
    async with new_browser() as browser:
        assert await everything.sign_in(browser, "oscar", "/ops") == f"{url}/account"
        async with browser.get(f"{url}/api/projects") as answer:
            assert answer.status == 404
        async with browser.get(f"{url}/nowhere") as answer:
            assert answer.status == 404


async def test_omar_with_his_second_factor_goes_where_he_wanted(everything: Everything) -> None:
    async with new_browser() as browser:
        assert await everything.sign_in(browser, "omar", "/ops") == f"{everything.portal.url}/ops"


async def test_a_sign_in_is_not_started_without_next_auths_own_proof(everything: Everything) -> None:
    url = f"{everything.portal.url}/api/auth"
    async with (
        new_browser() as browser,
        browser.post(f"{url}/signin/zitadel", data={"callbackUrl": "/"}, allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["location"]) == (302, f"{url}/signin?csrf=true")


async def test_health_passes_while_everything_answers(everything: Everything) -> None:
    well = {"api": "pass", "issuer": "pass"}
    said: dict[str, str] = {}
    async with new_browser() as browser:
        # A process that stands still takes what it needs for away, and says so for a second.
        for _ in range(5):
            async with browser.get(f"{everything.portal.url}/api/health") as answer:
                assert (answer.status, answer.content_type) == (200, "application/health+json")
                body = await answer.json(content_type=None)
            said = {name: one["status"] for name, one in body["checks"].items()}
            if said == well:
                break
            await asyncio.sleep(1.1)
    assert said == well
