"""What one tenant sealed opens for that tenant, that column and that row, and for nothing else."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidial_api.kernel.crypto import (
    CannotDecrypt,
    CursorInvalid,
    CursorKey,
    MasterKey,
    TenantKey,
    TenantKeys,
)
from tests.api.database.rows import MASTER

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database
    from tests.api.database.rows import Tenant

KEY = TenantKey("harbour-dental", bytes(range(32)))
CURSORS = CursorKey(MASTER)
NUMBER = "+61412345678"


@given(st.binary(max_size=300))
def test_a_value_comes_back_as_it_went(plain: bytes) -> None:
    sealed = KEY.encrypt(plain, purpose="from_number", record="call-1")
    assert KEY.decrypt(sealed, purpose="from_number", record="call-1") == plain
    assert plain == b"" or len(plain) < 4 or plain not in sealed


@given(st.data())
def test_a_changed_value_does_not_open(data: st.DataObject) -> None:
    sealed = KEY.encrypt(NUMBER.encode(), purpose="p", record="r")
    at = data.draw(st.integers(0, len(sealed) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    changed = sealed[:at] + bytes([sealed[at] ^ bit]) + sealed[at + 1 :]
    with pytest.raises(CannotDecrypt):
        KEY.decrypt(changed, purpose="p", record="r")
    with pytest.raises(CannotDecrypt):
        KEY.decrypt(sealed[:at], purpose="p", record="r")


def test_a_value_does_not_open_for_another_tenant_column_or_row() -> None:
    sealed = KEY.encrypt(b"x", purpose="from_number", record="call-1")
    rival = TenantKey("northside-dental", bytes(range(32)))
    for key, purpose, record in (
        (rival, "from_number", "call-1"),
        (KEY, "to_number", "call-1"),
        (KEY, "from_number", "call-2"),
        (TenantKey("harbour-dental", bytes(32)), "from_number", "call-1"),
    ):
        with pytest.raises(CannotDecrypt):
            key.decrypt(sealed, purpose=purpose, record=record)


def test_a_caller_is_found_by_the_whole_number_or_its_last_digits() -> None:
    tokens = KEY.caller_tokens(NUMBER)
    assert tokens == [
        KEY.exact_token(NUMBER),
        *(KEY.suffix_token(NUMBER[-digits:]) for digits in (3, 4, 5, 6, 7, 8, 9)),
    ]
    assert {len(token) for token in tokens} == {16}
    assert len(set(tokens)) == 8
    assert not set(tokens) & set(TenantKey("rival", bytes(32)).caller_tokens(NUMBER))
    assert KEY.caller_tokens("+612") == [KEY.exact_token("+612"), KEY.suffix_token("612")]


@pytest.mark.parametrize("digits", ["12", "1234567890", "12a", "", "١٢٣"])
def test_other_endings_have_no_token(digits: str) -> None:
    with pytest.raises(ValueError, match="last 3 to 9"):
        KEY.suffix_token(digits)


def test_fingerprints_differ_by_content_and_tenant() -> None:
    assert KEY.fingerprint(b"a") == KEY.fingerprint(b"a") != KEY.fingerprint(b"b")
    assert KEY.fingerprint(b"a") != TenantKey("rival", bytes(32)).fingerprint(b"a")


def test_no_key_shows_itself() -> None:
    shown = f"{MASTER!r} {KEY!r} {CURSORS!r} {MASTER} {KEY}"
    secret = bytes(range(32))
    for form in (repr(secret), secret.hex(), base64.b64encode(secret).decode(), "\\x"):
        assert form not in shown


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(bytes(31)).decode(), "!" * 44, "é" * 44])
def test_a_bad_master_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="a master key is") as refused:
        MasterKey.from_base64(text)
    assert text == "" or text not in str(refused.value)


def test_a_master_key_is_read_from_base64() -> None:
    assert MasterKey.from_base64(base64.b64encode(bytes(range(32))).decode() + "\n").key_id == MASTER.key_id


async def test_a_tenants_key_is_read_once_and_only_within_reach(
    db: Database, harbour: Tenant, northside: Tenant
) -> None:
    keys = TenantKeys(MASTER, capacity=1)
    async with db.transaction(northside.reach) as tx:
        with pytest.raises(LookupError):
            await keys.get(tx, harbour.client_id)
        first = await keys.get(tx, northside.client_id)
        before = tx.statements
        assert await keys.get(tx, northside.client_id) is first
        assert tx.statements == before
    async with db.transaction(harbour.reach) as tx:
        await keys.get(tx, harbour.client_id)
    async with db.transaction(northside.reach) as tx:
        assert await keys.get(tx, northside.client_id) is not first  # the longest unused was dropped


async def test_another_master_key_opens_no_tenant(db: Database, harbour: Tenant) -> None:
    async with db.transaction(harbour.reach) as tx:
        with pytest.raises(CannotDecrypt):
            await TenantKeys(MasterKey(bytes(32))).get(tx, harbour.client_id)


def test_a_wrapped_key_does_not_open_for_another_tenant() -> None:
    wrapped = MASTER.wrap("harbour-dental", bytes(32))
    assert MASTER.unwrap("harbour-dental", wrapped) == bytes(32)
    with pytest.raises(CannotDecrypt):
        MASTER.unwrap("northside-dental", wrapped)


class Position(NamedTuple):
    started_at: dt.datetime
    call_id: str
    matching: int


POSITION = Position(
    dt.datetime(2026, 7, 1, 9, 30, 0, 123456, tzinfo=dt.UTC),
    "0190e5f2-7c1a-7b3e-8d4c-1a2b3c4d5e6f",
    10_000,
)
LIST = ("GET /v1/calls", "harbour-dental", "status=missed")


def test_a_cursor_comes_back_for_its_own_list() -> None:
    assert CURSORS.decode(CURSORS.encode(POSITION, *LIST), Position, *LIST) == POSITION


@pytest.mark.parametrize(
    "other",
    [
        ("GET /v1/audit", "harbour-dental", "status=missed"),
        ("GET /v1/calls", "northside-dental", "status=missed"),
        ("GET /v1/calls", "harbour-dental", "status=live"),
        ("GET /v1/calls", "harbour-dentalstatus=missed"),
        (),
    ],
)
def test_a_cursor_is_no_cursor_of_another_list(other: tuple[str, ...]) -> None:
    with pytest.raises(CursorInvalid):
        CURSORS.decode(CURSORS.encode(POSITION, *LIST), Position, *other)


@given(st.data())
def test_a_changed_cursor_is_refused(data: st.DataObject) -> None:
    cursor = CURSORS.encode(POSITION, *LIST)
    at = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.characters().filter(lambda c: c != cursor[at]))
    with pytest.raises(CursorInvalid):
        CURSORS.decode(cursor[:at] + letter + cursor[at + 1 :], Position, *LIST)


@pytest.mark.parametrize("position", range(8))
def test_a_cursor_has_one_spelling(position: int) -> None:
    """Base64 has several of the same bytes: with padding, in its other alphabet, with spare bits set."""
    cursor = CURSORS.encode("x" * position, *LIST)
    others = {cursor + "=" * one for one in (1, 2, 3)} | {cursor.replace("-", "+").replace("_", "/")}
    others |= {cursor[:-1] + chr(ord(cursor[-1]) + one) for one in (1, 2, 3)}
    for other in others - {cursor}:
        with pytest.raises(CursorInvalid):
            CURSORS.decode(other, str, *LIST)
    assert CURSORS.decode(cursor, str, *LIST) == "x" * position


@given(st.text(max_size=80) | st.just("A" * 4096))
def test_any_text_is_refused_as_a_cursor(text: str) -> None:
    with pytest.raises(CursorInvalid):
        CURSORS.decode(text, Position, *LIST)


def test_cursors_of_another_installation_are_refused() -> None:
    with pytest.raises(CursorInvalid):
        CursorKey(MasterKey(bytes(32))).decode(CURSORS.encode(POSITION, *LIST), Position, *LIST)
