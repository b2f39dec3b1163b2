"""One error, one body for each family: what is told is the same, and where it stands is the family's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from tests.matrix.portal_expected import assert_is_error, family
from tests.matrix.portal_visitors import BY_NAME, ask, papers_of
from tests.matrix.test_portal_rows import assert_is_guarded
from tests.together.newcomers import another_portal, at

if TYPE_CHECKING:
    from tests.support.portal import Page, Town

READS = ("/api/projects", "/api/calls", "/api/analytics/summary", "/api/sessions", "/calls")
NOWHERE = "http://127.0.0.1:1"


async def read(town: Town, path: str, **headers: str) -> Page:
    """Alice reads."""
    own = (await papers_of(town, BY_NAME["alice"])).headers(unsafe=False)
    return await ask(
        town, "GET", path, own | {name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("/api/projects?a=1", 400, "unsupported_query_parameter", "query.a"),
        ("/api/calls?a=1", 400, "unsupported_query_parameter", "query.a"),
        ("/api/calls?limit=0", 400, "unsupported_query_value", "query.limit"),
        ("/api/analytics/summary?range=ever", 400, "unsupported_query_value", "query.range"),
        ("/api/sessions?a=1", 400, "unsupported_query_parameter", "query.a"),
    ],
)
async def test_a_bad_query_names_its_field_where_the_family_has_room(
    town: Town, path: str, status: int, code: str, field: str
) -> None:
    page = await read(town, path)
    kind = family("GET", path)
    assert_is_error(page, kind, code)
    assert page.status == status
    body = page.json["error"]["details"] if kind == "protected" else page.json
    assert [one["field"] for one in body["field_errors"]] == [field]
    assert set(body["field_errors"][0]) == {"field", "code", "message", "message_key"}


@pytest.mark.parametrize("path", ["/api/projects", "/api/calls", "/api/analytics/summary", "/api/sessions"])
async def test_what_cannot_be_made_is_not_acceptable(town: Town, path: str) -> None:
    assert_is_error(await read(town, path, accept="image/png"), family("GET", path), "not_acceptable")


@pytest.mark.parametrize("path", READS)
async def test_an_api_that_is_away_is_503_with_a_time_to_come_back(town: Town, path: str) -> None:
    papers = await papers_of(town, BY_NAME["alice"])
    async with another_portal(town, api_base_url=NOWHERE) as url, town.stranger() as browser:
        page = await at(browser, url).ask("GET", path, headers=papers.headers(unsafe=False))
    kind = family("GET", path)
    is_of_sessions = path == "/api/sessions"
    assert_is_error(page, kind, "session_service_unavailable" if is_of_sessions else "dependency_unavailable")
    assert_is_guarded(page)
    if kind != "page":
        body: dict[str, Any] = page.json
        if kind == "protected":
            assert body["error"]["details"]["retry_after_seconds"] == int(page.headers["retry-after"])
        else:
            assert -(-body["retry_after_ms"] // 1_000) == int(page.headers["retry-after"])


GOOD_IDS = ["mine-12345", "A.b_c-1234567890", "x" * 64]


@pytest.mark.parametrize("own_id", GOOD_IDS)
@pytest.mark.parametrize("path", [*READS, "/api/nothing", "/api/auth/session", "/sign-in"])
async def test_a_good_request_id_is_kept_by_the_portal_and_logged_by_both(
    town: Town, path: str, own_id: str
) -> None:
    await papers_of(town, BY_NAME["alice"])  # so that her sign-in is not among the lines
    with capture_logs() as logs:
        page = await read(town, path, x_request_id=own_id)
    assert page.headers["x-request-id"] == own_id
    lines = [line for line in logs if line.get("request_id") == own_id]
    portals = [line for line in lines if "ip" not in line]
    assert len(portals) == 1
    apis = [line for line in logs if line.get("event") == "request" and "ip" in line]
    # What a page loaded before has the API note in passing may still be on its way.
    assert {line["request_id"] for line in apis} <= set(GOOD_IDS)
    if path.startswith("/api/calls"):
        assert {line["route"] for line in apis} >= {"calls.list"}


@pytest.mark.parametrize("bad", ["short", "with space in it", "x" * 65, "a/b/c/d/e/f", "né-12345678"])
async def test_a_bad_request_id_is_replaced(town: Town, bad: str) -> None:
    page = await read(town, "/api/nothing", x_request_id=bad)
    own = page.headers["x-request-id"]
    assert own != bad
    assert len(own) == 36
    assert page.json["request_id"] == own


async def test_no_log_line_of_a_request_holds_a_token_or_a_cookie(town: Town) -> None:
    papers = await papers_of(town, BY_NAME["alice"])
    with capture_logs() as logs:
        for path in (*READS, "/api/nothing", "/api/auth/session"):
            await read(town, path)
    text = repr(logs)
    assert logs
    for value in (*papers.cookies.values(), papers.csrf):
        assert value not in text
