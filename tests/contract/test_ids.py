"""Ids and API keys: what is made is accepted, and what is near it is not."""

from __future__ import annotations

import re
import string
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidial_contract.headers import acceptable_request_id
from aidial_contract.ids import is_slug, new_api_key, new_id, parse_api_key, parse_uuid

BASE62 = string.ascii_letters + string.digits
KEY = re.compile(r"adk_(live|test)_[0-9A-Za-z]{22}_[0-9A-Za-z]{43}[0-9A-Za-z]{6}\Z")
# A key nobody has, the same in every process: tests are named by it.
SAMPLE = "adk_live_" + "A1" * 11 + "_" + "b2" * 21 + "c" + "0iHTVw"


@pytest.mark.parametrize("environment", ["live", "test"])
def test_a_new_key_has_the_form_of_the_contract_and_parses(environment: str) -> None:
    text, parts = new_api_key(environment)
    assert KEY.match(text)
    assert parse_api_key(text) == parts
    assert parts.environment == environment
    assert text.startswith(f"adk_{environment}_{parts.api_key_id}_{parts.secret}")


def test_keys_do_not_repeat_and_never_show_their_secret() -> None:
    made = [new_api_key("live")[1] for _ in range(200)]
    assert len({key.api_key_id for key in made}) == 200
    assert len({key.secret for key in made}) == 200
    assert all(key.secret not in repr(key) for key in made)


@given(at=st.integers(9, len(SAMPLE) - 1), letter=st.sampled_from(BASE62))
def test_one_changed_letter_breaks_a_key(at: int, letter: str) -> None:
    changed = SAMPLE[:at] + letter + SAMPLE[at + 1 :]
    assert (parse_api_key(changed) is None) == (changed != SAMPLE)


@given(at=st.integers(9, len(SAMPLE) - 2))
def test_two_letters_that_changed_places_break_a_key(at: int) -> None:
    swapped = SAMPLE[:at] + SAMPLE[at + 1] + SAMPLE[at] + SAMPLE[at + 2 :]
    assert (parse_api_key(swapped) is None) == (swapped != SAMPLE)


@given(st.one_of(st.text(max_size=120), st.from_regex(KEY)))
def test_a_made_up_key_is_no_key(text: str) -> None:
    assert parse_api_key(text) is None


@pytest.mark.parametrize(
    "near",
    [
        SAMPLE + "\n",
        SAMPLE + "0",
        SAMPLE[:-1],
        " " + SAMPLE,
        SAMPLE.replace("live", "LIVE"),
        SAMPLE.replace("adk", "sk"),
    ],
)
def test_a_key_with_anything_around_it_is_no_key(near: str) -> None:
    assert parse_api_key(near) is None


def test_new_ids_are_version_7_and_sort_by_age() -> None:
    made = [new_id() for _ in range(100)]
    assert all(UUID(one).version == 7 and str(UUID(one)) == one for one in made)
    assert all(older[:12] <= newer[:12] for older, newer in pairwise(made))


@given(st.uuids())
def test_a_uuid_is_taken_in_either_case_and_given_in_one(value: UUID) -> None:
    assert parse_uuid(str(value)) == str(value)
    assert parse_uuid(str(value).upper()) == str(value)


@pytest.mark.parametrize(
    "other",
    [
        "",
        "0193a5c0000070008000000000000001",
        "{0193a5c0-0000-7000-8000-000000000001}",
        "urn:uuid:0193a5c0-0000-7000-8000-000000000001",
        "0193a5c0-0000-7000-8000-00000000000g",
        "0193a5c0_0000_7000_8000_000000000001",
        "0193a5c00000-7000-8000-0000-00000001",
        "\u0660193a5c0-0000-7000-8000-000000000001",
        "0193a5c0-0000-7000-8000-000000000001\n",
    ],
)
def test_another_spelling_of_a_uuid_is_none(other: str) -> None:
    assert parse_uuid(other) is None


@given(st.text(max_size=80))
def test_parsing_any_text_as_a_uuid_never_fails(text: str) -> None:
    assert parse_uuid(text) is None or str(UUID(text)) == text.lower()


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{1,62}", fullmatch=True))
def test_a_slug_is_a_slug(text: str) -> None:
    assert is_slug(text)


@pytest.mark.parametrize(
    "text", ["", "a", "-ab", "Ab", "a_b", "a b", "harbour-dental\n", "a" * 64, "hafen-zähne", "a'b", "a,b"]
)
def test_what_is_no_slug(text: str) -> None:
    assert not is_slug(text)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("12345678", True),
        ("a" * 64, True),
        ("trace.id_1-x", True),
        ("1234567", False),
        ("a" * 65, False),
        ("request 1", False),
        ("request\n12345", False),
        ("12345678\n", False),
        ("anfrage-nr-ä", False),
    ],
)
def test_a_callers_request_id_is_kept_when_it_is_harmless(value: str, *, kept: bool) -> None:
    assert acceptable_request_id(value) is kept
