"""The portal's own share of `GET /api/calls`, and what saving settings burns in portal and API together.

The one thing a newcomer would get wrong: the share is the portal process's whole CPU a request; the API's is
its own process's and stands in the line before. Of a save both are counted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from tests.support.identity import RunningIdentity, person
from yarl import URL

from aidial_api.provisioning import NewPerson
from aidial_contract.access import Role
from bench.api import CLIENT, Ground, free_port
from bench.load import Subject, measure
from bench.processes import server

OWN_SHARE = "GET /api/calls, the portal's own share"
SAVE_TENANT = "PUT tenant-settings, portal and API together"
SAVE_HOURS = "PUT business-hours/weekly, both together"
WEEK = {day: [{"open": "09:00", "close": "17:00"}] for day in ("mon", "tue", "wed", "thu", "fri")} | {
    "sat": [],
    "sun": [],
}
_SECRET = "a secret of the bench, thirty-two bytes long"  # noqa: S105 - lives as long as the bench


@contextmanager
def provider(folder: Path) -> Iterator[RunningIdentity]:
    """The demo identity provider, with Alice."""
    (folder / "identity").mkdir()
    with RunningIdentity([person("Alice", "bench-dental")], directory=folder / "identity") as running:
        yield running


@dataclass(frozen=True, slots=True)
class Visit:
    """Alice, signed in at a portal of its own process."""

    base: Ground
    url: str
    pid: int
    cookie: str

    @property
    def headers(self) -> dict[str, str]:
        """What her browser sends with everything."""
        return {"cookie": self.cookie, "sec-fetch-site": "same-origin"}

    async def get(self, path: str) -> tuple[Any, dict[str, str]]:
        """A JSON answer, and the cookies that came with it."""
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.get(self.url + path, headers=self.headers) as answer,
        ):
            cookies = {name: morsel.value for name, morsel in answer.cookies.items()}
            return await answer.json(), cookies


@asynccontextmanager
async def visiting(base: Ground, issuer: RunningIdentity) -> AsyncIterator[Visit]:
    """Start a portal and sign Alice in."""
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
        yield Visit(base, url, pid, await _signed_in(issuer, url))


async def list_figures(visit: Visit, *, rounds: int, requests: int) -> list[Subject]:
    """Ask for Alice's calls through the portal, and for the same body as a bare answer: its floor."""
    page = f"/api/calls?project_id={visit.base.project_id}"
    url = f"{visit.url}{page}&cursor={(await visit.get(page))[0]['next_cursor']}"
    body = visit.base.folder / "portal-calls.json"
    async with aiohttp.ClientSession() as http, http.get(url, headers=visit.headers) as answer:
        body.write_bytes(await answer.read())
    port = free_port()
    floor_env = {"BENCH_FOLDER": str(visit.base.folder), "BENCH_BODY": str(body)}
    bare = f"http://127.0.0.1:{port}/bare"
    with server("floor", ["-m", "bench.floors", str(port)], floor_env, bare) as floor_pid:
        subjects = [
            Subject("floor: bare Starlette answer of the same body", floor_pid, bare),
            Subject(OWN_SHARE, visit.pid, url, visit.headers),
        ]
        await measure(subjects, rounds=rounds, requests=requests)
    return subjects


async def save_figures(visit: Visit, *, rounds: int, requests: int) -> list[Subject]:
    """Save tenant settings and opening hours again and again, each time over the version before."""
    told, cookies = await visit.get("/api/session/csrf")
    pairs = [visit.cookie, *(f"{name}={value}" for name, value in cookies.items())]
    headers = {
        **visit.headers,
        "cookie": "; ".join(pairs),
        "x-csrf-token": told["csrf_token"],
        "content-type": "application/json",
    }
    subjects = []
    for name, slug, card in ((SAVE_TENANT, "tenant-settings", ""), (SAVE_HOURS, "business-hours", "/weekly")):
        document, _ = await visit.get(f"/api/settings/{slug}")
        value = {"weekly": WEEK} if card else {**document["working"], "display_name": "Bench Dental"}
        ref = {"project_ref": document["projects"][0]["ref"]} if card else {}
        bodies = [
            msgspec.json.encode({"expected_version": document["version"] + number, "value": value, **ref})
            for number in range(rounds * requests + requests // 4)
        ]
        url = f"{visit.url}/api/settings/{slug}{card}"
        behind = (visit.base.api_pid,)
        subjects.append(Subject(name, visit.pid, url, headers, bodies, method="PUT", behind=behind))
    await measure(subjects, rounds=rounds, requests=requests)
    return subjects


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
