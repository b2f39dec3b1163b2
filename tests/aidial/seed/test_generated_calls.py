"""What a partner who opens the demo can rely on."""

import json
import re
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aidial.seed import BUSINESSES, HARBOUR_DENTAL, Business, Project, generate_calls
from aidial.seed.people import MEDICARE_WEIGHTS, TEST_CARDS
from aidial.seed.rhythm import easter_sunday, public_holidays
from aidial.seed.tenants import CLIENTS, KEYS, PARTNER, PEOPLE
from aidial_contract.checking import check
from aidial_contract.shapes.calls import NewCall, new_call_rules

UNTIL = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
LINES = [(business, project) for business in BUSINESSES for project in business.projects]


@cache
def made(business: Business, project: Project, count: int = 600, seed: int = 11) -> list[dict[str, Any]]:
    return list(generate_calls(business, project.project_id, count, until=UNTIL, seed=seed))


def words(calls: list[dict[str, Any]]) -> str:
    return "\n".join(turn["text"] for call in calls for turn in call["turns"])


@pytest.mark.parametrize(("business", "project"), LINES, ids=[f"{b.client_id}-{p.line}" for b, p in LINES])
def test_every_call_is_one_the_api_takes(business: Business, project: Project) -> None:
    calls = made(business, project)
    assert len(calls) == 600
    for call in calls:
        check(json.dumps(call).encode(), NewCall, [new_call_rules])
    assert len({call["external_id"] for call in calls}) == 600


@pytest.mark.parametrize(("business", "project"), LINES, ids=[f"{b.client_id}-{p.line}" for b, p in LINES])
def test_each_call_tells_one_consistent_story(business: Business, project: Project) -> None:
    for call in made(business, project):
        start = datetime.fromisoformat(call["started_at"])
        assert UNTIL - timedelta(days=91) < start <= UNTIL
        assert len(call["turns"]) <= 30
        last_ms = max((turn["end_ms"] for turn in call["turns"]), default=0)
        starts = [turn["start_ms"] for turn in call["turns"]]
        assert starts == sorted(starts)
        if call["status"] == "live":
            assert call["ended_at"] is None
            continue
        ended = datetime.fromisoformat(call["ended_at"])
        assert ended <= UNTIL
        answered = datetime.fromisoformat(call.get("answered_at") or call["started_at"])
        assert answered + timedelta(milliseconds=last_ms) <= ended
        if call["status"] == "missed":
            assert "answered_at" not in call
            assert "cost" not in call
        if "booking" in call:
            when = datetime.fromisoformat(call["booking"]["at"])
            assert when > start
            assert when.weekday() in business.open_days


def test_the_same_seed_tells_the_same_calls_and_another_seed_others() -> None:
    project = HARBOUR_DENTAL.projects[0]
    assert made(HARBOUR_DENTAL, project, 80) == made.__wrapped__(HARBOUR_DENTAL, project, 80)
    mine, other = made(HARBOUR_DENTAL, project, 80), made(HARBOUR_DENTAL, project, 80, seed=12)
    assert not {call["external_id"] for call in mine} & {call["external_id"] for call in other}


def test_conversations_do_not_repeat() -> None:
    long = [call for call in made(HARBOUR_DENTAL, HARBOUR_DENTAL.projects[0], 2000) if len(call["turns"]) > 4]
    told = {tuple(turn["text"] for turn in call["turns"]) for call in long}
    assert len(told) > 0.99 * len(long)


def test_the_front_desk_is_busy_by_day_and_the_other_line_by_night() -> None:
    front, after = (made(HARBOUR_DENTAL, project, 2000) for project in HARBOUR_DENTAL.projects)
    hours = Counter(datetime.fromisoformat(call["started_at"]).hour for call in front)
    days = Counter(datetime.fromisoformat(call["started_at"]).weekday() for call in front)
    assert sum(hours[hour] for hour in range(8, 18)) > 0.85 * len(front)
    assert hours[12] < hours[10]
    assert days[0] == max(days.values())
    assert days[6] < days[0] / 5
    dark = Counter(datetime.fromisoformat(call["started_at"]).hour for call in after)
    assert sum(dark[hour] for hour in range(18, 23)) > 0.4 * len(after)


def test_public_holidays_are_quiet_and_business_grows() -> None:
    calls = made(HARBOUR_DENTAL, HARBOUR_DENTAL.projects[0], 4000)
    days = Counter(datetime.fromisoformat(call["started_at"]).date() for call in calls)
    labour_day = datetime(2026, 10, 5, tzinfo=UTC).date()
    assert labour_day in public_holidays({2026}, "NSW")
    assert days[labour_day] < days[labour_day + timedelta(days=7)] / 4
    middle = UNTIL - timedelta(days=45)
    later = sum(datetime.fromisoformat(call["started_at"]) > middle for call in calls)
    assert 1.0 < later / (len(calls) - later) < 1.4


def test_holidays_follow_the_calendar() -> None:
    assert easter_sunday(2026).isoformat() == "2026-04-05"
    assert easter_sunday(2027).isoformat() == "2027-03-28"
    assert datetime(2026, 11, 3, tzinfo=UTC).date() in public_holidays({2026}, "VIC")
    assert datetime(2026, 12, 28, tzinfo=UTC).date() in public_holidays({2026}, "QLD")


def test_every_status_channel_direction_and_feeling_turns_up() -> None:
    calls = made(HARBOUR_DENTAL, HARBOUR_DENTAL.projects[0], 2000)
    statuses = Counter(call["status"] for call in calls)
    assert set(statuses) == {"live", "completed", "missed", "failed", "unknown"}
    assert statuses["completed"] > 0.85 * len(calls)
    assert {call["channel"] for call in calls} == {"voice", "sms"}
    assert {call["direction"] for call in calls} == {"inbound", "outbound"}
    feelings = {call["sentiment"]["caller"] for call in calls if "sentiment" in call}
    assert feelings == {"positive", "neutral", "upset", "unknown"}
    for part in ("booking", "transfer", "follow_up", "attention", "sms_status", "email_status", "cost"):
        assert 0 < sum(part in call for call in calls) < len(calls), part


def test_private_details_are_there_to_be_redacted_and_all_are_fiction() -> None:
    calls = [call for business, project in LINES for call in made(business, project)]
    text = words(calls)
    medicare = [found.replace(" ", "") for found in re.findall(r"\b[2-6]\d{3} \d{5} \d\b", text)]
    assert len(medicare) > 50
    for number in medicare:
        total = sum(int(digit) * weight for digit, weight in zip(number[:8], MEDICARE_WEIGHTS, strict=True))
        assert total % 10 == int(number[8])
    cards = re.findall(r"\b[45]\d{3} \d{4} \d{4} \d{4}\b", text)
    assert cards
    assert set(cards) <= set(TEST_CARDS)
    assert all(_luhn(card) for card in TEST_CARDS)
    assert "@example." in text
    assert "oh four nine one" in text
    numbers = {call[side] for call in calls for side in ("from_number", "to_number")} - {None}
    assert all(re.fullmatch(r"\+61(49157\d{4}|[2378](5550|7010)\d{4})", number) for number in numbers)


def test_summaries_hold_nothing_private() -> None:
    calls = [call for business, project in LINES for call in made(business, project)]
    for call in calls:
        assert not re.search(r"\d{4}|@", call.get("summary", "")), call["summary"]


def test_two_thousand_calls_are_made_in_three_seconds() -> None:
    began = time.process_time()
    made.__wrapped__(HARBOUR_DENTAL, HARBOUR_DENTAL.projects[0], 2000)
    assert time.process_time() - began < 3


def test_a_clock_without_a_zone_is_refused() -> None:
    naive = UNTIL.replace(tzinfo=None)
    with pytest.raises(ValueError, match="timezone"):
        next(generate_calls(HARBOUR_DENTAL, HARBOUR_DENTAL.projects[0].project_id, 1, until=naive, seed=1))


def test_times_carry_the_practices_own_offset() -> None:
    zone = ZoneInfo(HARBOUR_DENTAL.timezone)
    for call in made(HARBOUR_DENTAL, HARBOUR_DENTAL.projects[0], 300):
        start = datetime.fromisoformat(call["started_at"])
        assert start.utcoffset() == start.astimezone(zone).utcoffset()


def test_the_demo_organisation_keeps_its_promises() -> None:
    first = {role: next(one for one in PEOPLE if one.role == role) for role in {one.role for one in PEOPLE}}
    admin = first["client_admin"]
    assert {first[role].client_ids for role in ("client_admin", "client_manager", "client_staff")} == {
        (HARBOUR_DENTAL.client_id,)
    }
    assert all(
        first[role].project_ids[0] == admin.project_ids[0] for role in ("client_manager", "client_staff")
    )
    assert set(admin.client_ids) <= set(first["partner_user"].client_ids)
    assert {one.client_ids for one in PEOPLE if one.role == "client_admin"} == {
        (c.client_id,) for c in CLIENTS
    }
    assert first["aidial_operator"].given == "Omar"
    assert [one.given for one in PEOPLE if one.role == "aidial_operator" and not one.second_factor] == [
        "Oscar"
    ]
    assert all(one.second_factor for one in PEOPLE if one.role in {"partner_admin", "aidial_admin"})
    assert {(key.client_id, key.scope) for key in KEYS} == {
        (client.client_id, scope) for client in CLIENTS for scope in ("read", "manage")
    }
    ids = [one.user_id for one in PEOPLE] + [project for client in CLIENTS for project in client.project_ids]
    assert len(set(ids)) == len(ids)
    assert all(uuid.UUID(each).version == 7 for each in ids)
    assert "northside-dental" not in PARTNER.client_ids


def _luhn(card: str) -> bool:
    digits = [int(digit) for digit in reversed(card.replace(" ", ""))]
    return sum(sum(divmod(digit * 2, 10)) if odd % 2 else digit for odd, digit in enumerate(digits)) % 10 == 0
