"""What somebody with the whole database before them can read of a call, and what no key opens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aidial_api.kernel.crypto import MasterKey, TenantKey
from aidial_api.kernel.redaction import engine
from aidial_api.settings import read_settings
from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.support.api import World
from tests.support.world_calls import new_call

FROM, TO = "+61291237890", "+61280004567"
PHONE, SPOKEN, EMAIL = (
    "0412 987 654",
    "oh four one two nine eight seven six five four",
    "jo.bloggs@mail.example",
)
CARD, CVV, MEDICARE = "4111 1111 1111 1111", "739", "2123 45670 1"
SECRETS = (PHONE, SPOKEN, EMAIL, CARD, MEDICARE)
READABLE = {"PHONE", "EMAIL", "CARD", "MEDICARE", "CVV"}


def told_call(project_id: str) -> dict[str, Any]:
    """A call in which everything that must not be kept is said, in every member that holds text."""
    said = f"My number is {PHONE}, mail {EMAIL}, Medicare {MEDICARE}."
    return new_call(
        project_id,
        new_id(),
        from_number=FROM,
        to_number=TO,
        turns=[
            {"speaker": "caller", "text": said},
            {"speaker": "caller", "text": f"That is {SPOKEN}."},
            {"speaker": "agent", "text": "And your card, please?"},
            {"speaker": "caller", "text": f"The card number is {CARD}, the CVV is {CVV}."},
        ],
        summary=f"Call back on {PHONE}.",
        attention={"flag": True, "reason": f"Wrote to {EMAIL}"},
        booking={"at": "2026-05-05T09:00:00+10:00", "notes": f"Medicare {MEDICARE}", "reference": PHONE},
        transfer={"destination": f"Desk {PHONE}", "result": f"busy {EMAIL}"},
        follow_up={"note": f"Charge {CARD}"},
        metadata={f"caller {PHONE}": EMAIL, "deep": [{"x": [f"card {CARD}"]}]},
    )


@pytest.fixture(scope="module")
async def call_id(clinic: Business) -> str:
    delivered: str = (await clinic.deliver(told_call(clinic.lines[0]))).json["call_id"]
    return delivered


async def tenant_key(world: World, client_id: str) -> TenantKey:
    (row,) = await world.sql("SELECT wrapped_key FROM client_keys WHERE client_id = $1", client_id)
    master = MasterKey(read_settings(world.environ).master_key)
    return TenantKey(client_id, master.unwrap(client_id, row["wrapped_key"]))


async def everything_of(world: World, call_id: str) -> str:
    """Every column of every table, as text, of the rows that name the call."""
    tables = await world.sql(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    found = []
    for table in tables:
        rows = await world.sql(
            f"SELECT t::text AS line FROM {table['table_name']} t WHERE t::text LIKE '%' || $1 || '%'",
            call_id,
        )
        found += [row["line"] for row in rows]
    return "\n".join(found)


def spellings(secret: str) -> set[str]:
    plain = "".join(letter for letter in secret if letter.isalnum())
    found = (
        {secret, plain, plain.removeprefix("61"), plain.removeprefix("0")} if plain.isdigit() else {secret}
    )
    return found | {one.encode().hex() for one in found}


async def test_no_number_and_no_raw_word_can_be_read_in_the_database(world: World, call_id: str) -> None:
    stored = await everything_of(world, call_id)
    assert "calls.call.delivered" in stored
    assert "[PHONE]" in stored
    for secret in (FROM, TO, *SECRETS):
        for spelling in spellings(secret):
            assert spelling not in stored, secret
    assert f"CVV is {CVV}" not in stored


async def test_readers_get_marks_where_something_was(clinic: Business, call_id: str) -> None:
    call = (await clinic.admin.get(f"/v1/calls/{call_id}")).json
    transcript = (await clinic.admin.get(f"/v1/calls/{call_id}/transcript")).json
    text = json.dumps([call, transcript])
    for secret in SECRETS:
        assert secret not in text
    assert CVV not in transcript["turns"][3]["text"]
    assert call["summary"] == "Call back on [PHONE]."
    assert call["attention"]["reason"] == "Wrote to [EMAIL]"
    assert call["booking"]["notes"] == "Medicare [MEDICARE]"
    assert call["metadata"]["caller [PHONE]"] == "[EMAIL]"
    assert call["metadata"]["deep"] == [{"x": ["card [CARD]"]}]
    kinds = {mark["kind"] for turn in transcript["turns"] for mark in turn["redactions"]}
    assert kinds >= READABLE
    for turn in transcript["turns"]:
        for mark in turn["redactions"]:
            assert turn["text"][mark["start"] : mark["end"]] == f"[{mark['kind']}]"
    assert call["from_number"] == FROM


async def test_the_vault_opens_with_the_tenants_key_and_holds_no_card_code(
    world: World, clinic: Business, call_id: str
) -> None:
    key = await tenant_key(world, clinic.client_id)
    (row,) = await world.sql("SELECT raw FROM transcripts WHERE call_id = $1", call_id)
    turns = json.loads(key.decrypt(row["raw"], purpose="turns", record=call_id))
    raw = "\n".join(text for _, text in turns)
    assert PHONE in raw
    assert EMAIL in raw
    assert CARD in raw
    assert CVV not in raw
    (row,) = await world.sql("SELECT from_number FROM calls WHERE call_id = $1", call_id)
    assert key.decrypt(row["from_number"], purpose="from_number", record=call_id).decode() == FROM


async def test_what_was_redacted_is_counted_for_audit_by_kind_and_never_by_value(
    world: World, call_id: str
) -> None:
    (event,) = await world.events(call_id)
    technical = json.loads(event["technical"])
    assert set(technical["redactions"]) >= {"PHONE", "EMAIL", "CARD", "CVV", "MEDICARE"}
    assert all(isinstance(count, int) for count in technical["redactions"].values())


async def test_findings_reported_later_are_redacted_too(world: World, clinic: Business) -> None:
    path = (await clinic.deliver(new_call(clinic.lines[0], new_id()))).headers["location"]
    patch = {
        name: told_call("x")[name] for name in ("summary", "attention", "booking", "transfer", "follow_up")
    }
    answer = await clinic.key.patch(path, patch, if_match="*")
    assert answer.status == 200
    text = answer.body.decode() + await everything_of(world, path.rpartition("/")[2])
    for secret in SECRETS:
        assert secret not in text
    assert answer.json["summary"] == "Call back on [PHONE]."


SHOWN = {
    "alice": "+61291234567",
    "ben": "+61291234567",
    "priya": "+61291234567",
    "chloe": "+61 ... 567",
    "tom": "+61 ... 567",
    "harbour_read": "+61 ... 567",
    "harbour_manage": "+61 ... 567",
}


@pytest.mark.parametrize("name", SHOWN)
async def test_a_callers_number_is_shown_by_role(world: World, name: str) -> None:
    somebody = getattr(world, name)
    shown = SHOWN[name]
    call_id = world.calls["front-1"]
    one = (await somebody.get(f"/v1/calls/{call_id}")).json
    assert one["from_number"] == shown
    assert one["to_number"].startswith("+6128") == (" ... " not in shown)
    listed = (await somebody.get("/v1/calls?limit=100")).json["calls"]
    assert next(call for call in listed if call["call_id"] == call_id) == one
    if " ... " in shown:
        assert all(" ... " in call["from_number"] for call in listed if call["from_number"])


async def test_whoever_delivers_sees_masked_numbers_in_the_answer(clinic: Business) -> None:
    answer = await clinic.deliver(new_call(clinic.lines[0], new_id(), from_number="+14155550123"))
    assert (answer.json["from_number"], answer.json["to_number"]) == ("+1 ... 123", "+61 ... 234")


async def test_labels_and_bare_numbers_are_free_text_too(world: World, clinic: Business) -> None:
    """Neither a label nor a number sent as a number is a way round redaction."""
    call = new_call(
        clinic.lines[0],
        new_id(),
        agent={"id": "mia", "name": f"Mia {PHONE}"},
        outcome=f"ring {PHONE}",
        resolution=EMAIL,
        call_type=CARD,
        metadata={
            "phone": 61412987654,
            "card": [4111111111111111],
            "score": 0.95,
            "at": 1795371720,
            "ok": True,
        },
    )
    answer = await clinic.deliver(call)
    assert answer.status == 201, answer.json
    one = answer.json
    assert (one["outcome"], one["resolution"], one["call_type"]) == ("ring [PHONE]", "[EMAIL]", "[CARD]")
    assert one["agent"]["name"] == "Mia [PHONE]"
    assert one["metadata"] == {
        "phone": "[PHONE]", "card": ["[CARD]"], "score": 0.95, "at": 1795371720, "ok": True,
    }  # fmt: skip
    patch = {"outcome": f"ring {PHONE}", "resolution": EMAIL, "call_type": CARD}
    later = (await clinic.deliver(new_call(clinic.lines[0], new_id()))).headers["location"]
    changed = (await clinic.key.patch(later, patch, if_match="*")).json
    assert [changed[name] for name in patch] == ["ring [PHONE]", "[EMAIL]", "[CARD]"]
    assert (await clinic.key.patch(later, {"outcome": None}, if_match="*")).json["outcome"] == "unclassified"
    stored = await everything_of(world, one["call_id"])
    for secret in (PHONE, EMAIL, CARD, "61412987654", "4111111111111111"):
        assert secret not in stored


async def test_a_label_full_of_birth_dates_still_fits(clinic: Business) -> None:
    label = "born 1/2/84 " * 6
    answer = await clinic.deliver(new_call(clinic.lines[0], new_id(), outcome=label.strip()))
    assert answer.status == 201
    assert "1/2/84" not in answer.json["outcome"]
    assert len(answer.json["outcome"]) <= 80


async def test_the_names_of_metadata_say_what_its_values_are(clinic: Business) -> None:
    """A form filled in by an agent has the question in the name and the answer in the value."""
    metadata = {
        "card": {"cvv": "314", "last4": "4242", "verificationCode": 271, "code": "314", "type": "visa"},
        "cv2": "314",
        "CVVCode": 27,
        "cvc": ["3", "1", "4"],
        "dateOfBirth": "1986-02-14",
        "driver_licence": "88 120 447",
        "medicare_card_number": "2123 45671 1",
        "order_number": 412345678,
        "guests": 120,
        "security_code_attempts": 3,
        "cvvChecks": 1,
    }
    answer = await clinic.deliver(new_call(clinic.lines[0], new_id(), metadata=metadata))
    assert answer.json["metadata"] == {
        "card": {
            "cvv": "[CVV]",
            "last4": "4242",
            "verificationCode": "[CVV]",
            "code": "[CVV]",
            "type": "visa",
        },
        "cv2": "[CVV]",
        "CVVCode": "[CVV]",
        "cvc": ["[CVV]", "[CVV]", "[CVV]"],
        "dateOfBirth": "[DATE_OF_BIRTH]",
        "driver_licence": "[LICENCE]",
        "medicare_card_number": "[MEDICARE]",
        "order_number": 412345678,
        "guests": 120,
        "security_code_attempts": 3,
        "cvvChecks": 1,
    }


async def test_a_text_that_redaction_breaks_over_is_shown_to_nobody_and_loses_no_call(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise IndexError("said: the CVV is 739")

    monkeypatch.setattr(engine, "births", breaks)
    answer = await clinic.deliver(told_call(clinic.lines[0]))
    monkeypatch.undo()
    assert (answer.status, answer.json["transcript_state"]) == (201, "redaction_failed")
    transcript = (await clinic.key.get(f"/v1/calls/{answer.json['call_id']}/transcript")).json
    assert (transcript["state"], transcript["turns"]) == ("redaction_failed", [])
    stored = await everything_of(world, answer.json["call_id"])
    assert not any(secret in stored for secret in (*SECRETS, f"CVV is {CVV}"))
    (row,) = await world.sql("SELECT raw FROM transcripts WHERE call_id = $1", answer.json["call_id"])
    key = await tenant_key(world, clinic.client_id)
    assert key.decrypt(row["raw"], purpose="turns", record=answer.json["call_id"]) == b"[]"


async def test_a_number_of_metadata_that_redaction_breaks_over_is_not_shown_either(
    clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise IndexError

    monkeypatch.setattr(engine, "births", breaks)
    answer = await clinic.deliver(new_call(clinic.lines[0], new_id(), metadata={"said": 739739}))
    assert answer.status == 201
    assert b"739739" not in answer.body


async def test_where_a_message_went_is_not_told_by_its_status(clinic: Business) -> None:
    statuses: dict[str, Any] = {
        "sms_status": "sent to 0491 570 156",
        "email_status": "bounced: jo@example.com",
    }
    hidden = {"sms_status": "sent to [PHONE]", "email_status": "bounced: [EMAIL]"}
    answer = await clinic.deliver(new_call(clinic.lines[0], new_id(), **statuses))
    assert {name: answer.json[name] for name in statuses} == hidden
    path, revision = f"/v1/calls/{answer.json['call_id']}", answer.headers["etag"]
    changed = await clinic.key.patch(path, statuses, if_match=revision)
    assert {name: changed.json[name] for name in statuses} == hidden


async def test_names_of_metadata_that_are_hidden_alike_lose_nothing(clinic: Business) -> None:
    metadata = {"0491 570 156": "mum", "[PHONE] 2": "said so", "0491 570 157": "dad", "0491 570 158": "aunt"}
    answer = await clinic.deliver(new_call(clinic.lines[0], new_id(), metadata=metadata))
    hidden = {"[PHONE]": "mum", "[PHONE] 2": "said so", "[PHONE] 3": "dad", "[PHONE] 4": "aunt"}
    assert answer.json["metadata"] == hidden
