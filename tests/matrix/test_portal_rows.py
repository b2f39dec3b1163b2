"""Every row of the portal asked by everybody: status, envelope, headers, and no secret anywhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from aidial_portal.kernel.matcher import Matcher
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_keys
from aidial_portal.kernel.nextauth.names import cookie_names
from aidial_portal.kernel.promises import codes_of
from aidial_portal.kernel.route import Kind, Route
from aidial_portal.kernel.tokens import Sealer
from aidial_portal.routes import all_rows
from tests.matrix.portal_expected import assert_is_error, expected, family
from tests.matrix.portal_requests import NEXT_AUTH, example, is_public, send_good
from tests.matrix.portal_visitors import BY_NAME, SESSION, SIGNED_IN, VISITORS, Visitor, ask, papers_of

if TYPE_CHECKING:
    from tests.support.portal import Page, Town

ROWS = all_rows()
MATCHER = Matcher(ROWS)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PAGE_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
RUNS_NOTHING = "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_the_answer_is_what_the_contract_says(town: Town, row: Route) -> None:
    for visitor in VISITORS:
        await assert_answer(town, row, visitor)


async def assert_answer(town: Town, row: Route, visitor: Visitor) -> None:
    """One row asked by one visitor."""
    good = await example(town, row)
    status, word = expected(row, visitor, good)
    page = await send_good(town, row, visitor)
    assert page.status == status, (visitor.name, page.status, page.text[:500])
    if word.startswith("/"):
        assert page.location == word
    elif word:
        assert_is_error(page, family(row.method, row.path), word)
        assert word in codes_of(row), f"{row.name} answers {word} and does not promise it"
    elif row.path not in {"/access-denied", "/not-found"} and row.name not in NEXT_AUTH:
        assert row.produces in {"*/*", page.headers.get("content-type", "").partition(";")[0]} or status in {
            204,
            302,
        }
    assert_is_guarded(page)
    await assert_tells_no_secret(town, page)


def assert_is_guarded(page: Page) -> None:
    """The headers of every answer, and no more."""
    assert re.fullmatch(r"[0-9a-f-]{36}", page.headers["x-request-id"])
    assert "server" not in page.headers
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    if not page.headers.get("content-type", "").startswith("text/html"):
        assert policy == RUNS_NOTHING
        return
    assert page.headers.items() >= PAGE_HEADERS.items()
    assert "permissions-policy" in page.headers
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["base-uri"] == "'none'"
    nonce = re.fullmatch(r"'nonce-([A-Za-z0-9_-]{20,})'", directives["script-src"])
    assert nonce is not None
    scripts = re.findall(r"<script\b([^>]*)>", page.text)
    assert all(f'nonce="{nonce[1]}"' in script for script in scripts)
    seen = _Attributes()
    seen.feed(page.text)
    assert not [name for name, _ in seen.found if name.startswith("on") or name == "style"]
    assert not [value for _, value in seen.found if value.strip().lower().startswith("javascript:")]


class _Attributes(HTMLParser):
    """Every attribute of a page, as a browser reads it: text inside a quoted value is no attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(name, value or "") for name, value in attrs]


async def assert_tells_no_secret(town: Town, page: Page) -> None:
    """No token, key or secret in body, header or address; cookies are sealed and looked at as sent."""
    everything = page.text + "".join(f"{name}: {value}\n" for name, value in page.headers.items())
    for name, secret in await secrets_of(town):
        assert secret not in everything, f"an answer tells {name}"


_known: dict[Town, list[tuple[str, str]]] = {}


async def secrets_of(town: Town) -> list[tuple[str, str]]:
    """Everything an answer must never hold, with its name; gathered once for each town."""
    if town not in _known:
        _known[town] = [item async for item in _secrets(town)]
    return _known[town]


async def _secrets(town: Town) -> AsyncIterator[tuple[str, str]]:
    settings = town.settings
    yield "the portal's secret", settings.nextauth_secret
    yield "the client secret", settings.zitadel_client_secret
    yield "the API's master key", town.environ["AIDIAL_MASTER_KEY"]
    yield "the database", town.environ["DATABASE_URL"]
    for key in town.keys.values():
        yield "a key", key
    for visitor in SIGNED_IN:
        token = access_token(town, (await papers_of(town, visitor)).cookies[SESSION])
        yield f"{visitor.name}'s access token", token
        yield f"the signature of {visitor.name}'s access token", token.rpartition(".")[2]
    rows = await town.sql("SELECT subject, token_set FROM sessions WHERE token_set IS NOT NULL")
    assert rows
    for row in rows:
        sealed = row["token_set"].decode()
        tokens = Sealer(settings.nextauth_secret).open(sealed, row["subject"], 0)
        assert tokens is not None
        assert tokens.refresh_token is not None
        yield f"{row['subject']}'s sealed tokens", sealed
        yield f"{row['subject']}'s refresh token", tokens.refresh_token


def access_token(town: Town, cookie: str) -> str:
    """What a session cookie holds inside."""
    names = cookie_names(town.settings.nextauth_url)
    claims = CookieCipher(derive_keys(town.settings.nextauth_secret, names).session).decode(cookie)
    assert claims is not None
    assert not {"refresh_token", "id_token"} & set(claims)
    return str(claims["access_token"])


@pytest.mark.parametrize("name", ["alice", "anonymous", "somebody signed out"])
@pytest.mark.parametrize("path", sorted({row.path for row in ROWS}))
async def test_a_wrong_method_is_not_found_for_everybody(town: Town, path: str, name: str) -> None:
    row = next(one for one in ROWS if one.path == path)
    good = await example(town, row)
    headers = (await papers_of(town, BY_NAME[name])).headers(unsafe=True)
    for method in METHODS:
        # An address of next-auth may be one row for reading and another for writing.
        if MATCHER.match(method, good.path.partition("?")[0]).route is not None:
            continue
        page = await ask(town, method, good.path, headers)
        if row.kind is not Kind.PAGE or name == "alice":
            assert_is_error(page, family(method, good.path), "not_found")
        else:
            assert page.status == 302
        assert_is_guarded(page)


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.name)
@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/calls/1/nothing",
        "/api/analytics",
        "/api/projects/",
        "/api/Projects",
    ],
)
async def test_an_api_path_nobody_wrote_is_not_found_for_everybody(
    town: Town, path: str, visitor: Visitor
) -> None:
    page = await ask(town, "GET", path, (await papers_of(town, visitor)).headers(unsafe=False))
    assert_is_error(page, "transport", "not_found")
    assert_is_guarded(page)


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.name)
@pytest.mark.parametrize(
    "path", ["/nothing", "/calls/a/b", "/static/nothing", "/ops/nothing", "//", "/calls%2f"]
)
async def test_a_page_nobody_wrote_is_404_for_the_signed_in_and_sign_in_for_the_others(
    town: Town, path: str, visitor: Visitor
) -> None:
    page = await ask(town, "GET", path, (await papers_of(town, visitor)).headers(unsafe=False))
    if visitor.session == "live":
        assert_is_error(page, "page", "not_found")
    else:
        assert page.status == 302
        wanted = "/access-denied" if visitor.session == "revoked" else "/sign-in?callbackUrl="
        assert page.location.startswith(wanted)
    assert_is_guarded(page)


def test_every_row_that_is_not_public_has_a_permission_somebody_holds() -> None:
    for row in ROWS:
        assert is_public(row) == (row.permission is None), row.name
