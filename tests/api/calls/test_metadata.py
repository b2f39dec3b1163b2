"""Metadata as agents send it: forms, slots, pairs and parts. What a value is may stand anywhere beside it."""

from __future__ import annotations

from typing import Any

import pytest

from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.api.calls.test_privacy import everything_of
from tests.support.api import World
from tests.support.world_calls import new_call

CARD = "4111111111111111"
CODE, BORN, HOME, PHONE = "[CVV]", "[DATE_OF_BIRTH]", "[ADDRESS]", "[PHONE]"


async def kept(clinic: Business, metadata: dict[str, Any]) -> Any:
    answer = await clinic.deliver(new_call(clinic.lines[0], new_id(), metadata=metadata))
    assert answer.status == 201, answer
    return answer.json["metadata"]


async def test_slots_that_are_named_beside_their_values_are_stored_redacted(
    world: World, clinic: Business
) -> None:
    metadata = {
        "slots": [
            {"name": "cvv", "value": "314"},
            {"name": "phone", "value": "98765432"},
            {"name": "licence", "value": "12345678"},
        ],
        "card_number": CARD,
        "code": "314",
    }
    answer = await clinic.deliver(new_call(clinic.lines[0], new_id(), metadata=metadata))
    assert answer.json["metadata"] == {
        "slots": [
            {"name": "cvv", "value": CODE},
            {"name": "phone", "value": PHONE},
            {"name": "licence", "value": "[LICENCE]"},
        ],
        "card_number": "[CARD]",
        "code": CODE,
    }
    stored = await everything_of(world, answer.json["call_id"])
    assert not any(secret in stored for secret in ('"314"', "98765432", "12345678", CARD))


CODES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "in words": ({"key": "cvc", "value": "three one four"}, {"key": "cvc", "value": CODE}),
    "before its name": ({"value": "314", "name": "cvv"}, {"value": CODE, "name": "cvv"}),
    "of another member": ({"x": "cvv", "heard": 314}, {"x": "cvv", "heard": CODE}),
    "a pair": ({"p": [["cvv", "314"]]}, {"p": [["cvv", CODE]]}),
    "two lists": ({"k": ["cvv", "expiry"], "v": ["314"]}, {"k": ["cvv", "expiry"], "v": [CODE]}),
    "in one word": ({"cardcvv": "314", "CVVCode": 2}, {"cardcvv": CODE, "CVVCode": CODE}),
    "a float": ({"cvv": 314.0}, {"cvv": CODE}),
    "digit by digit": ({"cvv": {"first": 3, "second": "one"}}, {"cvv": {"first": CODE, "second": CODE}}),
    "key by key": (
        {"dtmf": ["3", "1", "4"], "prompt": "Enter CVV"},
        {"dtmf": [CODE, CODE, CODE], "prompt": "Enter CVV"},
    ),
    "deeper": (
        {"parameter": {"name": "cvv"}, "slots": {"cvv": {"raw": "314"}}},
        {"parameter": {"name": "cvv"}, "slots": {"cvv": {"raw": CODE}}},
    ),
    "an answer": (
        {"question": "The 3 digits on the back of your card?", "answer": "314"},
        {"question": "The 3 digits on the back of your card?", "answer": CODE},
    ),
    "a conversation": (
        {"turns": [{"by": "agent", "text": "What is the CVV?"}, {"by": "caller", "text": "314"}]},
        {"turns": [{"by": "agent", "text": "What is the CVV?"}, {"by": "caller", "text": CODE}]},
    ),
    "beside a card": (
        {"card": CARD, "security": "314", "pin": 1234, "post_code": 2000, "amount": 420, "guests": "120"},
        {"card": "[CARD]", "security": CODE, "pin": CODE, "post_code": 2000, "amount": 420, "guests": "120"},
    ),
    "behind a card": ({"card": [CARD, "12/28", "314"]}, {"card": ["[CARD]", "12/28", CODE]}),
    "a slot beside a card's": (
        {"f": [["card", CARD], ["security", "314"], ["amount", "420"]]},
        {"f": [["card", "[CARD]"], ["security", CODE], ["amount", "420"]]},
    ),
    "in a sentence": (
        {"said": f"card {CARD}", "extra": "exp 12/28 code 314"},
        {"said": "card [CARD]", "extra": f"exp 12/28 code {CODE}"},
    ),
    "as a name": ({"314": "cvv"}, {CODE: "cvv"}),
}


@pytest.mark.parametrize("way", CODES)
async def test_a_card_code_is_kept_in_no_form_of_metadata(clinic: Business, way: str) -> None:
    sent, shown = CODES[way]
    assert await kept(clinic, sent) == shown


DETAILS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a slot": (
        {"slots": [{"name": "date_of_birth", "value": "14/03/1982"}]},
        {"slots": [{"name": "date_of_birth", "value": BORN}]},
    ),
    "a number": ({"dob": 19820314}, {"dob": BORN}),
    "seconds since 1970": ({"date_of_birth": 385689600}, {"date_of_birth": BORN}),
    "its parts": (
        {"date_of_birth": {"day": 14, "month": 3, "year": 1982}},
        {"date_of_birth": {"day": BORN, "month": BORN, "year": BORN}},
    ),
    "parts in slots": (
        {"slots": [{"name": "birth_year", "value": 1982}, {"name": "birth_month", "value": "March"},
                   {"name": "birth_day", "value": 14}]},
        {"slots": [{"name": "birth_year", "value": BORN}, {"name": "birth_month", "value": BORN},
                   {"name": "birth_day", "value": BORN}]},
    ),
    "an address": (
        {"address": {"number": 12, "street": "Smith Street"}},
        {"address": {"number": HOME, "street": HOME}},
    ),
    "an address in many parts": (
        {"address": {"type": "x", "suburb": "Perth", "street": {"name": "Hay", "type": "St", "number": 1}}},
        {"address": {"type": "x", "suburb": HOME, "street": {"name": HOME, "type": HOME, "number": HOME}}},
    ),
    "a list of parts": (
        {"address": [12, "Smith Street"], "dob": [14, 3, 1982]},
        {"address": [HOME, HOME], "dob": [BORN, BORN, BORN]},
    ),
    "a phone": (
        {"phone": {"prefix": "0412", "number": "345678"}, "mobile": ["0412", "345", "678"]},
        {"phone": {"prefix": PHONE, "number": PHONE}, "mobile": [PHONE, PHONE, PHONE]},
    ),
    "a phone as a float": ({"phone": 61412987654.0}, {"phone": PHONE}),
    "an id": ({"type": "passport", "id": "1234567"}, {"type": "passport", "id": "[PASSPORT]"}),
    "a phone where a time should be": ({"time": 61412345678}, {"time": PHONE}),
    "a phone as a name": ({"412345678": "mobile"}, {PHONE: "mobile"}),
}  # fmt: skip


@pytest.mark.parametrize("way", DETAILS)
async def test_a_detail_is_covered_in_whatever_form_it_comes(clinic: Business, way: str) -> None:
    sent, shown = DETAILS[way]
    assert await kept(clinic, sent) == shown


ORDINARY: tuple[dict[str, Any], ...] = (
    {"campaign": {"name": "Birthday", "id": 12345678}},
    {"event": {"type": "birthday", "created": 1795371720}},
    {"device": {"type": "mobile", "session": 12345678}},
    {"type": "phone", "id": 98765432},
    {"category": "tax file number", "agent_id": 123456789},
    {"slot": "security_code", "step": 3},
    {"payment": {"card": {"brand": "visa", "last4": "4242"}, "result": {"code": 200}}},
    {"error": {"type": "card_error", "code": 402}},
    {"gift_card": {"value": 50}, "http": {"code": 200}},
    {"loyalty_card_tier": 3, "code": "2000"},
    {"start": 2440, "end": 3081},
    {"words": [{"word": "hi", "start": 563.489, "end": 569.699}]},
    {"levels": ["ok", 855707, 1401], "place": ["x", -31.44942, 149.72909]},
    {"timestamp": 1800000001, "at": 1809999999, "ended": {"timestamp": 1745207763920}},
    {"cost": 0.0412345678},
)


@pytest.mark.parametrize("metadata", ORDINARY, ids=str)
async def test_what_platforms_send_stays(clinic: Business, metadata: dict[str, Any]) -> None:
    assert await kept(clinic, metadata) == metadata


BESIDE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"birth_date": "1982-03-14", "appointment_date": "2026-05-20"}, "birth_date"),
    ({"card_number": "4111111111111111", "room_number": "304"}, "card_number"),
    ({"order_number": "98765432", "phone_number": "0412345678"}, "phone_number"),
    ({"ticket_number": "12345678", "licence_number": "87654321"}, "licence_number"),
    ({"booking_number": "1234567", "passport_number": "N1234567"}, "passport_number"),
)


@pytest.mark.parametrize(("metadata", "private"), BESIDE, ids=str)
async def test_only_the_detail_is_covered_and_not_what_is_called_alike(
    clinic: Business, metadata: dict[str, Any], private: str
) -> None:
    shown = await kept(clinic, metadata)
    assert {name for name in metadata if shown[name] != metadata[name]} == {private}


async def test_what_metadata_is_for_stays(clinic: Business) -> None:
    metadata = {
        "campaign": {"name": "Spring sale", "id": 12345678, "weight": 0.5},
        "tags": ["vip", "2024", "returning"],
        "durations_ms": [120, 95, 340, 412, 345, 678],
        "order_number": 412345678,
        "experiment": {"name": "greeting B", "variant": 2},
        "slots": [
            {"name": "guests", "value": "120", "confidence": 0.97},
            {"name": "order_number", "value": "412345678"},
            {"slot": "time", "value": "14:30"},
            {"question": "How many guests?", "answer": "120"},
        ],
        "result": {"code": 200, "type": "ok", "date": {"day": 14, "month": 3, "year": 2026}},
        "pairs": [["room", "304"], ["year", 1982]],
        "card_type": "visa",
        "discount": {"code": "1234", "expiry": "2027-01-01"},
        "security_code_attempts": 3,
        "at": 1795371720,
        "score": 1.0,
        "ok": True,
        "none": None,
    }
    assert await kept(clinic, metadata) == metadata
