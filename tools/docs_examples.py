"""Example values of wire shapes: what the reference shows, and a test delivers to the real checks.

The one thing a newcomer would get wrong: a text is chosen by the field's name. A new field that must have a
certain form needs a word here, or the test of the examples fails.
"""

from __future__ import annotations

from typing import Any

from msgspec import inspect as mi

UUID = "0193a5c0-0000-7000-8000-000000000001"
TIMES = {
    "started_at": "2026-11-22T15:05:00+11:00",
    "answered_at": "2026-11-22T15:05:06+11:00",
    "ended_at": "2026-11-22T15:09:12+11:00",
    "obtained_at": "2026-11-22T15:05:10+11:00",
    "at": "2026-11-26T09:30:00+11:00",
    "due_at": "2026-11-23T12:00:00+11:00",
}
WORDS = {
    "project_id": UUID,
    "external_id": "call-0001",
    "channel": "voice",
    "direction": "inbound",
    "status": "completed",
    "end_reason": "caller_hangup",
    "from_number": "+61412345678",
    "to_number": "+61280000001",
    "speaker": "caller",
    "text": "Hello, I would like to book a check-up.",
    "currency": "AUD",
    "name": "Reception",
    "id": "reception",
    "outcome": "appointment_booked",
    "resolution": "resolved",
    "call_type": "booking",
    "summary": "Booked a check-up for Thursday morning.",
    "caller": "positive",
    "agent": "neutral",
    "state": "obtained",
    "method": "verbal",
    "reference": "A-1042",
    "destination": "Front desk",
    "result": "answered",
    "device_label": "Firefox on Linux",
    "id_token": "eyJhbGciOi...",
    "notes": "Prefers mornings.",
    "note": "Ring back about the invoice.",
    "reason": "Asked for a manager.",
    "sms_status": "delivered",
    "email_status": "not_requested",
    "timezone": "Australia/Sydney",
    "regional_format": "en-AU",
    "billing_contact": "accounts@harbour-dental.example",
    "security_contact": "it@harbour-dental.example",
    "display_name": "Harbour Dental",
    "cidr": "203.0.113.0/24",
    "label": "The practice",
    "artefact": "transcript",
    "reason_code": "customer_complaint",
    "kind": "tenant",
    "justification": "The caller says that the number we wrote down is wrong.",
    "first_day": "2026-03-01",
    "last_day": "2026-03-31",
    "number": "+61280000001",
    "open": "09:00",
    "close": "17:00",
    "date": "2026-12-24",
    "template_revision": "recorded.1",
    "call_id": UUID,
    "recipients": "accounts@harbour-dental.example",
    "from": "2026-03-01",
    "to": "2026-03-31",
    "decision": "begin",
    "mobile": "+61412345678",
    "return_url": "https://portal.example/billing/payment-methods",
}
FLAGS = {"enabled": False}
"""Nothing is on in an example: it would need somebody to be on for."""
NUMBERS = {"amount_minor": 42, "start_ms": 0, "end_ms": 4_200, "expected_version": 1}


def example(shape: type, *, everything: bool = False) -> Any:
    """An example body of a struct: its required members, or all that have a plain form."""
    info = mi.type_info(shape)
    return _value(info, "", everything=everything)


def _value(info: mi.Type, name: str, *, everything: bool) -> Any:
    if isinstance(info, mi.Metadata):
        info = info.type
    if isinstance(info, mi.UnionType):
        info = next(one for one in info.types if not isinstance(one, mi.NoneType))
        return _value(info, name, everything=everything)
    if isinstance(info, mi.StructType):
        return {
            field.encode_name: _value(field.type, field.encode_name, everything=everything)
            for field in info.fields
            if field.required or everything
        }
    if isinstance(info, mi.ListType):
        return [_value(info.item_type, name, everything=everything)]
    return _leaf(info, name)


def _leaf(info: mi.Type, name: str) -> Any:
    if isinstance(info, mi.DateTimeType):
        return TIMES.get(name, TIMES["started_at"])
    if isinstance(info, mi.LiteralType):
        return WORDS[name] if WORDS.get(name) in info.values else min(map(str, info.values))
    if isinstance(info, mi.IntType | mi.FloatType):
        return NUMBERS.get(name, info.ge or 0)
    if isinstance(info, mi.BoolType):
        return FLAGS.get(name, True)
    if isinstance(info, mi.DictType):
        return {}
    return WORDS.get(name, "text")
