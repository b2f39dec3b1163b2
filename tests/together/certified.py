"""npm's certified `oidc-provider` before the real portal, the real API and a real PostgreSQL.

The one thing a newcomer would get wrong: nobody has a password there. The provider's forms take any, and its
`PEOPLE` say what each of them is taken to have shown.
"""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from aidial.postgres import PostgresUrls
from aidial_contract.headers import AIDIAL_SESSION, API_KEY
from aidial_contract.limits import Numbers
from aidial_portal.app import create_app
from aidial_portal.kernel.nextauth.jwe import Claims, CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_keys
from aidial_portal.kernel.nextauth.names import cookie_names
from aidial_portal.kernel.provider import Provider
from aidial_portal.settings import PortalSettings
from tests.people import ALICE, BEN, CHLOE, MALLORY, OMAR, OSCAR, PRIYA, Someone
from tests.portal.kernel.scripted import free_socket, served
from tests.portal.nextauth import node
from tests.portal.nextauth.walk import query_of, through_the_forms
from tests.support.askers import Asker
from tests.support.identity import new_browser
from tests.support.past_policies import PastPolicies
from tests.support.portal import SECRET, Browser, Page, provision
from tests.support.running_api import HeardProvisioner, RunningApi, running_api
from tests.support.world_calls import CALLS

AUDIENCE = "urn:aidial:api"
CLIENT_ID = "312345@aidial"
CLIENT_SECRET = "s3cret/+: %&=~!"
PASSWORD, SECOND_FACTOR = ["pwd"], ["pwd", "otp", "mfa"]
SOON_S = 5


def _claims(someone: Someone, **more: Any) -> dict[str, Any]:
    amr = SECOND_FACTOR if someone.second_factor else PASSWORD
    name = f"{someone.first_name} Example"
    return {"name": name, "email": someone.email, "email_verified": True, "amr": amr, **more}


PEOPLE: dict[str, dict[str, Any]] = {
    **{someone.subject: _claims(someone) for someone in (ALICE, CHLOE, PRIYA, OMAR, OSCAR)},
    # Ben's first token does not last.
    BEN.subject: _claims(BEN, firstTokenS=SOON_S),
    # Whose address it is nobody made sure.
    MALLORY.subject: _claims(MALLORY, email_verified=False),
    "stranger": {"name": "S", "email": "s@nowhere.example", "email_verified": True, "amr": SECOND_FACTOR},
}


@dataclass(frozen=True, slots=True)
class Certified:
    """Everything running; `url` is the portal's, `calls` has the ids of Harbour's calls."""

    url: str
    issuer: str
    api: RunningApi
    past_policies: PastPolicies
    calls: frozenset[str]

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """Somebody's browser, new."""
        async with new_browser() as http:
            yield Browser(http, self.url)

    async def start(self, browser: Browser) -> str:
        """Press "sign in"; the provider's address the portal sends the browser to."""
        token = (await browser.get("/api/auth/csrf")).json["csrfToken"]
        form = {"csrfToken": token, "callbackUrl": "/calls"}
        # Without it this provider gives no refresh token.
        page = await browser.post_form("/api/auth/signin/zitadel?prompt=consent", form)
        assert page.status == 302, page.text
        return page.location

    async def sign_in(self, browser: Browser, subject: str) -> Page:
        """All of it, as a person does; the answer of the portal's callback."""
        back = await through_the_forms(browser.http, await self.start(browser), self.url, subject)
        return await browser.get(back.removeprefix(self.url))

    async def sign_out(self, browser: Browser) -> str:
        """Sign out of the portal and then, on its own page, of the provider; where that leads."""
        token = (await browser.get("/api/auth/csrf")).json["csrfToken"]
        page = await browser.post_form("/api/auth/signout", {"csrfToken": token, "callbackUrl": "/"})
        assert page.status == 302, page.text
        assert page.location.startswith(self.issuer)
        assert query_of(page.location)["client_id"] == CLIENT_ID
        return await through_the_forms(browser.http, page.location, self.url)

    def claims(self, browser: Browser) -> Claims:
        """What the browser's session cookie holds inside."""
        names = cookie_names(self.url)
        kept = {one.key: one.value for one in browser.http.cookie_jar}
        claims = CookieCipher(derive_keys(SECRET, names).session).decode(kept[names.session])
        assert claims is not None
        return claims

    async def session(self, session_id: str) -> dict[str, Any]:
        """A session as it is registered, with the e-mail of whose it is."""
        statement = "SELECT s.*, u.email FROM sessions s JOIN users u USING (user_id) WHERE session_id = $1"
        (row,) = await self.past_policies.fetch(statement, session_id)
        return dict(row)

    def at_v1(self, claims: Claims) -> Asker:
        """The API itself, asked with the portal's tokens."""
        return Asker(
            self.api.http,
            {"authorization": f"Bearer {claims['access_token']}", AIDIAL_SESSION: claims["session_id"]},
        )


@asynccontextmanager
async def open_certified(urls: PostgresUrls) -> AsyncIterator[Certified]:
    """Fill a migrated, empty database with everybody and serve everything."""
    node.install_packages()
    master_key = os.urandom(32)
    listener, port = free_socket()
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        program = stack.enter_context(node.program("openid-provider.mjs", _provider_settings(url)))
        issuer = node.read_line(program)["issuer"]
        provisioner = HeardProvisioner(urls.owner_url, master_key, issuer)
        keys = await provision(provisioner)
        environ = {
            "DATABASE_URL": urls.app_url,
            "AIDIAL_MASTER_KEY": base64.b64encode(master_key).decode(),
            "ZITADEL_ISSUER": issuer,
            "AIDIAL_API_AUDIENCE": AUDIENCE,
            "ZITADEL_CLIENT_ID": CLIENT_ID,
            "AIDIAL_LIMITS_SCALE": "1000",
            "AIDIAL_STORAGE_URL": f"file://{stack.enter_context(TemporaryDirectory(prefix='aidial-files-'))}",
        }
        api = await stack.enter_async_context(running_api(environ))
        settings = PortalSettings(
            nextauth_secret=SECRET,
            nextauth_url=url,
            api_base_url=api.url,
            api_timeout_ms=10_000.0,
            zitadel_issuer=issuer,
            zitadel_client_id=CLIENT_ID,
            zitadel_client_secret=CLIENT_SECRET,
            numbers=Numbers(scale=1_000.0),
        )
        await stack.enter_async_context(served(create_app(settings, issuer=Provider), listener))
        past_policies = PastPolicies(urls.superuser_url)
        stack.push_async_callback(past_policies.close)
        calls = [
            (await Asker(api.http, {API_KEY: keys[client_id]}).post("/v1/calls", call)).json["call_id"]
            for client_id, call in CALLS
            if client_id == ALICE.client_id
        ]
        yield Certified(url, issuer, api, past_policies, frozenset(calls))


def _provider_settings(portal_url: str) -> dict[str, Any]:
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [f"{portal_url}/api/auth/callback/zitadel"],
        "post_logout_redirect_uris": [f"{portal_url}/sign-in"],
        "backchannel_logout_uri": f"{portal_url}/api/auth/backchannel-logout",
        "backchannel_logout_session_required": True,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
    return {"clients": [client], "people": PEOPLE, "audience": AUDIENCE}
