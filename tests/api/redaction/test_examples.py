"""What callers and agents say, and what is stored of it."""

from __future__ import annotations

import pytest

from aidial_api.kernel.redaction import Kind, counts, raw_for_vault, redact, redact_turns

from .examples import CONVERSATIONS, COVERED, KEPT


@pytest.mark.parametrize(("said", "stored"), COVERED)
def test_what_a_caller_says_about_themselves_is_covered(said: str, stored: str) -> None:
    assert redact(said).text == stored


@pytest.mark.parametrize("said", KEPT)
def test_times_prices_and_references_stay_readable(said: str) -> None:
    assert redact(said).text == said


@pytest.mark.parametrize(("said", "stored"), CONVERSATIONS)
def test_a_number_spoken_over_several_turns_is_covered(said: list[str], stored: list[str]) -> None:
    assert [turn.text for turn in redact_turns(said).turns] == stored


@pytest.mark.parametrize("said", [said for said, _ in COVERED])
def test_a_redacted_sentence_is_not_redacted_again(said: str) -> None:
    once = redact(said)
    assert redact(once.text) == once


def test_the_vault_keeps_everything_but_the_verification_code() -> None:
    said = "4111 1111 1111 1111, cvv 123, call 0412 345 678"
    assert raw_for_vault(said) == "4111 1111 1111 1111, cvv [CVV], call 0412 345 678"


def test_a_verification_code_said_in_its_own_turn_never_reaches_the_vault() -> None:
    call = redact_turns(["Security code?", "nine eight seven", "987, thank you", "0412 345 678"])
    assert call.vault == ("Security code?", "[CVV]", "[CVV], thank you", "0412 345 678")


def test_counts_tell_the_auditor_how_many_marks_of_each_kind() -> None:
    call = redact_turns(["0412 345 678 or a@b.com", "or 0498 765 432"])
    assert call.counts() == {Kind.PHONE: 2, Kind.EMAIL: 1}
    assert counts(*call.turns) == call.counts()
