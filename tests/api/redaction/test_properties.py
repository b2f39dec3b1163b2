"""What holds for any text at all."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aidial_api.kernel.redaction import (
    RedactionFailed,
    engine,
    raw_for_vault,
    redact,
    redact_many_async,
    redact_turns,
)
from aidial_api.kernel.redaction.emails import emails
from aidial_api.kernel.redaction.marks import Find

from . import saying  # noqa: F401 - brings tests without deadlines

anything = st.text(st.characters(codec=None), max_size=60)
fragments = st.lists(
    st.sampled_from(
        [
            "0412",
            "345",
            "678",
            "4111",
            "1111",
            "2123",
            "45670",
            "1",
            "oh",
            "double",
            "three",
            "hundred",
            "and",
            "at",
            "dot",
            "com",
            "gmail",
            "@",
            "a@b.co",
            "born",
            "13",
            "March",
            "1985",
            "cvv",
            "123",
            "Smith",
            "Street",
            "unit",
            "phone",
            "passport",
            "N",
            "licence",
            "card",
            "medicare",
            "order",
            "number",
            "61",
            "+",
            "(",
            ")",
            "/",
            ",",
            ".",
            "?",
            "[PHONE]",
            "[CVV]",
            "tfn",
            "PO",
            "box",
            "12",
            "sorry",
            "yep",
            "birthday",
            "14/3",
            "AB",
            "bravo",
            "Esplanade",
            "for",
        ]
    ),
    max_size=24,
).map(" ".join)
HOSTILE = [
    "1",
    "1 ",
    "one ",
    "0412 34 ",
    "a@",
    "a at b dot ",
    "a.b",
    "12 smith ",
    "phone 1234567 ",
    "born 1 ",
    "cvv 123 ",
    "code 123 ",
    "card 123 code 1234 ",
    "hundred and for to ",
    "home is 12345678 ",
    "1 sorry ",
    "s for sierra at gmail dot com ",
    "12 Smith Street, Abc Def, ",
    "12 Fern Tree Glade Gully ",
    "order number 0412345678 ",
    "licence AB 1234 ",
    "birthday is 14/3 ",
    "0412 345 67, sorry, 678 ",
    "(0",
    "-",
    "\u200b1",
    "019b8b99-e03e-79ad-aaec-661ed185f03e ",
]


@given(anything | fragments)
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once.text) == once


@given(anything | fragments)
def test_spans_point_at_their_marks(text: str) -> None:
    redacted = redact(text)
    for span in redacted.spans:
        assert redacted.text[span.start : span.end] == f"[{span.kind}]"


@given(
    st.uuids(), st.sampled_from(["Call {} was cut off", "phone {}", "{}", "id={},", "card {}?", "CVV {} 12"])
)
def test_an_id_is_left_whole_and_a_number_beside_it_is_not(one: UUID, around: str) -> None:
    assume(not str(one).replace("-", "").isdecimal())
    for said in (around.format(one), around.format(str(one).upper())):
        assert redact(said).text == said
        assert redact(f"{said} ring 0412 345 678").text == f"{said} ring [PHONE]"


@given(st.lists(anything | fragments, max_size=5))
def test_a_conversation_keeps_its_turns_and_its_answer(turns: list[str]) -> None:
    call = redact_turns(turns)
    assert len(call.turns) == len(call.vault) == len(turns)
    assert call == redact_turns(turns)
    again = [turn.text for turn in call.turns]
    assert [turn.text for turn in redact_turns(again).turns] == again


@given(anything | fragments)
def test_the_vault_never_keeps_a_code_the_transcript_covers(text: str) -> None:
    codes = redact(text).text.count("[CVV]")
    assert raw_for_vault(text).count("[CVV]") == codes


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800", "\U0010ffff", "\n\n", "0412\ud800345\x00678", "İ 0412 345 678 ß"]
)
def test_odd_characters_never_raise(text: str) -> None:
    redact(text)
    raw_for_vault(text)


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_length_and_no_faster(unit: str) -> None:
    def cpu_seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        began = time.process_time()
        redact(text)
        return time.process_time() - began

    # The least of several: a busy machine or a collection of the whole suite's garbage only adds.
    gc.disable()
    try:
        short = min(cpu_seconds(6_000) for _ in range(3))
        long = min(cpu_seconds(48_000) for _ in range(3))
    finally:
        gc.enable()
    assert long < max(short, 0.005) * 8 * 4


def test_a_call_past_the_cap_fails_instead_of_showing_anything() -> None:
    with pytest.raises(RedactionFailed):
        redact_turns(["1 " * 200_000], cap_seconds=0.05)


def test_a_machine_that_stands_still_costs_a_call_none_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_late(text: str) -> Iterator[Find]:
        time.sleep(0.3)
        return emails(text)

    monkeypatch.setattr(engine, "emails", look_late)
    (shown,) = redact_turns(["Call me on 0412 345 678."], cap_seconds=0.2).turns
    assert shown.text == "Call me on [PHONE]."


async def test_a_long_call_is_redacted_in_another_process() -> None:
    with ProcessPoolExecutor(1) as pool:
        call = await redact_many_async(["My number is", "0412 345 678"] * 400, pool)
    assert {turn.text for turn in call.turns} == {"My number is", "[PHONE]"}
