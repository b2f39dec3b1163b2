"""How numbers, times and numbers to ring read to the people who look at them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from phonenumbers import PhoneNumberFormat, format_number, parse

from aidial_portal.design import charts, filters
from aidial_portal.design.context import Bar, BarChart, Kpi, Redaction, Turn
from aidial_portal.design.links import with_query

SYDNEY = "Australia/Sydney"
AFTERNOON = datetime(2026, 11, 22, 4, 5, tzinfo=UTC)


def test_a_time_is_said_in_the_projects_zone_with_its_letters() -> None:
    assert filters.exact_time(AFTERNOON, SYDNEY) == "22 Nov 2026, 3:05 pm AEDT"
    assert filters.exact_time(AFTERNOON, "Australia/Perth") == "22 Nov 2026, 12:05 pm AWST"
    assert filters.exact_time(datetime(2026, 7, 1, 14, 0, tzinfo=UTC), SYDNEY) == "2 Jul 2026, 12:00 am AEST"
    assert filters.exact_time(AFTERNOON, "America/Sao_Paulo").endswith("1:05 am UTC-03")
    assert filters.exact_time(None, SYDNEY) == filters.NOTHING


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=4), "4 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(hours=20), "yesterday, 7:05 pm"),
        (timedelta(days=3), "19 Nov, 3:05 pm"),
        (timedelta(days=340), "17 Dec 2025"),
        (-timedelta(hours=2), "today, 5:05 pm"),
    ],
)
def test_alice_reads_how_long_ago_a_call_was(ago: timedelta, words: str) -> None:
    assert filters.relative_time(AFTERNOON - ago, AFTERNOON, SYDNEY) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (8, "8 s"), (60, "1 min"), (252, "4 min 12 s"), (3600, "1 h"), (3901, "1 h 5 min"),
        (59.6, "1 min"), (None, "\N{EN DASH}"),
    ],
)  # fmt: skip
def test_a_length_reads_like_a_person_says_it(seconds: float | None, words: str) -> None:
    assert filters.duration(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+61412345678", "0412 345 678"),
        ("+61280000001", "+61 2 8000 0001"),
        ("+61 ... 678", "+61 ... 678"),
        ("+14155550123", "+1 415 555 0123"),
        (None, "Withheld"),
        ("<b>", "<b>"),
    ],
)
def test_a_number_is_written_as_people_write_it(number: str | None, words: str) -> None:
    assert filters.phone(number) == words


@pytest.mark.parametrize(
    "number", ["+61491570006", "+61255504321", "+61399995432", "+61755512345", "+61855512345"]
)
def test_an_australian_number_is_grouped_as_the_library_groups_it(number: str) -> None:
    style = PhoneNumberFormat.NATIONAL if number.startswith("+614") else PhoneNumberFormat.INTERNATIONAL
    assert filters.phone(number) == format_number(parse(number), style)


def test_places_in_a_call_counts_and_money_are_written_plainly() -> None:
    assert [filters.clock_offset(at) for at in (None, 7_400, 760_000, 3_723_000)] == [
        "",
        "0:07",
        "12:40",
        "1:02:03",
    ]
    assert filters.matching(1, capped=False, noun="call") == "1 call"
    assert filters.matching(10_000, capped=True, noun="call") == "10,000+ calls"
    assert filters.money(120_450) == "$1,204.50"
    assert filters.money(-5, "NZD") == "-NZD 0.05"
    assert filters.money(None) == filters.NOTHING


def test_a_trend_says_up_or_down_and_whether_that_is_good() -> None:
    assert filters.trend(Kpi("Missed", 18, "count", 12, "down")) == filters.Trend("up", "50%", "bad")
    assert filters.trend(Kpi("Positive", 71, "percent", 66, "up")) == filters.Trend("up", "5 points", "good")
    assert filters.trend(Kpi("Calls", 149, "count", 1, "up")) == filters.Trend("up", "from 1", "good")
    assert filters.trend(Kpi("Calls", 3, "count", 0, "up")) == filters.Trend("up", "from none", "good")
    assert filters.trend(Kpi("Calls", 0, "count", 0, "up")) == filters.Trend("same", "No change", "neutral")
    assert filters.trend(Kpi("Failed", 0, "count", None, "down")) is None


def test_a_turn_falls_into_words_and_redactions_and_bad_spans_lose_nothing() -> None:
    turn = Turn("caller", "ring [PHONE] now", None, (Redaction("PHONE", 5, 12), Redaction("EMAIL", 8, 99)))
    assert filters.redacted_pieces(turn) == [("ring ", None), ("[PHONE]", "PHONE"), (" now", None)]


def test_bars_stand_on_zero_and_fit_under_the_top_line() -> None:
    bars = tuple(Bar(str(day), str(day), day * 7 % 95) for day in range(90))
    drawn = charts.bar_geometry(BarChart("c", "Call volume", "calls", SYDNEY, bars))
    assert drawn.ticks[0].value == 0
    assert all(abs(item.y + item.height - drawn.base) < 0.02 and item.y >= charts.TOP for item in drawn.bars)
    assert sum(item.label is not None for item in drawn.bars) <= 12
    assert [charts.nice_ceiling(value) for value in (0, 3, 11, 92, 101, 999)] == [2, 4, 20, 100, 200, 1000]


def test_an_empty_chart_draws_without_bars() -> None:
    assert charts.bar_geometry(BarChart("c", "Call volume", "calls", SYDNEY, ())).highest is None


def test_an_address_keeps_its_state_and_drops_what_is_empty() -> None:
    assert with_query("/calls", {"status": "missed", "cursor": "x"}, cursor=None) == "/calls?status=missed"
    assert with_query("/calls", {}, from_="2026-11-01") == "/calls?from=2026-11-01"
    assert with_query("/calls", {"q": ""}) == "/calls"
