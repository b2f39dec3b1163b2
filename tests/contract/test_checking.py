"""Validation: fast and silent about the good, complete and discreet about the bad."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidial_contract import errors
from aidial_contract.checking import check, parse_day, parse_time, plain_json
from aidial_contract.envelopes import Envelope, render
from aidial_contract.fault import Fault
from aidial_contract.messages import field_codes
from aidial_contract.shapes.calls import CallPatch, NewCall, call_patch_rules, new_call_rules
from aidial_contract.shapes.sessions import NewSession, StoreTokens

GOOD: dict[str, Any] = {
    "project_id": "0193a5c0-0000-7000-8000-000000000001",
    "external_id": "call-0001",
    "channel": "voice",
    "direction": "inbound",
    "status": "completed",
    "started_at": "2026-11-22T15:05:00+11:00",
    "ended_at": "2026-11-22T15:09:12+11:00",
    "end_reason": "caller_hangup",
    "from_number": "+61412345678",
    "to_number": None,
    "agent": {"id": "reception", "name": "Reception"},
    "turns": [{"speaker": "caller", "text": "Hello.", "start_ms": 0, "end_ms": 900}],
}
LIVE = {"status": "live", "ended_at": None, "end_reason": None}


def refused(body: bytes | dict[str, Any], shape: type = NewCall) -> Fault:
    rules = (new_call_rules,) if shape is NewCall else (call_patch_rules,)
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    with pytest.raises(Fault) as caught:
        check(raw, shape, rules)
    return caught.value


def failures(changes: dict[str, Any]) -> set[tuple[str, str]]:
    fault = refused({**GOOD, **changes})
    assert fault.row is errors.VALIDATION_FAILED
    return {(error.field, error.code) for error in fault.field_errors}


def test_a_good_call_is_taken() -> None:
    call = check(msgspec.json.encode(GOOD), NewCall, (new_call_rules,))
    assert call.external_id == "call-0001"
    assert call.started_at.isoformat() == "2026-11-22T15:05:00+11:00"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}{}",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"status":"live","status":"live"}',
        b'{"agent":{"id":"a","id":"b"}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"1" * 5_000 + b"}",
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b'{"a":"\x00"}',
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_json_is_400_and_says_no_more(body: bytes) -> None:
    fault = refused(body)
    assert fault.row is errors.MALFORMED_JSON
    assert not fault.field_errors
    assert fault.details is None


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7", b"true"])
def test_json_that_is_no_object_fails_as_a_whole(body: bytes) -> None:
    assert [(error.field, error.code) for error in refused(body).field_errors] == [("", "wrong_type")]


CASES: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"external_id": ""}, {("/external_id", "too_short")}),
    ({"external_id": "x" * 201}, {("/external_id", "too_long")}),
    ({"external_id": "a\x00b"}, {("/external_id", "control_characters")}),
    ({"external_id": 7}, {("/external_id", "wrong_type")}),
    ({"channel": "fax"}, {("/channel", "not_allowed")}),
    ({"channel": None}, {("/channel", "wrong_type")}),
    ({"started_at": "2026-11-22T15:05:00"}, {("/started_at", "naive_time")}),
    ({"started_at": "yesterday"}, {("/started_at", "format")}),
    ({"started_at": "0001-01-01T00:00:00+10:00"}, {("/started_at", "format")}),
    ({"booking": {"at": "9999-12-31T23:59:59-10:00"}}, {("/booking/at", "format")}),
    ({"started_at": 1_700_000_000}, {("/started_at", "wrong_type")}),
    ({"started_at": "2026-11-22T15:05:00+1100"}, {("/started_at", "format")}),
    ({"answered_at": "2026-11-22T15:05:00.5-0000"}, {("/answered_at", "format")}),
    ({"booking": {"at": "2026-11-22 15:05:00+1100"}}, {("/booking/at", "format")}),
    ({"follow_up": {"due_at": "2026-11-22T15:05:00-0330"}}, {("/follow_up/due_at", "format")}),
    ({"ended_at": "2026-11-22T15:00:00+11:00"}, {("/ended_at", "order")}),
    ({"answered_at": "2026-11-22T15:00:00+11:00"}, {("/answered_at", "order")}),
    ({"ended_at": None}, {("/ended_at", "required")}),
    ({"status": "live"}, {("/ended_at", "conflict"), ("/end_reason", "conflict")}),
    ({"from_number": "0412 345 678"}, {("/from_number", "format")}),
    ({"from_number": "+614123"}, {("/from_number", "not_a_number")}),
    ({"to_number": "+610412345678"}, {("/to_number", "not_a_number")}),
    ({"from_number": "+4407911123456"}, {("/from_number", "not_a_number")}),
    ({"agent": "Reception"}, {("/agent", "wrong_type")}),
    ({"agent": {"name": "R"}}, {("/agent/id", "required")}),
    ({"agent": {"id": "a", "name": "R", "x/y~z": 1}}, {("/agent/x~1y~0z", "unknown")}),
    ({"turns": {}}, {("/turns", "wrong_type")}),
    ({"turns": [None]}, {("/turns/0", "wrong_type")}),
    ({"turns": [{"speaker": "caller", "text": ""}]}, {("/turns/0/text", "too_short")}),
    ({"turns": [{"speaker": "caller", "text": "x" * 20_001}]}, {("/turns/0/text", "too_long")}),
    (
        {"turns": [{"speaker": "bot", "text": "a\x07", "start_ms": -1, "end_ms": 10**9}]},
        {
            ("/turns/0/speaker", "not_allowed"),
            ("/turns/0/text", "control_characters"),
            ("/turns/0/start_ms", "too_small"),
            ("/turns/0/end_ms", "too_large"),
        },
    ),
    (
        {"turns": [{"speaker": "caller", "text": "a", "start_ms": 2, "end_ms": 1}]},
        {("/turns/0/end_ms", "order")},
    ),
    (
        {"turns": [{"speaker": "caller", "text": "a", "start_ms": True, "end_ms": 1.0}]},
        {("/turns/0/start_ms", "wrong_type"), ("/turns/0/end_ms", "wrong_type")},
    ),
    ({"turns": [GOOD["turns"][0]] * 5_001}, {("/turns", "too_long")}),
    ({"metadata": {"x": "y" * 8_200}}, {("/metadata", "too_large")}),
    ({"metadata": {"x": "\x00"}}, {("/metadata", "control_characters")}),
    ({"metadata": {"a\x00": 1}}, {("/metadata", "control_characters")}),
    ({"metadata": {"x": ["\\\x00"]}}, {("/metadata", "control_characters")}),
    ({"metadata": []}, {("/metadata", "wrong_type")}),
    ({"attention": {"flag": "yes"}}, {("/attention/flag", "wrong_type")}),
    ({"cost": {"amount_minor": 1, "currency": "aud"}}, {("/cost/currency", "format")}),
    ({"cost": {"amount_minor": 1, "currency": "ZZZ"}}, {("/cost/currency", "not_allowed")}),
    (
        {"cost": {"amount_minor": -1, "currency": "ZZZ"}},
        {("/cost/amount_minor", "too_small"), ("/cost/currency", "not_allowed")},
    ),
    ({"cost": {"amount_minor": 1}}, {("/cost/currency", "required")}),
    ({"cost": {"amount_minor": 1, "currency": ["AUD"]}}, {("/cost/currency", "wrong_type")}),
    ({"call_id": "mine", "client_id": "x"}, {("/call_id", "unknown"), ("/client_id", "unknown")}),
]


UNUSUAL: list[dict[str, Any]] = [
    {"metadata": {"x": "a backslash before \\u0000", "\\u0000": "\\\\u0000"}},
    {"from_number": "+390612345678"},
    {"to_number": "+5491112345678"},
    {"cost": {"amount_minor": 1, "currency": "JPY"}},
    {"cost": {"amount_minor": 1, "currency": "ZWG"}},
    {"started_at": "2026-11-22t15:05:00.123456789z", "ended_at": "2026-11-22 15:09:12-00:00"},
]


@pytest.mark.parametrize("changes", UNUSUAL, ids=repr)
def test_what_is_unusual_and_right_is_taken(changes: dict[str, Any]) -> None:
    assert refusal(msgspec.json.encode({**GOOD, **changes}), NewCall) is None


@pytest.mark.parametrize(("changes", "expected"), CASES, ids=[repr(changes)[:60] for changes, _ in CASES])
def test_every_failing_field_is_named(changes: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    assert failures(changes) == expected


def test_failures_of_fields_and_of_rules_come_together() -> None:
    found = failures({"channel": "fax", "agent": {}, "answered_at": "2020-01-01T00:00:00Z"})
    assert found == {
        ("/channel", "not_allowed"),
        ("/agent/id", "required"),
        ("/agent/name", "required"),
        ("/answered_at", "order"),
    }


def test_at_most_fifty_failures_are_told() -> None:
    fault = refused({**GOOD, "turns": [{}] * 60})
    assert len(fault.field_errors) == 50


def test_failures_come_in_the_same_order_every_time() -> None:
    body = {**GOOD, **{f"extra_{number}": 1 for number in range(20)}}
    fields = [error.field for error in refused(body).field_errors]
    assert fields == [f"/extra_{number}" for number in range(20)]


SECRET = "secret-4111111111111111"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_value_is_never_echoed(name: str) -> None:
    fault = refused({**GOOD, name: {SECRET[:6]: [SECRET]}})
    assert SECRET not in repr(render(Envelope.TRANSPORT, fault, "request-0001"))
    assert SECRET not in fault.reason


@pytest.mark.parametrize(
    "name", [b"\\ud800", b"\\u0000", b"\\u202e", b"x" * 100_000], ids=["surrogate", "nul", "bidi", "long"]
)
def test_a_made_up_name_can_be_answered_whatever_it_holds(name: bytes) -> None:
    body = msgspec.json.encode(GOOD)[:-1] + b',"' + name + b'":1}'
    fault = refused(body)
    assert [error.code for error in fault.field_errors] == ["unknown"]
    wire = msgspec.json.encode(render(Envelope.TRANSPORT, fault, "request-0001"))
    assert len(wire) < 1_000


@pytest.mark.parametrize("escaped", [b"\\ud800", b"a\\udc00b"])
def test_a_lone_surrogate_in_a_text_is_refused_by_field(escaped: bytes) -> None:
    body = msgspec.json.encode(GOOD).replace(b'"call-0001"', b'"' + escaped + b'"')
    assert [(e.field, e.code) for e in refused(body).field_errors] == [("/external_id", "control_characters")]


def test_a_lone_surrogate_is_refused_by_field_where_any_text_may_stand() -> None:
    project_id = GOOD["project_id"].encode()
    body = msgspec.json.encode(GOOD).replace(project_id, b"\\ud800")
    assert [(e.field, e.code) for e in refused(body).field_errors] == [("/project_id", "control_characters")]


def test_an_empty_patch_changes_nothing_and_is_refused() -> None:
    assert [error.code for error in refused({}, CallPatch).field_errors] == ["required"]


def test_a_patch_that_ends_a_call_says_why() -> None:
    fault = refused({"ended_at": "2026-11-22T15:09:12+11:00"}, CallPatch)
    assert [(error.field, error.code) for error in fault.field_errors] == [("/end_reason", "required")]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = sorted({field for shape in (NewCall, CallPatch) for field in shape.__struct_fields__})


@settings(max_examples=300, deadline=None)
@given(
    shape=st.sampled_from([NewCall, CallPatch, NewSession, StoreTokens]),
    changes=st.dictionaries(st.sampled_from(NAMES), PLAIN, max_size=4),
)
def test_whatever_is_sent_is_taken_or_refused_with_known_fields(shape: type, changes: dict[str, Any]) -> None:
    base = GOOD if shape is NewCall else {}
    fault = refusal(msgspec.json.encode({**base, **changes}), shape)
    if fault is None:
        return
    assert fault.row is errors.VALIDATION_FAILED
    assert fault.field_errors
    assert all(error.code in field_codes() for error in fault.field_errors)
    assert all(error.field.startswith("/") for error in fault.field_errors)
    assert msgspec.json.encode(render(Envelope.PROTECTED, fault, "request-0001"))


def refusal(body: bytes, shape: type) -> Fault | None:
    try:
        check(body, shape, (new_call_rules,) if shape is NewCall else ())
    except Fault as fault:
        return fault
    return None


@settings(max_examples=200)
@given(PLAIN)
def test_plain_json_reads_what_was_written(value: object) -> None:
    assert plain_json(msgspec.json.encode(value)) == value


@pytest.mark.parametrize(
    ("text", "offset_s"),
    [
        ("2026-11-22T15:05:00Z", 0),
        ("2026-11-22T15:05:00+11:00", 39_600),
        ("2026-11-22T15:05:00.123-03:30", -12_600),
    ],
)
def test_a_time_with_an_offset_keeps_it(text: str, offset_s: int) -> None:
    time = parse_time(text)
    assert time is not None
    offset = time.utcoffset()
    assert offset is not None
    assert offset.total_seconds() == offset_s


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "",
        "now",
        "2026-11-22",
        "2026-11-22T15:05:00",
        "2026-13-01T00:00:00Z",
        "2026-11-22T15:05:00+1100",
        "2026-11-22T15:05:00+11",
        "20261122T150500Z",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-10:00",
    ],
)
def test_what_is_no_time(value: object) -> None:
    assert parse_time(value) is None


@pytest.mark.parametrize(
    "text", ["20261122", "2026-W47-7", "2026W477", "2026-02-30", "1969-12-31", "٢026-11-22"]
)
def test_what_is_no_day(text: str) -> None:
    assert parse_day(text) is None


def test_a_day_is_a_day() -> None:
    assert parse_day("2026-11-22") == date(2026, 11, 22)
