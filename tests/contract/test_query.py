"""Query parameters: every bad one is named, none is echoed, ids are left to the guard."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.query import Kind, QueryParam, parse_query, plain_pairs

PARAMS = (
    QueryParam("project_id", Kind.ID, ""),
    QueryParam("status", Kind.CHOICES, "", ("live", "missed")),
    QueryParam("sort", Kind.CHOICE, "", ("up", "down"), default="up"),
    QueryParam("outcome", Kind.TEXTS, ""),
    QueryParam("limit", Kind.WHOLE, "", least=1, most=100, default=20),
    QueryParam("from", Kind.MOMENT, ""),
    QueryParam("cursor", Kind.CURSOR, ""),
    QueryParam("q", Kind.TEXT, "", requires="project_id"),
)


def refused(*pairs: tuple[str, str]) -> tuple[errors.ErrorRow, list[tuple[str, str]]]:
    with pytest.raises(Fault) as caught:
        parse_query(pairs, PARAMS)
    return caught.value.row, [(error.field, error.code) for error in caught.value.field_errors]


def test_without_parameters_there_are_defaults() -> None:
    values = parse_query((), PARAMS)
    assert values["limit"] == 20
    assert values["sort"] == "up"
    assert values["project_id"] is None


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("project_id", "no uuid at all", "no uuid at all"),
        ("status", "live", ("live",)),
        ("status", "missed,live,missed", ("missed", "live")),
        ("outcome", "booked,call back", ("booked", "call back")),
        ("limit", "100", 100),
        ("from", "2026-11-22", date(2026, 11, 22)),
        ("from", "2026-11-22T15:05:00Z", datetime(2026, 11, 22, 15, 5, tzinfo=UTC)),
        ("cursor", "", ""),
    ],
)
def test_a_good_value_is_read(name: str, text: str, value: Any) -> None:
    assert parse_query([(name, text)], PARAMS)[name] == value


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("status", "", "not_allowed"),
        ("status", "live,", "not_allowed"),
        ("status", "LIVE", "not_allowed"),
        ("sort", "sideways", "not_allowed"),
        ("outcome", "", "format"),
        ("outcome", "a,,b", "format"),
        ("outcome", "a\x00", "format"),
        ("outcome", "x" * 201, "format"),
        ("limit", "0", "too_small"),
        ("limit", "101", "too_large"),
        ("limit", "-1", "wrong_type"),
        ("limit", "1.0", "wrong_type"),
        ("limit", "٣", "wrong_type"),
        ("limit", "9" * 30, "wrong_type"),
        ("from", "22/11/2026", "format"),
        ("from", "2026-02-30", "format"),
        ("from", "2026-11-22T15:05:00", "format"),
        ("from", "20261122", "format"),
        ("from", "2026-11-22T15:05:00+1100", "format"),
        ("from", "0001-01-01", "format"),
        ("from", "0001-01-01T00:00:00+10:00", "format"),
    ],
)
def test_a_bad_value_is_400_and_named(name: str, text: str, code: str) -> None:
    assert refused((name, text)) == (errors.UNSUPPORTED_QUERY_VALUE, [(f"query.{name}", code)])


def test_every_bad_parameter_is_named_at_once() -> None:
    row, fields = refused(("limit", "x"), ("sort", "x"), ("from", "x"))
    assert row is errors.UNSUPPORTED_QUERY_VALUE
    assert fields == [("query.limit", "wrong_type"), ("query.sort", "not_allowed"), ("query.from", "format")]


def test_an_unknown_parameter_comes_before_bad_values() -> None:
    row, fields = refused(("limit", "x"), ("colour", "red"))
    assert row is errors.UNSUPPORTED_QUERY_PARAMETER
    assert fields == [("query.colour", "unknown"), ("query.limit", "wrong_type")]


def test_an_unknown_name_is_shown_without_what_could_harm() -> None:
    _, fields = refused(("<b>\ud800\n" + "x" * 500, "1"))
    assert fields == [("query." + "?b???" + "x" * 59, "unknown")]


def test_a_parameter_given_twice_is_refused() -> None:
    row, fields = refused(("limit", "1"), ("limit", "1"))
    assert row is errors.UNSUPPORTED_QUERY_VALUE
    assert fields == [("query.limit", "repeated")]


def test_a_search_without_its_project_is_422() -> None:
    assert refused(("q", "invoice")) == (errors.VALIDATION_FAILED, [("query.project_id", "required")])


def test_a_required_parameter_that_is_missing_is_named() -> None:
    with pytest.raises(Fault) as caught:
        parse_query((), (QueryParam("format", Kind.CHOICE, "", ("txt",), required=True),))
    assert [(error.field, error.code) for error in caught.value.field_errors] == [
        ("query.format", "required")
    ]


def test_at_most_fifty_are_named() -> None:
    _, fields = refused(*((f"colour{number}", "x") for number in range(80)))
    assert len(fields) == 50


@given(
    st.lists(st.tuples(st.sampled_from([param.name for param in PARAMS]), st.text(max_size=30)), max_size=6)
)
def test_whatever_is_asked_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    fault = refusal(pairs)
    assert fault is None or (fault.row.status in {400, 422} and fault.field_errors)


@given(st.text(alphabet="ab=&%+é2", max_size=20))
def test_a_plain_query_is_read_as_the_parser_reads_it(text: str) -> None:
    pairs = plain_pairs(text, 3)
    assert pairs is None or pairs == parse_qsl(text, keep_blank_values=True, strict_parsing=True)


def test_what_is_encoded_no_pair_or_too_many_is_left_to_the_parser() -> None:
    assert plain_pairs("status=live&sort=", 2) == [("status", "live"), ("sort", "")]
    for other in ("", "a", "a=1&", "a=%31", "a=1+1", "a=1&b=2&c=3"):
        assert plain_pairs(other, 2) is None


def refusal(pairs: list[tuple[str, str]]) -> Fault | None:
    try:
        values = parse_query(pairs, PARAMS)
    except Fault as fault:
        return fault
    assert set(values) == {param.name for param in PARAMS}
    return None


def test_a_list_is_counted_as_it_was_sent() -> None:
    """Found by schemathesis: two hundred and one times the same text is more than two hundred texts."""
    assert parse_query([("outcome", ",".join(["booked"] * 200))], PARAMS)["outcome"] == ("booked",)
    assert refused(("outcome", ",".join(["booked"] * 201))) == (
        errors.UNSUPPORTED_QUERY_VALUE,
        [("query.outcome", "format")],
    )
