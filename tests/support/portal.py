"""The whole product on sockets: portal, API, PostgreSQL, identity provider, and people with browsers.

    async def test_...(town: Town) -> None:
        alice = await town.of(ALICE)
        page = await alice.get("/calls")
        assert page.status == 200

The one thing a newcomer would get wrong: a worker has one town and everybody signs in once, the first time
they are needed. A test that ends a session signs somebody in anew (`async with town.visitor(ALICE)`).
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from html import unescape
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import asyncpg
import msgspec

from aidial.postgres import PostgresUrls
from aidial_api.provisioning import NewClient, NewPerson, NewProject
from aidial_contract.headers import AIDIAL_SESSION, API_KEY
from aidial_contract.ids import new_api_key
from aidial_contract.limits import Numbers
from aidial_identity import Account
from aidial_portal.app import create_app
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_keys
from aidial_portal.kernel.nextauth.names import cookie_names
from aidial_portal.kernel.provider import Provider
from aidial_portal.settings import PortalSettings
from tests.people import BUSINESSES, PARTNER, PEOPLE, Business, Someone
from tests.portal.kernel.scripted import free_socket, served
from tests.support.askers import Asker
from tests.support.identity import MANAGEMENT_TOKEN, RunningIdentity, follow, new_browser, submit
from tests.support.past_policies import PastPolicies
from tests.support.running_api import HeardProvisioner, RunningApi, running_api
from tests.support.sms_codes import allow_sms_codes
from tests.support.world_books import open_books
from tests.support.world_calls import CALLS

SECRET = "the town's own secret, at least thirty-two bytes"


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the portal, its body read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...]

    @property
    def text(self) -> str:
        """The body as text; a file has some that is none."""
        return self.body.decode(errors="replace")

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.headers["location"]

    @property
    def words(self) -> str:
        """What a person reads: no tags, spaces as one."""
        without = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", self.text, flags=re.DOTALL)
        return " ".join(unescape(without).split())

    def links(self, path: str) -> list[str]:
        """Every address on the page that starts with `path`."""
        return [unescape(one) for one in re.findall(r'href="([^"]+)"', self.text) if one.startswith(path)]


class Browser:
    """Somebody's browser: keeps cookies, never follows a redirect by itself."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url

    async def get(self, path: str, **headers: str) -> Page:
        """Ask for a path of the portal; `hx_request="true"` is the header `HX-Request`."""
        return await self.ask("GET", path, headers=_header_names(headers))

    async def post_form(self, path: str, form: Mapping[str, str]) -> Page:
        """Send a form as a page without JavaScript does."""
        return await self.ask("POST", path, data=form, headers={"sec-fetch-site": "same-origin"})

    async def change(self, method: str, path: str, body: Any = None, **headers: str) -> Page:
        """Send what the page's own script sends, with its CSRF token; `body` is a value or raw bytes."""
        token = (await self.get("/api/session/csrf")).json["csrf_token"]
        own = {"x-csrf-token": token, "sec-fetch-site": "same-origin", "content-type": "application/json"}
        if body is None and method == "POST":
            body = {}
        data = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        return await self.ask(method, path, headers=own | _header_names(headers), data=data)

    async def sign_out(self) -> None:
        """Sign out, when somebody is signed in."""
        token = (await self.get("/api/auth/csrf")).json["csrfToken"]
        await self.post_form("/api/auth/signout", {"csrfToken": token, "callbackUrl": "/sign-in"})

    async def ask(self, method: str, path: str, **more: Any) -> Page:
        """One request."""
        async with self.http.request(method, self.url + path, allow_redirects=False, **more) as answer:
            cookies = tuple(answer.headers.getall("set-cookie", ()))
            return Page(answer.status, answer.headers, await answer.read(), cookies)


def _header_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Town:
    """Everything running. `calls` has the id of each delivered call by its external id, `invoices` likewise.

    `environ` is the API's and `settings` the portal's, for a test that starts one more of either.
    """

    def __init__(
        self, portal_url: str, settings: PortalSettings, identity: RunningIdentity, api: RunningApi
    ) -> None:
        self.url = portal_url
        self.settings = settings
        self.identity = identity
        self.api = api
        self.calls: dict[str, str] = {}
        self.invoices: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.urls: PostgresUrls
        self.past_policies: PastPolicies
        self.environ: dict[str, str] = {}
        self.provisioner: HeardProvisioner
        self._browsers: dict[Someone, Browser] = {}
        self._open = AsyncExitStack()

    async def of(self, someone: Someone) -> Browser:
        """A person's browser, signed in since its first use."""
        if someone not in self._browsers:
            self._browsers[someone] = await self._open.enter_async_context(self.visitor(someone))
            # Nobody moves a mouse there, and a slow run takes longer than half an hour.
            await self.sql(
                "UPDATE sessions s SET idle_expires_at = absolute_expires_at FROM users u"
                " WHERE u.user_id = s.user_id AND u.email = $1 AND s.state = 'active'",
                someone.email,
            )
        return self._browsers[someone]

    async def at_v1(self, someone: Someone) -> Asker:
        """A person at the API itself, with what the portal keeps for their browser."""
        browser = await self.of(someone)
        await browser.get("/api/session/csrf")
        names = cookie_names(self.settings.nextauth_url)
        cookies = {one.key: one.value for one in browser.http.cookie_jar}
        keys = derive_keys(self.settings.nextauth_secret, names)
        claims = CookieCipher(keys.session).decode(cookies[names.session])
        assert claims is not None
        sent = {"authorization": f"Bearer {claims['access_token']}", AIDIAL_SESSION: claims["session_id"]}
        return Asker(self.api.http, sent)

    async def sql(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """One statement past every policy."""
        rows = await self.past_policies.fetch(statement, *values)
        if not statement.lstrip().startswith("SELECT"):
            await self.api.all_heard(self.past_policies)
        return rows

    @asynccontextmanager
    async def visitor(self, someone: Someone, to: str = "/") -> AsyncIterator[Browser]:
        """A browser of its own in which a person has just signed in."""
        async with self.stranger() as browser:
            await self.sign_in(browser, someone, to)
            yield browser

    @asynccontextmanager
    async def stranger(self) -> AsyncIterator[Browser]:
        """A browser without a session."""
        async with new_browser() as http:
            browser = Browser(http, self.url)
            try:
                yield browser
            finally:
                await browser.sign_out()  # a sixth session of one person would end their first

    async def sign_in(self, browser: Browser, someone: Someone, to: str = "/") -> str:
        """Walk through the pages as their forms say, without a script; where the portal leads in the end."""
        page = await browser.get(f"/sign-in?callbackUrl={to}")
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        form = {name: unescape(value) for name, value in fields.items()} | {"email": someone.email}
        start = await browser.post_form("/sign-in", form)
        assert start.status == 307, start.text
        sent_on = await browser.post_form(start.location, form)
        assert sent_on.status == 302, sent_on.text
        back = await self._at_the_issuer(browser.http, sent_on.location, someone)
        landed = await browser.get(back.removeprefix(self.url))
        assert landed.status == 302, landed.text
        return landed.location.removeprefix(self.url)

    async def _at_the_issuer(self, http: aiohttp.ClientSession, url: str, someone: Someone) -> str:
        account = self.identity.account(someone.email)
        answer = await follow(http, "GET", url, self.identity.issuer)
        fields = [{"email": account.email, "password": account.password}]
        if account.otp_secret is not None:
            fields.append({"otp": self.identity.next_otp(account)})
        for filled_in in fields:
            if not isinstance(answer, str):
                answer = await submit(http, *answer, filled_in, self.identity.issuer)
        assert isinstance(answer, str), answer
        return answer

    async def deliver(self, client_id: str, call: Mapping[str, Any]) -> str:
        """Deliver a call as the voice runtime does; its id."""
        headers = {API_KEY: self.keys[client_id]}
        async with self.api.http.post("/v1/calls", json=call, headers=headers) as answer:
            body = await answer.json()
            assert answer.status in {200, 201}, body
        self.calls[call["external_id"]] = body["call_id"]
        return str(body["call_id"])

    async def close(self) -> None:
        """Close every browser."""
        await self._open.aclose()


@asynccontextmanager
async def open_town(urls: PostgresUrls) -> AsyncIterator[Town]:
    """Fill a migrated, empty database with everybody and serve everything."""
    master_key = os.urandom(32)
    accounts = [_account(someone) for someone in PEOPLE]
    async with AsyncExitStack() as stack:
        identity = stack.enter_context(RunningIdentity(accounts))
        provisioner = HeardProvisioner(urls.owner_url, master_key, identity.issuer)
        keys = await provision(provisioner)
        environ = {
            "DATABASE_URL": urls.app_url,
            "AIDIAL_MASTER_KEY": base64.b64encode(master_key).decode(),
            "ZITADEL_ISSUER": identity.issuer,
            "AIDIAL_API_AUDIENCE": identity.api_audience,
            "ZITADEL_CLIENT_ID": identity.client_id,
            "ZITADEL_MANAGEMENT_TOKEN": MANAGEMENT_TOKEN,
            "AIDIAL_LIMITS_SCALE": "1000",
            # A slow disk is not what is tried here.
            "AIDIAL_STORAGE_TIMEOUT_MS": "15000",
            "AIDIAL_STORAGE_URL": f"file://{stack.enter_context(TemporaryDirectory(prefix='aidial-files-'))}",
        }
        api = provisioner.api = await stack.enter_async_context(running_api(environ))
        listener, port = free_socket()
        url = f"http://127.0.0.1:{port}"
        settings = PortalSettings(
            nextauth_secret=SECRET,
            nextauth_url=url,
            api_base_url=api.url,
            api_timeout_ms=10_000.0,
            zitadel_issuer=identity.issuer,
            zitadel_client_id=identity.client_id,
            zitadel_client_secret=identity.client_secret,
            numbers=Numbers(scale=1_000.0),
        )
        await stack.enter_async_context(served(create_app(settings, issuer=Provider), listener))
        identity.allow(
            redirect_uri=f"{url}/api/auth/callback/zitadel",
            post_logout_redirect_uri=f"{url}/sign-in",
            backchannel_logout_uri=f"{url}/api/auth/backchannel-logout",
        )
        town = Town(url, settings, identity, api)
        stack.push_async_callback(town.close)
        town.keys, town.urls, town.environ, town.provisioner = keys, urls, environ, provisioner
        town.past_policies = PastPolicies(urls.superuser_url)
        stack.push_async_callback(town.past_policies.close)
        for client_id, call in CALLS:
            await town.deliver(client_id, call)
        town.invoices = await open_books(urls)
        await allow_sms_codes(urls.owner_url)
        yield town


def _account(someone: Someone) -> Account:
    return Account(
        subject=someone.subject,
        email=someone.email,
        password=f"pass-{someone.name}-word",
        given_name=someone.first_name,
        family_name="Example",
        otp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" if someone.second_factor else None,
    )


async def provision(provisioner: HeardProvisioner) -> dict[str, str]:
    """Everybody and their organisations; a key of each client that delivers."""
    keys = {}
    await provisioner.add_partner(PARTNER, "Southern Cross Voice")
    for business in BUSINESSES:
        await provisioner.add_client(_client(business))
        if business.lifecycle == "active":
            keys[business.client_id], _ = new_api_key("live")
            await provisioner.add_key(
                business.client_id, keys[business.client_id], scope="manage", description="runtime"
            )
    for someone in PEOPLE:
        if someone.membership == "active":
            await provisioner.add_person(_person(someone))
    return keys


def _client(business: Business) -> NewClient:
    return NewClient(
        client_id=business.client_id,
        name=business.name,
        timezone=business.timezone,
        partner_org_id=business.partner_org_id,
        lifecycle=business.lifecycle,
        projects=tuple(
            NewProject(project_id=line.project_id, display_name=line.name, timezone=line.timezone)
            for line in business.lines
        ),
    )


def _person(someone: Someone) -> NewPerson:
    return NewPerson(
        email=someone.email,
        first_name=someone.first_name,
        last_name="Example",
        role=someone.role,
        client_id=someone.client_id,
        partner_org_id=someone.partner_org_id,
        projects=someone.projects,
    )
