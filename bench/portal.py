"""The portal's own share of `GET /api/calls`: what it burns beside the API behind it.

The one thing a newcomer would get wrong: the share is the portal process's whole CPU a request; the API's is
its own process's and stands in the line before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from tests.support.identity import RunningIdentity, person
from yarl import URL

from aidial_api.provisioning import NewPerson
from aidial_contract.access import Role
from bench.api import CLIENT, Ground, free_port
from bench.load import Subject, measure
from bench.processes import server

OWN_SHARE = "GET /api/calls, the portal's own share"
_SECRET = "a secret of the bench, thirty-two bytes long"  # noqa: S105 - lives as long as the bench


@contextmanager
def provider(folder: Path) -> Iterator[RunningIdentity]:
    """The demo identity provider, with Alice."""
    (folder / "identity").mkdir()
    with RunningIdentity([person("Alice", "bench-dental")], directory=folder / "identity") as running:
        yield running


async def list_figures(base: Ground, issuer: RunningIdentity, *, rounds: int, requests: int) -> list[Subject]:
    """Sign Alice in at a portal of its own process, then ask for her calls through it."""
    alice = issuer.accounts[0]
    await base.provisioner.add_person(
        NewPerson(
            email=alice.email,
            first_name="Alice",
            last_name="Bench",
            role=Role.CLIENT_ADMIN,
            client_id=CLIENT,
            projects=((CLIENT, None),),
        )
    )
    port = free_port()
    url = f"http://localhost:{port}"
    issuer.allow(redirect_uri=f"{url}/api/auth/callback/zitadel")
    env = {
        **base.env,
        "NEXTAUTH_SECRET": _SECRET,
        "NEXTAUTH_URL": url,
        "AIDIAL_API_BASE_URL": base.api_url,
        "AIDIAL_API_TIMEOUT_MS": "5000",
        "ZITADEL_ISSUER": issuer.issuer,
        "ZITADEL_CLIENT_ID": issuer.client_id,
        "ZITADEL_CLIENT_SECRET": issuer.client_secret,
    }
    program = (
        "import os; from aidial_portal.app import serve; from aidial_portal.settings import read_settings;"
        f" serve(read_settings(os.environ), '127.0.0.1', {port})"
    )
    with server("portal", ["-c", program], env, f"{url}/api/health/live") as pid:
        cookie = await _signed_in(issuer, url)
        headers = {"cookie": cookie, "sec-fetch-site": "same-origin"}
        page = f"{url}/api/calls?project_id={base.project_id}"
        async with aiohttp.ClientSession() as http, http.get(page, headers=headers) as answer:
            cursor = (await answer.json())["next_cursor"]
        subject = Subject(OWN_SHARE, pid, f"{page}&cursor={cursor}", headers)
        await measure([subject], rounds=rounds, requests=requests)
    return [subject]


async def _signed_in(issuer: RunningIdentity, url: str) -> str:
    """Walk the sign-in as a browser would; gives the Cookie header of the portal."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        async with browser.get(f"{url}/api/auth/csrf") as answer:
            token = (await answer.json())["csrfToken"]
        form = {"csrfToken": token, "callbackUrl": f"{url}/", "json": "true"}
        async with browser.post(f"{url}/api/auth/signin/zitadel", data=form) as answer:
            authorize_url = (await answer.json())["url"]
        callback_url = await issuer.sign_in(browser, authorize_url, issuer.accounts[0])
        async with browser.get(callback_url, allow_redirects=False) as answer:
            if "error=" in answer.headers.get("location", "error="):
                raise RuntimeError("the bench could not sign in")
    cookies = jar.filter_cookies(URL(url))
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
