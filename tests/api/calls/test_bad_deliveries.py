"""Deliveries that are wrong: every wrong field named at once, no value repeated, nothing stored."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest

from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.api.calls.test_delivery import whole_call
from tests.support.api import World
from tests.support.world_calls import new_call

MANY = 60


async def stored(world: World, clinic: Business) -> int:
    (row,) = await world.sql("SELECT count(*) FROM calls WHERE client_id = $1", clinic.client_id)
    count: int = row[0]
    return count


@pytest.fixture
async def nothing_stored(world: World, clinic: Business) -> AsyncIterator[None]:
    before = await stored(world, clinic)
    yield
    assert await stored(world, clinic) == before


def _nested(depth: int) -> bytes:
    return b'{"metadata":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b'{"a":1,}',
        b'{"a":1} {"b":2}',
        b'{"external_id":"a","external_id":"b"}',
        b'{"agent":{"id":"a","id":"b"}}',
        b'{"cost":NaN}',
        b'{"cost":Infinity}',
        b'{"cost":-Infinity}',
        b'{"cost":1e999}',
        b'{"cost":' + b"9" * 5_000 + b"}",
        b'{"summary":"\xff"}',
        b'{"summary":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'{"summary":"\x00"}',
        b"[" * 100_000,
        _nested(100_000),
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_what_is_not_json_is_said_so(clinic: Business, body: bytes) -> None:
    answer = await clinic.key.post("/v1/calls", body)
    assert (answer.status, answer.code) == (400, "malformed_json")
    assert "field_errors" not in answer.json


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("body", [[], [{}], "text", 1, None, True], ids=repr)
async def test_json_that_is_no_object_is_the_wrong_type(clinic: Business, body: Any) -> None:
    answer = await clinic.key.post("/v1/calls", json.dumps(body).encode())
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [(one["field"], one["code"]) for one in answer.json["field_errors"]] == [("", "wrong_type")]


WRONG: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"channel": "fax"}, {"/channel": "not_allowed"}),
    ({"direction": None}, {"/direction": "wrong_type"}),
    ({"status": 3}, {"/status": "wrong_type"}),
    ({"status": "Completed"}, {"/status": "not_allowed"}),
    ({"from_number": "0412 345 678"}, {"/from_number": "format"}),
    ({"from_number": "+999999999999999"}, {"/from_number": "not_a_number"}),
    ({"from_number": "+0412345678"}, {"/from_number": "format"}),
    ({"to_number": 61291234567}, {"/to_number": "wrong_type"}),
    ({"to_number": "+61291234567\n"}, {"/to_number": "format"}),
    ({"to_number": "+٦١٢٩١٢٣٤٥٦٧"}, {"/to_number": "format"}),
    ({"to_number": "+610412345678"}, {"/to_number": "not_a_number"}),
    ({"started_at": "2026-03-03T09:00:00"}, {"/started_at": "naive_time"}),
    ({"started_at": "yesterday"}, {"/started_at": "format"}),
    ({"started_at": "2026-03-03T09:00:00+1100"}, {"/started_at": "format"}),
    ({"started_at": "2026-02-30T09:00:00Z"}, {"/started_at": "format"}),
    ({"started_at": 1_767_225_600}, {"/started_at": "wrong_type"}),
    ({"started_at": "0001-01-01T00:00:00+10:00"}, {"/started_at": "format"}),
    ({"ended_at": "9999-12-31T23:59:59-10:00"}, {"/ended_at": "format"}),
    ({"ended_at": "2026-03-03T08:00:00Z"}, {"/ended_at": "order"}),
    ({"answered_at": "2026-03-03T08:00:00Z"}, {"/answered_at": "order"}),
    ({"ended_at": None}, {"/ended_at": "required"}),
    ({"end_reason": None}, {"/end_reason": "required"}),
    ({"status": "live"}, {"/ended_at": "conflict", "/end_reason": "conflict"}),
    ({"external_id": ""}, {"/external_id": "too_short"}),
    ({"external_id": "x" * 201}, {"/external_id": "too_long"}),
    ({"external_id": "a\u0000b"}, {"/external_id": "control_characters"}),
    ({"summary": "x" * 2_001}, {"/summary": "too_long"}),
    ({"outcome": "x" * 81}, {"/outcome": "too_long"}),
    ({"agent": {"id": "a"}}, {"/agent/name": "required"}),
    ({"agent": {"id": "a", "name": "b", "model": "c"}}, {"/agent/model": "unknown"}),
    ({"sentiment": {"caller": "furious"}}, {"/sentiment/caller": "not_allowed"}),
    ({"cost": {"amount_minor": 1.5, "currency": "AUD"}}, {"/cost/amount_minor": "wrong_type"}),
    ({"cost": {"amount_minor": 1, "currency": "aud"}}, {"/cost/currency": "format"}),
    ({"cost": {"amount_minor": 1, "currency": "ZZZ"}}, {"/cost/currency": "not_allowed"}),
    ({"cost": {"amount_minor": -1, "currency": "AUD"}}, {"/cost/amount_minor": "too_small"}),
    ({"cost": {"amount_minor": 10**30, "currency": "AUD"}}, {"/cost/amount_minor": "too_large"}),
    ({"attention": {"flag": "yes"}}, {"/attention/flag": "wrong_type"}),
    ({"consent": {"state": "obtained", "method": "wink"}}, {"/consent/method": "not_allowed"}),
    ({"booking": {"at": "2026-03-03"}}, {"/booking/at": "format"}),
    ({"turns": {}}, {"/turns": "wrong_type"}),
    ({"turns": [{"speaker": "caller", "text": ""}]}, {"/turns/0/text": "too_short"}),
    ({"turns": [{"speaker": "bot", "text": "hi"}]}, {"/turns/0/speaker": "not_allowed"}),
    ({"turns": [{"speaker": "caller", "text": "\ud800"}]}, {"/turns/0/text": "control_characters"}),
    ({"turns": [{"speaker": "caller", "text": "a\u0000"}]}, {"/turns/0/text": "control_characters"}),
    (
        {"turns": [{"speaker": "agent", "text": "x", "start_ms": 5, "end_ms": 0}]},
        {"/turns/0/end_ms": "order"},
    ),
    ({"turns": [{"speaker": "caller", "text": "hi", "start_ms": -1}]}, {"/turns/0/start_ms": "too_small"}),
    ({"turns": [{"speaker": "caller", "text": "hi", "start_ms": True}]}, {"/turns/0/start_ms": "wrong_type"}),
    ({"turns": [{"speaker": "caller", "text": "x" * 20_001}]}, {"/turns/0/text": "too_long"}),
    ({"turns": [{"speaker": "caller", "text": "x"}] * 5_001}, {"/turns": "too_long"}),
    ({"metadata": []}, {"/metadata": "wrong_type"}),
    ({"metadata": {"a": "x" * 8_200}}, {"/metadata": "too_large"}),
    ({"metadata": {"a": "é" * 4_100}}, {"/metadata": "too_large"}),
    ({"metadata": {"a": ["\ud800"]}}, {"/metadata": "control_characters"}),
    ({"metadata": {"a\u0000": 1}}, {"/metadata": "control_characters"}),
    ({"colour": "blue", "flavour": 1}, {"/colour": "unknown", "/flavour": "unknown"}),
    ({"a/b~c": 1}, {"/a~1b~0c": "unknown"}),
]  # fmt: skip


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("change", "errors"), WRONG, ids=[json.dumps(change)[:50] for change, _ in WRONG])
async def test_every_wrong_field_is_named_and_no_value_is_repeated(
    clinic: Business, change: dict[str, Any], errors: dict[str, str]
) -> None:
    answer = await clinic.key.post(
        "/v1/calls", json.dumps({**whole_call(clinic.lines[0]), **change}).encode()
    )
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == errors
    for one in answer.json["field_errors"]:
        assert set(one) == {"field", "code", "message", "message_key"}
        assert one["message"]
        assert one["message_key"] == f"fields.{one['code']}"


@pytest.mark.usefixtures("nothing_stored")
async def test_everything_wrong_is_named_at_once(clinic: Business) -> None:
    secret = "SECRET-7193"
    body = {
        "project_id": 5,
        "external_id": "",
        "channel": secret,
        "direction": "sideways",
        "status": "completed",
        "started_at": "2026-03-03T09:00:00Z",
        "ended_at": "2026-03-03T08:00:00Z",
        "end_reason": None,
        "from_number": secret,
        "to_number": "+1",
        "agent": secret,
        "turns": [{"speaker": secret, "text": "", "start_ms": 9, "end_ms": 1}, secret],
        "metadata": {"x": "y" * 9_000},
        "extra": secret,
    }
    answer = await clinic.key.post("/v1/calls", body)
    assert {one["field"] for one in answer.json["field_errors"]} == {
        "/project_id", "/external_id", "/channel", "/direction", "/ended_at", "/end_reason", "/from_number",
        "/to_number", "/agent", "/turns/0/speaker", "/turns/0/text", "/turns/0/end_ms", "/turns/1",
        "/metadata", "/extra",
    }  # fmt: skip
    assert secret.encode() not in answer.body


@pytest.mark.usefixtures("nothing_stored")
async def test_no_more_than_fifty_are_named(clinic: Business) -> None:
    turns = [{"speaker": "nobody", "text": ""} for _ in range(MANY)]
    answer = await clinic.key.post("/v1/calls", new_call(clinic.lines[0], new_id(), turns=turns))
    assert len(answer.json["field_errors"]) == 50


async def test_a_body_may_have_ten_mebibytes_and_not_a_byte_more(world: World, clinic: Business) -> None:
    limit = 10 * 1024 * 1024
    call = json.dumps(new_call(clinic.lines[0], new_id())).encode()
    before = await stored(world, clinic)
    fits, too_large = call.ljust(limit), call.ljust(limit + 1)
    headers = {**clinic.key.headers, "content-type": "application/json"}
    async with world.api.http.post("/v1/calls", data=BytesIO(too_large), headers=headers) as declared:
        body = await declared.json()
        assert (declared.status, body["code"]) == (413, "body_too_large")
        assert body["details"] == {"limit_bytes": limit}

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(too_large), 1 << 20):
            yield too_large[start : start + (1 << 20)]

    async with world.api.http.post("/v1/calls", data=chunks(), headers=headers) as counted:
        assert (counted.status, (await counted.json())["code"]) == (413, "body_too_large")
    assert await stored(world, clinic) == before
    async with world.api.http.post("/v1/calls", data=BytesIO(fits), headers=headers) as taken:
        assert taken.status == 201


async def test_the_limits_themselves_are_allowed(clinic: Business) -> None:
    metadata = {"a": "x" * (8 * 1024 - len('{"a":""}'))}
    turns = [{"speaker": "caller", "text": "y " * 10_000}, *([{"speaker": "agent", "text": "x"}] * 4_999)]
    call = new_call(clinic.lines[0], "e" * 200, turns=turns, metadata=metadata, outcome="o" * 80)
    answer = await clinic.deliver({**call, "summary": "s " * 1_000})
    assert answer.json["message_count"] == 5_000


@pytest.mark.parametrize(
    "metadata",
    [
        {"n": 2**63 - 1},
        {"n": 2**64},
        {"n": -(10**30)},
        {"n": 10**300},
        {"n": 1e308, "m": 5e-324, "z": -0.0},
        {"a": {"b": {"c": [[[[{}]]]]}}},
        {"": ""},
        json.loads('{"a":' * 31 + "[]" + "}" * 31),
        {"0412 345 678": 1, "0412 345 679": 2},
        {"emoji": "\U0001f600", "tab": "a\tb\nc"},
    ],
    ids=lambda metadata: json.dumps(metadata)[:40],
)
async def test_any_small_object_of_json_may_be_metadata(clinic: Business, metadata: dict[str, Any]) -> None:
    call = new_call(clinic.lines[0], new_id(), metadata=metadata)
    answer = await clinic.key.post("/v1/calls", json.dumps(call).encode())
    assert answer.status == 201, answer
    again = await clinic.key.post("/v1/calls", json.dumps(call).encode())
    assert (again.status, again.json) == (200, answer.json)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("depth", [33, 300, 500, 900, 1_200])
async def test_metadata_nested_too_deep_is_refused_however_small(clinic: Business, depth: int) -> None:
    text = json.dumps(new_call(clinic.lines[0], new_id(), metadata="HERE"))
    nested = '{"a":' * depth + "1" + "}" * depth
    answer = await clinic.key.post("/v1/calls", text.replace('"HERE"', nested).encode())
    assert answer.status in {400, 422}, answer
    assert answer.code in {"malformed_json", "validation_failed"}


@pytest.mark.usefixtures("nothing_stored")
async def test_a_call_cannot_last_for_decades(clinic: Business) -> None:
    call = whole_call(clinic.lines[0], started_at="1971-01-01T00:00:00Z", answered_at=None)
    answer = await clinic.key.post("/v1/calls", {**call, "ended_at": "2199-12-31T00:00:00Z"})
    assert [one["field"] for one in answer.json["field_errors"]] == ["/ended_at"]
