"""Whatever breaks in the portal, an answer of the family comes out of it, with a request id and no stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import aiohttp
import pytest
import structlog

from aidial_portal.design import engine
from aidial_portal.kernel import answers, ending, guard, steps
from tests.matrix.portal_expected import assert_is_error, family
from tests.portal.kernel.scripted import RunningPortal
from tests.portal.kernel.test_crowded import seen

PATHS = (
    "/api/projects",
    "/api/calls",
    "/api/analytics/summary",
    "/api/sessions",
    "/calls",
    "/nothing/of/the/kind",
)


class BrokenError(Exception):
    """Something nobody foresaw, with a secret in its words."""


def broken(*_: Any, **__: Any) -> NoReturn:
    raise BrokenError("adk_live_secret at /srv/secret.py")


@pytest.fixture(autouse=True)
def short_log() -> Iterator[None]:
    """Tracebacks as a process writes them; those made for a terminal take seconds each."""
    before = structlog.get_config()
    written: list[Any] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ]
    structlog.configure(processors=written, cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (steps, "coarse_limit"),
        (ending, "reissue"),
        (answers, "finish"),
        (ending, "read_cookies"),
        (guard, "family_of"),
        (answers, "fault_answer"),
    ],
)
async def test_what_breaks_is_told_in_the_family_and_no_more(
    portal: RunningPortal,
    browser: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
) -> None:
    monkeypatch.setattr(where, name, broken)
    for path in PATHS:
        page = await seen(browser, portal, path)
        if (where, name) == (steps, "coarse_limit") and path.startswith("/nothing"):
            continue  # an unknown page is found out before that step
        assert_is_error(page, family("GET", path, mapped="nothing" not in path), "internal_error")
        for secret in ("adk_live", "secret.py", "Traceback", "Broken"):
            assert secret not in page.text


async def test_a_page_that_cannot_be_drawn_is_a_plain_one(
    portal: RunningPortal, browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "render", broken)
    for path in ("/sign-in", "/calls", "/nothing"):
        page = await seen(browser, portal, path)
        assert_is_error(page, "page", "internal_error")
        assert "Broken" not in page.text


@pytest.fixture
def broken_log() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(processors=[broken], cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("broken_log")
async def test_a_log_that_cannot_be_written_keeps_nobody_from_an_answer(
    portal: RunningPortal, browser: aiohttp.ClientSession, capfd: pytest.CaptureFixture[str]
) -> None:
    assert (await seen(browser, portal, "/sign-in")).status == 200
    page = await seen(browser, portal, "/api/session/csrf")
    assert page.status == 200
    assert '"event":"last_resort","error":"BrokenError"' in capfd.readouterr().err
