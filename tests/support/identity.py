"""A real identity provider for tests: `with RunningIdentity(...) as idp:`, `await idp.tokens_for(account)`.

It serves on a loopback port of its own from a thread. `idp.clock.advance(61)` moves its time, so that nothing
has to wait; remember that tokens made after that lie in the future of whoever checks them by the real time.
"""

import asyncio
import base64
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import aiohttp
import msgspec
import pyotp

from aidial_identity import (
    Account,
    Client,
    IdentityConfig,
    Lifetimes,
    ServiceAccount,
    Throttle,
    bind_loopback,
    create_app,
    provider_of,
    server_for,
)

DEFAULT_REDIRECT = "http://localhost:3000/api/auth/callback/zitadel"
DEFAULT_SCOPE = "openid profile email offline_access"
START_TIMEOUT_S = 20
MANAGEMENT_TOKEN = "tests-manage-people"


class MovableClock:
    """Real time plus what a test added."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s

    def advance(self, seconds: float) -> None:
        self.ahead_s += seconds


def person(first: str, domain: str, *, otp: bool = False, subject: str | None = None) -> Account:
    """An account with a random password, and a second factor when asked for."""
    return Account(
        subject=subject or f"{first.lower()}-{domain}",
        email=f"{first.lower()}@{domain}.example",
        password=secrets.token_urlsafe(12),
        given_name=first,
        family_name="Example",
        otp_secret=pyotp.random_base32() if otp else None,
    )


class RunningIdentity:
    """A provider that is serving. Given a `directory` keys and state stay there, else they are temporary."""

    def __init__(  # noqa: PLR0913 (each is what some test wants different)
        self,
        accounts: Sequence[Account] = (),
        *,
        redirect_uris: Sequence[str] = (DEFAULT_REDIRECT,),
        post_logout_redirect_uris: Sequence[str] = (),
        backchannel_logout_uri: str | None = None,
        more_clients: Sequence[Client] = (),
        service_accounts: Sequence[ServiceAccount] = (),
        lifetimes: Lifetimes | None = None,
        throttle: Throttle | None = None,
        directory: Path | None = None,
        port: int = 0,
    ) -> None:
        self.client_id = "portal@aidial"
        self.client_secret = "s3cret/+:%=&"
        self.api_audience = "aidial-api"
        self.accounts = tuple(accounts) or (
            person("Alice", "harbour-dental"),
            person("Ada", "aidial", otp=True),
        )
        self.clock = MovableClock()
        self._temporary = None if directory else Path(tempfile.mkdtemp(prefix="aidial-identity-"))
        folder = directory or self._temporary
        assert folder is not None
        self._listener = bind_loopback("127.0.0.1", port)
        self.port: int = self._listener.getsockname()[1]
        self.issuer = f"http://127.0.0.1:{self.port}"
        portal = Client(
            client_id=self.client_id,
            client_secret=self.client_secret,
            redirect_uris=tuple(redirect_uris),
            post_logout_redirect_uris=tuple(post_logout_redirect_uris),
            backchannel_logout_uri=backchannel_logout_uri,
        )
        self.config = IdentityConfig(
            issuer=self.issuer,
            key_file=str(folder / "keys.json"),
            state_file=str(folder / "state.sqlite3"),
            project_id="aidial-project",
            api_audience=self.api_audience,
            clients=(portal, *more_clients),
            accounts=self.accounts,
            service_accounts=tuple(service_accounts),
            lifetimes=lifetimes or Lifetimes(),
            throttle=throttle or Throttle(),
            management_token=MANAGEMENT_TOKEN,
        )

    def __enter__(self) -> Self:
        app = create_app(self.config, clock=self.clock)
        self.provider = provider_of(app)
        self._server = server_for(app)
        serving = self._server.serve(sockets=[self._listener])
        self._thread = threading.Thread(target=asyncio.run, args=(serving,), name="identity", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        assert not self._thread.is_alive(), "the identity provider did not stop"
        if self._temporary is not None:
            shutil.rmtree(self._temporary)

    def stop(self) -> None:
        """Answer nobody any more; for tests in which the issuer goes away."""
        self._server.should_exit = True
        self._thread.join(START_TIMEOUT_S)
        self._listener.close()

    def account(self, email: str) -> Account:
        """The account with that e-mail address."""
        return self.provider.by_email[email.casefold()]

    def allow(
        self,
        *,
        redirect_uri: str | None = None,
        post_logout_redirect_uri: str | None = None,
        backchannel_logout_uri: str | None = None,
    ) -> None:
        """Register further addresses of the portal, once a test knows its port."""
        client = self.provider.clients[self.client_id]
        more = (redirect_uri,) if redirect_uri else ()
        more_after = (post_logout_redirect_uri,) if post_logout_redirect_uri else ()
        self.provider.replace_client(
            msgspec.structs.replace(
                client,
                redirect_uris=(*client.redirect_uris, *more),
                post_logout_redirect_uris=(*client.post_logout_redirect_uris, *more_after),
                backchannel_logout_uri=backchannel_logout_uri or client.backchannel_logout_uri,
            )
        )

    def rotate_keys(self) -> None:
        """Sign with a new key from now on."""
        self.provider.keys.rotate()

    def next_otp(self, account: Account) -> str:
        """A code the provider will accept: one that was not used yet, even seconds after the last one."""
        assert account.otp_secret is not None
        connection = self.provider.state.connection
        query = "select step from otp_steps where subject = ?"
        row = connection.execute(query, (account.subject,)).fetchone()
        current = self.provider.now() // 30
        if row is None or row[0] < current:
            return pyotp.HOTP(account.otp_secret).at(current)
        # Tests sign the same person in more often than every 30 s; people do not.
        connection.execute("delete from otp_steps where subject = ?", (account.subject,))
        return pyotp.HOTP(account.otp_secret).at(current)

    def authorize_url(self, verifier: str = "v" * 43, **parameters: str) -> str:
        """An authorization URL of the portal; an empty parameter is left out, others replace the defaults."""
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": self.client_id,
            "redirect_uri": self.config.clients[0].redirect_uris[0],
            "response_type": "code",
            "scope": DEFAULT_SCOPE,
            "state": "st-1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **parameters,
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{self.issuer}/oauth/v2/authorize?{query}"

    async def sign_in(self, session: aiohttp.ClientSession, authorize_url: str, account: Account) -> str:
        """Walk the forms as a browser does; answers the callback URL, which is not called.

        `session` must keep cookies of addresses: `new_browser()`.
        """
        answer = await follow(session, "GET", authorize_url, self.issuer)
        if isinstance(answer, str):
            return answer
        address, html = answer
        fields = {"email": account.email, "password": account.password}
        answer = await submit(session, address, html, fields, self.issuer)
        if isinstance(answer, str):
            return answer
        address, html = answer
        assert 'name="otp"' in html, html
        callback = await submit(session, address, html, {"otp": self.next_otp(account)}, self.issuer)
        assert isinstance(callback, str), callback
        return callback

    async def redeem(self, code: str, verifier: str = "v" * 43, **changes: str) -> tuple[int, dict[str, Any]]:
        """Exchange a code: status and JSON of the token endpoint."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.config.clients[0].redirect_uris[0],
            "code_verifier": verifier,
            **changes,
        }
        return await self.token(form)

    async def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """POST to the token endpoint as the portal (client_secret_post unless the form names a client)."""
        caller = {"client_id": self.client_id, "client_secret": self.client_secret}
        async with (
            new_browser() as http,
            http.post(f"{self.issuer}/oauth/v2/token", data={**caller, **form}) as response,
        ):
            return response.status, await response.json()

    async def tokens_for(
        self, account: Account, *, scope: str = DEFAULT_SCOPE, nonce: str = ""
    ) -> dict[str, Any]:
        """Sign an account in with a fresh browser: the members of the token answer."""
        async with new_browser() as http:
            callback = await self.sign_in(http, self.authorize_url(scope=scope, nonce=nonce), account)
        status, tokens = await self.redeem(query_of(callback)["code"])
        assert status == 200, tokens
        return tokens


def new_browser() -> aiohttp.ClientSession:
    """A client that keeps cookies of addresses such as 127.0.0.1."""
    jar = aiohttp.CookieJar(unsafe=True)
    return aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=20))


def query_of(url: str) -> dict[str, str]:
    """The query of a URL, each parameter once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def hidden_fields(html: str) -> dict[str, str]:
    """The hidden inputs of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    return {name: unescape(value) for name, value in found}


async def submit(
    session: aiohttp.ClientSession, address: str, html: str, fields: dict[str, str], issuer: str
) -> str | tuple[str, str]:
    """Fill in the only form of a page and send it."""
    action = re.search(r'<form method="post" action="([^"]+)"', html)
    assert action is not None, html
    target = urljoin(address, unescape(action[1]))
    return await follow(session, "POST", target, issuer, {**hidden_fields(html), **fields})


async def follow(
    session: aiohttp.ClientSession, method: str, url: str, issuer: str, form: dict[str, str] | None = None
) -> str | tuple[str, str]:
    """Follow redirects within the provider: the address it leads out to, or (address, page)."""
    while url.startswith(f"{issuer}/"):
        async with session.request(method, url, data=form, allow_redirects=False) as response:
            if response.status not in {302, 303}:
                return url, await response.text()
            url = urljoin(url, response.headers["location"])
        method, form = "GET", None
    return url
