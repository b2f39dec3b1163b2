"""The list of calls: pages without gap or repeat, filters that agree with a recount, each line's days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from aidial_api.surfaces.calls import lengths
from aidial_contract.ids import new_id
from tests.api.calls.lines import Business, open_business
from tests.people import FRONT_DESK, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.world_calls import new_call

COUNT = 60
STARTED = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)


def _call(line: str, number: int) -> dict[str, Any]:
    """Calls that differ in everything a filter asks for; some share their start."""
    status = ("completed", "missed", "failed", "completed", "live", "unknown")[number % 6]
    started = STARTED + timedelta(hours=number // 2)
    live = status == "live"
    return new_call(
        line,
        f"list-{number}",
        status=status,
        started_at=started.isoformat(),
        ended_at=None if live else (started + timedelta(seconds=30 * (number % 7))).isoformat(),
        end_reason=None if live else "unknown",
        from_number=f"+6129123{number:04d}",
        channel=("voice", "sms", "unknown")[number % 3],
        direction="outbound" if number % 5 == 0 else "inbound",
        outcome=("booked", "message_taken", None)[number % 3],
        resolution=("resolved", None)[number % 2],
        call_type=("new_booking", "reschedule", None, "other")[number % 4],
        agent={"id": f"agent-{number % 3}", "name": "Agent"},
        sentiment={"caller": ("positive", "neutral", "upset", "unknown")[number % 4]},
        attention={"flag": number % 4 == 0},
        booking={"at": "2026-04-01T09:00:00+10:00"} if number % 3 == 0 else None,
        transfer={"destination": "Desk", "result": "ok"} if number % 4 == 1 else None,
        follow_up={"note": "Call"} if number % 5 == 2 else None,
        sms_status=("sent", "failed", None)[number % 3],
        email_status=("queued", None)[number % 2],
        turns=[],
    )


@pytest.fixture(scope="module")
async def shop(world: World) -> Business:
    """Sixty calls on two lines, one in Sydney, one in Brisbane."""
    business = await open_business(world, "Australia/Sydney", "Australia/Brisbane")
    for number in range(COUNT):
        await business.deliver(_call(business.lines[number % 2], number))
    return business


async def walk(asker: Asker, **query: str) -> list[dict[str, Any]]:
    """Every call of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await asker.get("/v1/calls?" + urlencode(query))
        assert answer.status == 200, answer
        page = answer.json
        found += page["calls"]
        assert len(page["calls"]) <= int(query.get("limit", 20))
        if page["next_cursor"] is None:
            assert page["matching"]["count"] >= len(found)
            return found
        query["cursor"] = page["next_cursor"]


SORTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "started_at": lambda call: (call["started_at"], call["call_id"]),
    "duration": lambda call: (call["duration_seconds"] or 0, call["call_id"]),
}


@pytest.mark.parametrize("limit", [1, 7, 30, 60, 100])
@pytest.mark.parametrize("sort", ["started_at", "-started_at", "duration", "-duration"])
async def test_pages_hold_every_call_once_in_order(shop: Business, sort: str, limit: int) -> None:
    found = await walk(shop.admin, sort=sort, limit=str(limit))
    assert len({call["call_id"] for call in found}) == len(found) == COUNT
    assert found == sorted(found, key=SORTS[sort.lstrip("-")], reverse=sort.startswith("-"))


async def test_newest_first_and_twenty_a_page_unless_said(shop: Business) -> None:
    page = (await shop.admin.get("/v1/calls")).json
    assert set(page) == {"calls", "next_cursor", "matching"}
    assert len(page["calls"]) == 20
    assert page["matching"] == {"count": COUNT, "capped": False}
    assert page["calls"] == (await walk(shop.admin, sort="-started_at"))[:20]


async def test_calls_that_come_in_meanwhile_move_nothing(world: World) -> None:
    business = await open_business(world, "Australia/Sydney")
    line = business.lines[0]
    first = [(await business.deliver(_call(line, number))).json["call_id"] for number in range(12)]
    for sort in ("-started_at", "started_at"):
        seen: list[str] = []
        query = {"sort": sort, "limit": "3"}
        while True:
            page = (await business.admin.get("/v1/calls?" + urlencode(query))).json
            seen += [call["call_id"] for call in page["calls"]]
            for age in (timedelta(), timedelta(days=400)):
                started = datetime.now(UTC) - age
                times = {"started_at": started.isoformat(), "ended_at": started.isoformat()}
                await business.deliver({**new_call(line, new_id()), **times})
            if page["next_cursor"] is None or len(seen) > 60:
                break
            query["cursor"] = page["next_cursor"]
        assert len(seen) == len(set(seen))
        assert [one for one in seen if one in first] == (first if sort == "started_at" else first[::-1])


FILTERS: list[tuple[str, str, Callable[[dict[str, Any]], bool]]] = [
    ("status", "completed", lambda c: c["status"] == "completed"),
    ("status", "missed,failed", lambda c: c["status"] in {"missed", "failed"}),
    ("outcome", "booked", lambda c: c["outcome"] == "booked"),
    ("outcome", "unclassified,booked", lambda c: c["outcome"] in {"unclassified", "booked"}),
    ("outcome", "nothing", lambda _: False),
    ("sentiment", "upset", lambda c: c["sentiment"]["caller"] == "upset"),
    ("resolution", "resolved", lambda c: c["resolution"] == "resolved"),
    ("type", "new_booking,other", lambda c: c["call_type"] in {"new_booking", "other"}),
    ("agent", "agent-1", lambda c: c["agent"]["id"] == "agent-1"),
    ("channel", "sms,unknown", lambda c: c["channel"] in {"sms", "unknown"}),
    ("direction", "outbound", lambda c: c["direction"] == "outbound"),
    ("sms_status", "sent", lambda c: c["sms_status"] == "sent"),
    ("email_status", "queued", lambda c: c["email_status"] == "queued"),
    ("attention", "yes", lambda c: c["attention"]["flag"]),
    ("attention", "no", lambda c: not c["attention"]["flag"]),
    ("booking", "yes", lambda c: c["booking"] is not None),
    ("booking", "no", lambda c: c["booking"] is None),
    ("transfer", "yes", lambda c: c["transfer"] is not None),
    ("follow_up", "no", lambda c: c["follow_up"] is None),
    ("min_duration", "90", lambda c: (c["duration_seconds"] or -1) >= 90),
    ("max_duration", "30", lambda c: c["duration_seconds"] is not None and c["duration_seconds"] <= 30),
    ("from", "2026-03-03T06:00:00Z", lambda c: c["started_at"] >= "2026-03-03T06:00:00Z"),
    ("to", "2026-03-03T06:00:00Z", lambda c: c["started_at"] <= "2026-03-03T06:00:00Z"),
    ("from", "2026-03-03T16:00:00+10:00", lambda c: c["started_at"] >= "2026-03-03T06:00:00Z"),
]


@pytest.mark.parametrize(("name", "value", "holds"), FILTERS, ids=[f"{n}={v}" for n, v, _ in FILTERS])
async def test_a_filter_agrees_with_a_recount(
    shop: Business,
    name: str,
    value: str,
    holds: Callable[[dict[str, Any]], bool],
) -> None:
    everything = await walk(shop.admin, limit="100")
    wanted = [call for call in everything if holds(call)]
    assert await walk(shop.admin, limit="100", **{name: value}) == wanted
    first = (await shop.admin.get("/v1/calls?" + urlencode({"limit": "1", name: value}))).json
    assert first["matching"] == {"count": len(wanted), "capped": False}


async def test_filters_narrow_together_and_projects_too(shop: Business) -> None:
    everything = await walk(shop.admin, limit="100")
    wanted = [
        call
        for call in everything
        if call["status"] == "completed"
        and call["channel"] == "voice"
        and call["project_id"] == shop.lines[1]
        and call["duration_seconds"] >= 60
    ]
    query = {"status": "completed", "channel": "voice", "project_id": shop.lines[1], "min_duration": "60"}
    assert wanted
    assert await walk(shop.admin, limit="2", **query) == wanted
    assert len(await walk(shop.staff, limit="100")) == COUNT // 2


@pytest.mark.parametrize(
    ("day", "sydney_hours", "brisbane_hours"),
    [("2026-10-04", 23, 24), ("2026-04-05", 25, 24), ("2026-07-01", 24, 24)],
    ids=["clocks go forward", "clocks go back", "an ordinary day"],
)
async def test_a_day_is_the_lines_own_day(
    world: World, day: str, sydney_hours: int, brisbane_hours: int
) -> None:
    business = await open_business(world, "Australia/Sydney", "Australia/Brisbane")
    start = datetime.fromisoformat(f"{day}T00:30:00+00:00") - timedelta(hours=20)
    for line in business.lines:
        for hour in range(50):
            at = start + timedelta(hours=hour)
            times = {"started_at": at.isoformat(), "ended_at": at.isoformat(), "turns": []}
            await business.deliver({**new_call(line, f"{day}-{hour}"), **times})
    for line, hours in zip(business.lines, (sydney_hours, brisbane_hours), strict=True):
        page = await walk(business.admin, limit="100", project_id=line, **{"from": day, "to": day})
        assert len(page) == hours
    both = await walk(business.admin, limit="100", **{"from": day, "to": day})
    assert len(both) == sydney_hours + brisbane_hours


async def test_a_cursor_belongs_to_its_list(world: World, shop: Business) -> None:
    page = (await shop.admin.get("/v1/calls?limit=2&status=completed")).json
    cursor = page["next_cursor"]
    assert (await shop.admin.get(f"/v1/calls?limit=9&status=completed&cursor={cursor}")).status == 200
    flipped = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    late = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
    for asker, query in (
        (shop.admin, f"status=missed&cursor={cursor}"),
        (shop.admin, f"cursor={cursor}"),
        (shop.admin, f"status=completed&sort=duration&cursor={cursor}"),
        (shop.admin, f"status=completed&project_id={shop.lines[0]}&cursor={cursor}"),
        (shop.staff, f"status=completed&cursor={cursor}"),
        (world.mallory, f"status=completed&cursor={cursor}"),
        (shop.admin, f"status=completed&cursor={flipped}"),
        (shop.admin, f"status=completed&cursor={late}"),
        (shop.admin, f"status=completed&cursor={cursor[:-4]}"),
        (shop.admin, "status=completed&cursor="),
        (shop.admin, "status=completed&cursor=%C3%A9%00"),
        (shop.admin, "status=completed&cursor=" + "A" * 3_000),
    ):
        answer = await asker.get(f"/v1/calls?{query}")
        assert (answer.status, answer.code) == (400, "invalid_cursor"), query
        assert [one["field"] for one in answer.json["field_errors"]] == ["query.cursor"]


BAD = {
    "limit=0": ("unsupported_query_value", ["query.limit"]),
    "limit=101": ("unsupported_query_value", ["query.limit"]),
    "limit=-1": ("unsupported_query_value", ["query.limit"]),
    "limit=%D9%A3": ("unsupported_query_value", ["query.limit"]),
    "limit=1e1": ("unsupported_query_value", ["query.limit"]),
    "sort=call_id": ("unsupported_query_value", ["query.sort"]),
    "status=completed,gone": ("unsupported_query_value", ["query.status"]),
    "status=": ("unsupported_query_value", ["query.status"]),
    "outcome=": ("unsupported_query_value", ["query.outcome"]),
    "outcome=%00": ("unsupported_query_value", ["query.outcome"]),
    "attention=maybe": ("unsupported_query_value", ["query.attention"]),
    "from=2026-02-30": ("unsupported_query_value", ["query.from"]),
    "from=2026-02-03T10:00:00": ("unsupported_query_value", ["query.from"]),
    "to=tomorrow": ("unsupported_query_value", ["query.to"]),
    "max_duration=86401": ("unsupported_query_value", ["query.max_duration"]),
    "sort=x&limit=x&from=x": ("unsupported_query_value", ["query.from", "query.limit", "query.sort"]),
    "colour=blue&limit=0": ("unsupported_query_parameter", ["query.colour", "query.limit"]),
    "status=live&status=live": ("unsupported_query_value", ["query.status"]),
}


@pytest.mark.parametrize("query", BAD)
async def test_a_wrong_query_names_every_wrong_parameter(shop: Business, query: str) -> None:
    answer = await shop.admin.get(f"/v1/calls?{query}")
    code, fields = BAD[query]
    assert (answer.status, answer.code) == (400, code)
    assert sorted(one["field"] for one in answer.json["field_errors"]) == fields


@pytest.mark.parametrize(
    "query",
    [
        "from=0001-01-01", "to=9999-12-31", "from=9999-12-31", "to=0001-01-01",
        "from=0001-01-01T00:00:00%2B10:00", "to=9999-12-31T23:59:59.999999-10:00",
    ],
)  # fmt: skip
async def test_the_ends_of_the_calendar_are_answered_or_refused(shop: Business, query: str) -> None:
    for path in ("/v1/calls", "/v1/analytics/summary", "/v1/analytics/timeseries"):
        assert (await shop.admin.get(f"{path}?{query}")).status in {200, 400, 422}, path


@pytest.mark.slow
async def test_ten_thousand_calls_are_counted_and_one_more_is_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lengths, "COUNTED_FOR_S", 0.0)
    business = await open_business(world, "Australia/Sydney")
    one = (await business.deliver(new_call(business.lines[0], new_id(), turns=[]))).json["call_id"]
    names = [
        row["column_name"]
        for row in await world.sql(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'calls' AND is_generated = 'NEVER'"
        )
    ]
    own = {
        "call_id": "gen_random_uuid()",
        "external_id": "'copy ' || n",
        "from_number": "NULL",
        "to_number": "NULL",
    }
    own["started_at"] = "started_at - n * interval '1 second'"
    columns, values = ", ".join(names), ", ".join(own.get(name, name) for name in names)
    copy = f"INSERT INTO calls ({columns}) SELECT {values} FROM calls, generate_series($2::int, $3::int) n"
    await world.sql(f"{copy} WHERE call_id = $1", one, 1, 9_999)
    await world.sql("VACUUM ANALYZE calls")
    assert (await business.admin.get("/v1/calls")).json["matching"] == {"count": 10_000, "capped": False}
    await world.sql(f"{copy} WHERE call_id = $1", one, 10_000, 10_000)
    page = (await business.admin.get("/v1/calls")).json
    assert page["matching"] == {"count": 10_000, "capped": True}
    second = (await business.admin.get(f"/v1/calls?cursor={page['next_cursor']}")).json
    assert second["matching"] == page["matching"]
    await world.sql("DELETE FROM calls WHERE client_id = $1 AND call_id <> $2", business.client_id, one)


NUMBERS = ("+61291034567", "+61298034567", "+61412345678", "+14155550123")
SEARCHES = {
    "+61291034567": {0},
    "02 9103 4567": {0},
    "(02) 9103-4567": {0},
    "61291034567": {0},
    "567": {0, 1},
    "4567": {0, 1},
    "34567": {0, 1},
    "034567": {0, 1},
    "9803 4567": {1},
    "8034567": {1},
    "98034567": {1},
    "298034567": {1},
    "0412345678": {2},
    "5678": {2},
    "+1 415 555 0123": {3},
    "(415) 555-0123": {3},
    "14155550123": {3},
    "2155550123": set(),
    "0123": {3},
    "123": {3},
    "999": set(),
    "+61299999999": set(),
}


@pytest.fixture(scope="module")
async def callers(world: World) -> Business:
    business = await open_business(world, "Australia/Sydney", "Australia/Sydney")
    for number in NUMBERS:
        await business.deliver(new_call(business.lines[0], number, from_number=number))
    await business.deliver(new_call(business.lines[1], "elsewhere", from_number=NUMBERS[0]))
    return business


@pytest.mark.parametrize("search", SEARCHES)
async def test_a_caller_is_found_by_the_whole_number_or_its_last_digits(
    callers: Business, search: str
) -> None:
    path = f"/v1/calls?project_id={callers.lines[0]}&caller={quote(search)}"
    for asker in (callers.admin, callers.key):
        page = (await asker.get(path)).json
        assert {call["external_id"] for call in page["calls"]} == {NUMBERS[n] for n in SEARCHES[search]}
        assert page["matching"] == {"count": len(SEARCHES[search]), "capped": False}


@pytest.mark.parametrize(
    "search", ["12", "", "abc", "+", "12a4", "1" * 40, "\u0661\u0662\u0663", "1,2,3", "+1 415 555 012"]
)
async def test_what_is_no_number_is_refused(callers: Business, search: str) -> None:
    path = f"/v1/calls?project_id={callers.lines[0]}&caller={quote(search)}"
    answer = await callers.admin.get(path)
    assert (answer.status, answer.code) == (400, "unsupported_query_value")
    assert [one["field"] for one in answer.json["field_errors"]] == ["query.caller"]


async def test_who_may_search_for_callers(world: World, callers: Business) -> None:
    answer = await callers.admin.get("/v1/calls?caller=567")
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [one["field"] for one in answer.json["field_errors"]] == ["query.project_id"]
    for query in ("caller=567", f"caller=567&project_id={callers.lines[0]}"):
        assert (await callers.staff.get(f"/v1/calls?{query}")).status == 404
    mine = f"/v1/calls?project_id={FRONT_DESK}&caller=567"
    for asker in (world.alice, world.ben, world.priya, world.tom, world.harbour_read):
        assert (await asker.get(mine)).status == 200
    assert (await world.chloe.get(mine)).status == 404
    assert (await world.alice.get(f"/v1/calls?project_id={NORTHSIDE_LINE}&caller=567")).status == 404
