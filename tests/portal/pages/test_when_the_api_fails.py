"""Pages while `/v1` fails, wholly or in part: a scripted API, for the real one does not fail on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from aidial_contract import errors
from aidial_contract.ids import new_id
from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    context_of,
    free_socket,
    running_portal,
    served,
)

_KPI: dict[str, Any] = {"value": 3.0, "previous": 0.0, "change": None}
_NAMES = ("total_calls", "talk_minutes", "average_duration_seconds", "positive_sentiment", "missed_calls")
SUMMARY: dict[str, Any] = {
    "range": {
        "since": "2026-11-16T00:00:00Z",
        "until": "2026-11-23T00:00:00Z",
        "timezone": "Australia/Sydney",
    },
    "kpis": dict.fromkeys((*_NAMES, "failed_calls"), _KPI),
}
SERIES = {
    "interval": "day",
    "points": [
        {
            "at": "2026-11-16T00:00:00Z",
            "total": 3,
            "completed": 3,
            "missed": 0,
            "failed": 0,
            "talk_seconds": 9,
        }
    ],
}
BREAKDOWNS = {
    "range": SUMMARY["range"],
    "breakdowns": [
        {
            "by": "hour_of_week",
            "rows": [{"key": f"{number}", "label": None, "count": 0} for number in range(168)],
        },
        *(
            {"by": by, "rows": [{"key": "positive", "label": None, "count": 3}]}
            for by in ("sentiment", "outcome", "agent", "project")
        ),
    ],
}
NO_CALLS: dict[str, Any] = {"calls": [], "next_cursor": None, "matching": {"count": 0, "capped": False}}
CALL_ID = "0192f0c1-3333-7000-8000-000000000001"
MISSING = "0192f0c1-3333-7000-8000-000000000002"
CALL: dict[str, Any] = {
    **dict.fromkeys(
        ("answered_at", "ended_at", "duration_seconds", "end_reason", "from_number", "to_number", "outcome")
    ),
    **dict.fromkeys(
        ("resolution", "call_type", "booking", "transfer", "follow_up", "sms_status", "metadata")
    ),
    **dict.fromkeys(("email_status", "summary", "consent", "recording", "entities", "cost", "source")),
    "call_id": CALL_ID,
    "external_id": "x",
    "client_id": "harbour-dental",
    "project_id": context_of()["projects"][0]["project_id"],
    "channel": "voice",
    "direction": "inbound",
    "status": "completed",
    "started_at": "2026-11-16T00:00:00Z",
    "agent": {"id": "a", "name": "Reception", "config_version": None},
    "sentiment": {"caller": "unknown", "agent": "unknown"},
    "attention": {"flag": False, "reason": None},
    "message_count": 0,
    "transcript_state": "available",
    "version": 1,
}


@pytest.fixture
def api() -> ScriptedApi:
    return ScriptedApi(
        {
            "GET /v1/analytics/summary": SUMMARY,
            "GET /v1/analytics/timeseries": SERIES,
            "GET /v1/analytics/breakdowns": BREAKDOWNS,
            "GET /v1/calls": NO_CALLS,
            f"GET /v1/calls/{CALL_ID}": CALL,
        }
    )


@pytest.fixture
async def portal(api: ScriptedApi) -> AsyncIterator[RunningPortal]:
    listener, port = free_socket()
    async with served(api, listener), running_portal(f"http://127.0.0.1:{port}", ScriptedIssuer()) as running:
        yield running


async def read(portal: RunningPortal, path: str) -> tuple[int, str]:
    """Status and text of a page for Alice."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        http.get(portal.url + path, headers=portal.signed_in(), allow_redirects=False) as answer,
    ):
        return answer.status, await answer.text()


async def test_the_dashboard_stands_without_its_chart(portal: RunningPortal, api: ScriptedApi) -> None:
    api.answers["GET /v1/analytics/timeseries"] = errors.DEPENDENCY_UNAVAILABLE
    status, text = await read(portal, "/")
    assert status == 200
    assert "The chart could not be loaded" in text
    assert "Total calls" in text


async def test_the_dashboard_stands_without_its_figures(portal: RunningPortal, api: ScriptedApi) -> None:
    api.answers["GET /v1/analytics/summary"] = errors.INTERNAL_ERROR
    status, text = await read(portal, "/")
    assert status == 200
    assert "The key figures could not be loaded" in text
    assert "Call volume" in text


async def test_the_dashboard_stands_without_what_calls_are_made_of(
    portal: RunningPortal, api: ScriptedApi
) -> None:
    assert "When people call" in (await read(portal, "/"))[1]
    api.answers["GET /v1/analytics/breakdowns"] = errors.DEPENDENCY_TIMEOUT
    status, text = await read(portal, "/")
    assert status == 200
    assert "outcomes and agents could not be loaded" in text
    assert "When people call" not in text
    assert "Call volume" in text


async def test_nothing_to_show_at_all_is_a_failed_page(portal: RunningPortal, api: ScriptedApi) -> None:
    api.answers["GET /v1/analytics/breakdowns"] = errors.DEPENDENCY_UNAVAILABLE
    api.answers["GET /v1/analytics/summary"] = errors.DEPENDENCY_UNAVAILABLE
    api.answers["GET /v1/analytics/timeseries"] = errors.DEPENDENCY_UNAVAILABLE
    status, text = await read(portal, "/")
    assert status == 503
    assert "This is not available right now" in text


async def test_a_call_log_that_cannot_be_read_is_a_failed_page(
    portal: RunningPortal, api: ScriptedApi
) -> None:
    api.answers["GET /v1/calls"] = errors.DEPENDENCY_UNAVAILABLE
    status, text = await read(portal, "/calls")
    assert status == 503
    assert "Whom to ask" in text


async def test_a_transcript_that_cannot_be_read_says_so_in_its_place(
    portal: RunningPortal, api: ScriptedApi
) -> None:
    api.answers[f"GET /v1/calls/{CALL_ID}/transcript"] = errors.DEPENDENCY_TIMEOUT
    status, text = await read(portal, f"/calls?expand={CALL_ID}")
    assert status == 200
    assert "The transcript could not be loaded" in text


async def test_an_open_call_stands_without_the_list(portal: RunningPortal, api: ScriptedApi) -> None:
    api.answers["GET /v1/calls"] = errors.DEPENDENCY_UNAVAILABLE
    transcript = {"call_id": CALL_ID, "state": "available", "turns": []}
    api.answers[f"GET /v1/calls/{CALL_ID}/transcript"] = transcript
    status, text = await read(portal, f"/calls?expand={CALL_ID}")
    assert status == 200
    assert "The list could not be loaded" in text


async def test_nobody_known_is_503_and_no_page_passes(portal: RunningPortal, api: ScriptedApi) -> None:
    api.context = errors.DEPENDENCY_UNAVAILABLE
    for path in ("/", "/calls", "/account", "/ops"):
        assert (await read(portal, path))[0] == 503, path


@pytest.mark.parametrize(
    "path", [f"/calls/{MISSING}", f"/calls?expand={MISSING}", f"/api/calls/{MISSING}/preview"]
)
async def test_a_missing_call_costs_the_api_what_a_denial_costs(
    portal: RunningPortal, api: ScriptedApi, path: str
) -> None:
    assert (await read(portal, path))[0] == 404
    missing = len(api.asked)
    api.context = context_of("aidial_admin")
    api.asked.clear()
    portal.session_id = new_id()
    assert (await read(portal, path))[0] == 404
    assert len(api.asked) == missing == 2


async def test_somebody_without_projects_reads_why_there_is_nothing(
    portal: RunningPortal, api: ScriptedApi
) -> None:
    api.context = context_of(projects=[])
    for path in ("/", "/calls"):
        status, text = await read(portal, path)
        assert status == 200
        assert "No project is open to you yet" in text


async def test_a_new_tenant_reads_that_there_are_no_calls_yet(
    portal: RunningPortal, api: ScriptedApi
) -> None:
    nothing = {"value": 0.0, "previous": 0.0, "change": None}
    api.answers["GET /v1/analytics/summary"] = {**SUMMARY, "kpis": dict.fromkeys(SUMMARY["kpis"], nothing)}
    for path in ("/", "/calls"):
        status, text = await read(portal, path)
        assert (status, "No calls yet" in text) == (200, True)
