"""Opening hours: three cards of one document, what fits of them, and whether the line is open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from aidial_api.kernel.public_holidays import name_of
from aidial_contract.opening import standing
from aidial_contract.shapes.project_settings import BusinessHours, Calendar, OpenRange, Weekly
from tests.api.settings.clinics import Clinic
from tests.support.askers import Answer

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = [{"open": "00:00", "close": "24:00"}]
OFFICE = [{"open": "09:00", "close": "12:30"}, {"open": "13:30", "close": "17:00"}]
WEEK: dict[str, Any] = dict.fromkeys(DAYS[:5], OFFICE) | {"sat": [], "sun": []}
SECTION = "business-hours"


def path(clinic: Clinic, rest: str = "") -> str:
    return f"/v1/projects/{clinic.project_id}/settings/{SECTION}{rest}"


async def save(clinic: Clinic, card: str, value: Any) -> Answer:
    version = (await clinic.alice.get(path(clinic))).json["version"]
    return await clinic.alice.put(path(clinic, f"/{card}"), {"expected_version": version, "value": value})


async def is_open(clinic: Clinic, at: str) -> bool:
    answer = await clinic.ben.get(path(clinic, f"/preview?at={at}"))
    assert answer.status == 200, answer
    found: bool = answer.json["open"]
    return found


async def test_before_anybody_saved_the_line_is_open_around_the_clock(clinic: Clinic) -> None:
    working = (await clinic.alice.get(path(clinic))).json["working"]
    assert working == {
        "weekly": dict.fromkeys(DAYS, ALWAYS),
        "mode": "regular",
        "calendar": "AU-TAS",
        "days": [],
    }
    preview = (await clinic.ben.get(path(clinic, "/preview"))).json
    assert (preview["open"], preview["changes_at"], preview["rule"]) == (True, None, "weekly")


async def test_the_cards_are_saved_one_by_one_over_one_version(clinic: Clinic) -> None:
    weekly = await save(clinic, "weekly", {"weekly": WEEK | {"mon": OFFICE[::-1]}})
    assert weekly.status == 200, weekly
    assert (weekly.json["version"], weekly.json["working"]["weekly"]) == (2, WEEK)
    stale = await clinic.alice.put(
        path(clinic, "/public-holidays"),
        {"expected_version": 1, "value": {"mode": "close", "calendar": "AU-NSW"}},
    )
    assert (stale.status, stale.code) == (409, "version_conflict")
    holidays = await save(clinic, "public-holidays", {"mode": "close", "calendar": "AU-NSW"})
    assert holidays.json["version"] == 3
    days = [
        {"date": "2026-12-31", "closed": True},
        {"date": "2026-12-24", "closed": False, "ranges": OFFICE[:1], "label": " Christmas Eve "},
    ]
    special = await save(clinic, "special-days", {"days": days})
    assert special.json["version"] == 4
    working = special.json["working"]
    assert (working["weekly"], working["mode"], working["calendar"]) == (WEEK, "close", "AU-NSW")
    assert working["days"] == [
        {"date": "2026-12-24", "closed": False, "ranges": OFFICE[:1], "label": "Christmas Eve"},
        {"date": "2026-12-31", "closed": True, "ranges": [], "label": ""},
    ]
    config = (await clinic.key.get(f"/v1/projects/{clinic.project_id}/runtime-config")).json
    assert config["business_hours"] == {
        "timezone": "Australia/Hobart",
        "weekly": WEEK,
        "public_holidays": config["business_hours"]["public_holidays"],
        "special_days": working["days"],
    }
    holidays = config["business_hours"]["public_holidays"]
    assert (holidays["mode"], holidays["calendar"]) == ("close", "AU-NSW")
    named = [one["name"] for one in holidays["closed_on"]]
    assert (named.count("Easter Saturday"), named.count("Labour Day")) == (2, 2)
    summary = (await clinic.ben.get(path(clinic))).json
    assert (summary["mode"], summary["restricted"], summary["counts"]) == ("summary", ["days"], {"days": 2})
    assert (summary["working"]["days"], summary["working"]["weekly"]) == ([], WEEK)
    assert (await clinic.ben.put(path(clinic, "/weekly"), {})).status == 404
    assert (await clinic.chloe.get(path(clinic, "/preview"))).status == 404


async def test_hours_that_do_not_fit_are_named_by_their_place(clinic: Clinic) -> None:
    bad = {
        "mon": [{"open": "09:00", "close": "12:00"}, {"open": "11:59", "close": "13:00"}],
        "tue": [{"open": "17:00", "close": "09:00"}],
        "wed": [{"open": "9:00", "close": "12:00"}],
        "thu": [{"open": "24:00", "close": "24:00"}],
        "fri": [{"open": "22:00", "close": "24:01"}],
        "sat": [{"open": "09:00", "close": "09:30"}] * 9,
    }
    answer = await save(clinic, "weekly", {"weekly": bad})
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == {
        "/value/weekly/mon/1/open": "conflict",
        "/value/weekly/tue/0/close": "order",
        "/value/weekly/wed/0/open": "format",
        "/value/weekly/thu/0/close": "order",
        "/value/weekly/fri/0/close": "format",
        "/value/weekly/sat": "too_long",
        "/value/weekly/sun": "required",
    }
    touching = [{"open": "09:00", "close": "12:00"}, {"open": "12:00", "close": "24:00"}]
    assert (await save(clinic, "weekly", {"weekly": WEEK | {"sun": touching}})).status == 200
    days = [
        {"date": "2026-02-30", "closed": True},
        {"date": "2026-12-24", "closed": False},
        {"date": "2026-12-24", "closed": True, "ranges": OFFICE},
        {"date": "24/12/2026", "closed": True},
        {"date": "2026-12-25", "closed": False, "ranges": [{"open": "10:00", "close": "10:00"}]},
    ]
    answer = await save(clinic, "special-days", {"days": days})
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == {
        "/value/days/0/date": "format",
        "/value/days/1/ranges": "required",
        "/value/days/2/date": "repeated",
        "/value/days/2/ranges": "conflict",
        "/value/days/3/date": "format",
        "/value/days/4/ranges/0/close": "order",
    }
    answer = await save(clinic, "public-holidays", {"mode": "sometimes", "calendar": "AU-XX"})
    assert [one["code"] for one in answer.json["field_errors"]] == ["not_allowed", "not_allowed"]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T08:59", False),
        ("2026-11-23T09:00", True),
        ("2026-11-23T12:29", True),
        ("2026-11-23T12:30", False),
        ("2026-11-23T17:00", False),
        ("2026-11-28T10:00", False),
        # The clinic's clocks, not the asker's: 9:00 in Hobart is 22:00 UTC of the day before in summer.
        ("2026-11-22T22:00:00Z", True),
        ("2026-11-22T21:59:59Z", False),
        ("2026-12-24T12:00", True),
        ("2026-12-24T14:00", False),
        ("2026-12-31T10:00", False),
    ],
)
async def test_the_line_is_open_by_the_clocks_of_the_project(
    clinic: Clinic,
    at: str,
    expected: bool,  # noqa: FBT001 - a table of cases
) -> None:
    await save(clinic, "weekly", {"weekly": WEEK})
    days = [
        {"date": "2026-12-24", "closed": False, "ranges": OFFICE[:1], "label": "Christmas Eve"},
        {"date": "2026-12-31", "closed": True},
    ]
    await save(clinic, "special-days", {"days": days})
    assert await is_open(clinic, at) is expected


async def test_a_night_is_two_ranges_and_the_next_change_is_at_its_end(clinic: Clinic) -> None:
    night = WEEK | {
        "fri": [{"open": "18:00", "close": "24:00"}],
        "sat": [{"open": "00:00", "close": "02:00"}],
    }
    await save(clinic, "weekly", {"weekly": night})
    preview = (await clinic.ben.get(path(clinic, "/preview?at=2026-11-27T23:59"))).json
    assert preview["open"] is True
    assert preview["changes_at"] == "2026-11-27T15:00:00Z"  # 2:00 on Saturday in Hobart
    assert await is_open(clinic, "2026-11-28T00:00")
    assert not await is_open(clinic, "2026-11-28T02:00")


async def test_the_clocks_going_forward_and_back(clinic: Clinic) -> None:
    """Hobart: 2:00 to 3:00 is skipped on 4 October 2026, and comes twice on 4 April 2027 (3:00 to 2:00)."""
    early = WEEK | {"sun": [{"open": "02:30", "close": "04:00"}]}
    await save(clinic, "weekly", {"weekly": early})
    skipped = (await clinic.ben.get(path(clinic, "/preview?at=2026-10-04T02:30"))).json
    assert (skipped["clocks"], skipped["local"], skipped["open"]) == ("skipped", "2026-10-04T03:30", True)
    before = (await clinic.ben.get(path(clinic, "/preview?at=2026-10-04T01:59"))).json
    assert (before["open"], before["changes_at"]) == (False, "2026-10-03T16:00:00Z")
    repeated = (await clinic.ben.get(path(clinic, "/preview?at=2027-04-04T02:30"))).json
    assert (repeated["clocks"], repeated["at"], repeated["open"]) == (
        "repeated",
        "2027-04-03T15:30:00Z",
        True,
    )
    # It is 2:59 and then 2:00 again: closed for half an hour.
    assert repeated["changes_at"] == "2027-04-03T16:00:00Z"
    again = (await clinic.ben.get(path(clinic, "/preview?at=2027-04-03T16:00:00Z"))).json
    assert (again["local"], again["open"]) == ("2027-04-04T02:00", False)
    assert again["changes_at"] == "2027-04-03T16:30:00Z"


async def test_a_special_day_decides_before_holidays_and_those_before_the_week(clinic: Clinic) -> None:
    await save(clinic, "weekly", {"weekly": WEEK})
    await save(clinic, "public-holidays", {"mode": "close", "calendar": "AU-TAS"})
    await save(
        clinic,
        "special-days",
        {"days": [{"date": "2026-11-24", "closed": False, "ranges": ALWAYS, "label": "Open night"}]},
    )
    special = (await clinic.ben.get(path(clinic, "/preview?at=2026-11-24T23:00"))).json
    assert (special["open"], special["rule"], special["label"]) == (True, "special_day", "Open night")
    closed = (await clinic.ben.get(path(clinic, "/preview?at=2026-12-25T10:00"))).json
    assert (closed["open"], closed["rule"], closed["label"]) == (False, "public_holiday", "Christmas Day")
    # Closed over the days after it as well: a weekend, and the Monday that stands for Boxing Day.
    assert closed["changes_at"] == "2026-12-28T22:00:00Z"
    plain = (await clinic.ben.get(path(clinic, "/preview?at=2026-11-23T10:00"))).json
    assert (plain["open"], plain["rule"], plain["label"]) == (True, "weekly", "")


@pytest.mark.parametrize(
    ("calendar", "day", "name"),
    [
        ("AU-NSW", "2026-04-04", "Easter Saturday"),
        ("AU-TAS", "2026-04-04", None),
        ("AU-VIC", "2026-11-03", "Melbourne Cup Day"),
        ("AU-NSW", "2026-11-03", None),
        ("AU-QLD", "2026-08-12", "The Royal Queensland Show"),
        ("AU-NT", "2026-08-03", "Picnic Day"),
        ("AU-SA", "2026-03-09", "Adelaide Cup Day"),
        ("AU-ACT", "2026-06-01", "Reconciliation Day"),
        ("AU-WA", "2026-09-28", "King's Birthday"),
        ("AU-NSW", "2026-10-05", "Labour Day"),
        ("AU", "2026-10-05", None),
        ("AU", "2027-01-26", "Australia Day"),
    ],
)
async def test_the_line_is_closed_on_the_holidays_of_its_state(
    calendar: str, day: str, name: str | None
) -> None:
    always = BusinessHours(
        weekly=Weekly(**{key: [OpenRange(open="00:00", close="24:00")] for key in DAYS}),
        mode="close",
        calendar=msgspec.convert(calendar, Calendar),
        days=[],
    )
    zone = ZoneInfo("Australia/Sydney")
    at = datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=zone)
    found = standing(always, at, zone, name_of)
    assert (found.is_open, found.label) == (name is None, name or "")
    follows = msgspec.structs.replace(always, mode="regular")
    assert standing(follows, at, zone, name_of).is_open


async def test_what_is_to_come_is_told_of_the_calendar_that_was_chosen(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between two Cups there is more than the year that is told of, now and then.
    monkeypatch.setattr(clinic.world.api.app.services, "clock", lambda: datetime(2026, 10, 1, tzinfo=UTC))
    saved = await save(clinic, "public-holidays", {"mode": "regular", "calendar": "AU-VIC"})
    told = saved.json["holidays"]
    assert "Melbourne Cup Day" in [one["name"] for one in told]
    assert [one["date"] for one in told] == sorted(one["date"] for one in told)
    assert (await clinic.ben.get(path(clinic))).json["holidays"] == told
    config = (await clinic.key.get(f"/v1/projects/{clinic.project_id}/runtime-config")).json
    assert config["business_hours"]["public_holidays"]["closed_on"] == []


@pytest.mark.parametrize("at", ["tomorrow", "2026-13-01T00:00", "2026-11-23", "0001-01-01T00:00", "", "9"])
async def test_what_is_no_time_is_refused_by_name(clinic: Clinic, at: str) -> None:
    answer = await clinic.ben.get(path(clinic, f"/preview?at={at}"))
    assert (answer.status, answer.code) == (400, "unsupported_query_value")
    assert answer.json["field_errors"][0]["field"] == "query.at"
