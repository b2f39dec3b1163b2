"""Alice's cookie is readable by this portal alone, only whole, and only in its time."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_keys
from aidial_portal.kernel.nextauth.names import cookie_names
from tests.portal.nextauth import vectors

KEYS = derive_keys(vectors.SECRET, cookie_names("https://portal.example"))
NOW_S = 1_790_000_000


class Clock:
    def __init__(self) -> None:
        self.now_s: float = NOW_S

    def __call__(self) -> float:
        return self.now_s


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CLAIM_NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in {"iat", "exp", "jti", "nbf"}
)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(header: dict[str, object], payload: bytes, *, key: bytes = KEYS.session) -> str:
    protected = b64(json.dumps(header, separators=(",", ":")).encode())
    box = AESGCM(key).encrypt(b"0" * 12, payload, protected.encode())
    return f"{protected}..{b64(b'0' * 12)}.{b64(box[:-16])}.{b64(box[-16:])}"


def test_keys_are_the_ones_next_auth_derives() -> None:
    assert KEYS.session.hex() == vectors.SESSION_KEY_HEX
    assert KEYS.state.hex() == vectors.STATE_KEY_HEX


def test_no_two_keys_are_alike_and_none_shows_in_a_log_line() -> None:
    keys = (KEYS.session, KEYS.state, KEYS.pkce, KEYS.nonce, KEYS.aidial_csrf)
    assert len(set(keys)) == 5
    assert not any(key.hex() in repr(KEYS) or repr(key) in repr(KEYS) for key in keys)


def test_a_session_made_by_next_auth_is_read() -> None:
    claims = CookieCipher(KEYS.session).decode(vectors.SESSION_JWE)
    assert claims is not None
    assert (claims["sub"], claims["name"], claims["email"]) == ("312", "Zoë 🦷", "alice@harbour.example")


def test_a_state_cookie_made_by_next_auth_is_read_with_its_own_key_only() -> None:
    claims = CookieCipher(KEYS.state).decode(vectors.STATE_JWE)
    assert claims is not None
    assert (claims["value"], claims["provider"]) == ("st", "zitadel")
    assert CookieCipher(KEYS.session).decode(vectors.STATE_JWE) is None


@given(st.dictionaries(CLAIM_NAMES, JSON_VALUES, max_size=6), st.integers(1, 10**8))
def test_whatever_is_put_in_comes_out(token: dict[str, object], max_age_s: int) -> None:
    cipher = CookieCipher(KEYS.session, clock=Clock())
    claims = cipher.decode(cipher.encode(token, max_age_s))
    assert claims is not None
    assert {name: claims[name] for name in token} == token
    assert (claims["iat"], claims["exp"]) == (NOW_S, NOW_S + max_age_s)
    assert claims.keys() == token.keys() | {"iat", "exp", "jti"}


def test_times_and_jti_of_an_earlier_cookie_are_overwritten() -> None:
    cipher = CookieCipher(KEYS.session, clock=Clock())
    claims = cipher.decode(cipher.encode({"exp": 1, "iat": 1, "jti": "old"}, 60))
    assert claims is not None
    assert (claims["iat"], claims["exp"]) == (NOW_S, NOW_S + 60)
    assert claims["jti"] != "old"


@given(st.data())
def test_one_flipped_bit_anywhere_spoils_it(data: st.DataObject) -> None:
    text = vectors.SESSION_JWE
    place = data.draw(st.integers(0, len(text) - 1))
    bit = data.draw(st.integers(0, 6))
    spoilt = text[:place] + chr(ord(text[place]) ^ (1 << bit)) + text[place + 1 :]
    assert CookieCipher(KEYS.session).decode(spoilt) is None


@given(st.text(max_size=200) | st.lists(st.text("AQ_-", max_size=9), min_size=5, max_size=5).map(".".join))
def test_rubbish_is_nobodys_session(text: str) -> None:
    assert CookieCipher(KEYS.session).decode(text) is None


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "dir", "enc": "A128CBC-HS256"},
        {"alg": "A256KW", "enc": "A256GCM"},
        {"alg": "none", "enc": "A256GCM"},
        {"alg": "dir", "enc": "A256GCM", "zip": "DEF"},
        {"alg": "dir", "enc": "A256GCM", "crit": ["exp"]},
        {"enc": "A256GCM"},
    ],
)
def test_no_other_algorithm_is_taken_even_under_the_right_key(header: dict[str, object]) -> None:
    assert CookieCipher(KEYS.session).decode(sealed(header, b'{"exp":4000000000}')) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"null",
        b'{"exp":4000000000',
        b'{"exp":"4000000000"}',
        b'{"exp":true}',
        b"{}",
        b'{"exp":4000000000,"nbf":"0"}',
        b'{"exp":4000000000,"iat":"0"}',
        b'{"exp":4000000000,"nbf":3999999999}',
        b'{"exp":4000000000,"sub":"\xff"}',
    ],
)
def test_a_token_without_sound_times_is_refused(payload: bytes) -> None:
    assert CookieCipher(KEYS.session).decode(sealed({"alg": "dir", "enc": "A256GCM"}, payload)) is None


def test_our_own_sealing_is_sound_so_the_refusals_above_mean_something() -> None:
    text = sealed({"enc": "A256GCM", "alg": "dir", "kid": "1"}, b'{"exp":4000000000,"nbf":1}')
    assert CookieCipher(KEYS.session).decode(text) == {"exp": 4000000000, "nbf": 1}


@pytest.mark.parametrize(("late_s", "read"), [(0, True), (14, True), (15, False), (20, False)])
def test_a_remembered_session_expires_like_any_other(late_s: int, *, read: bool) -> None:
    clock = Clock()
    cipher = CookieCipher(KEYS.session, clock=clock)
    text = cipher.encode({"sub": "alice"}, 60)
    assert cipher.decode(text) is not None
    clock.now_s = NOW_S + 60 + late_s
    assert (cipher.decode(text) is not None) is read
    assert (CookieCipher(KEYS.session, clock=clock).decode(text) is not None) is read


def test_changing_what_was_read_does_not_change_what_is_remembered() -> None:
    cipher = CookieCipher(KEYS.session)
    text = cipher.encode({"role": "client_staff"}, 60)
    claims = cipher.decode(text)
    assert claims is not None
    claims["role"] = "aidial_admin"
    again = cipher.decode(text)
    assert again is not None
    assert again["role"] == "client_staff"


def test_the_memory_is_small_and_forgetting_costs_nothing_but_time() -> None:
    cipher = CookieCipher(KEYS.session, cache_size=2)
    texts = [cipher.encode({"n": n}, 60) for n in range(5)]
    assert [(cipher.decode(text) or {})["n"] for text in texts + texts] == [0, 1, 2, 3, 4] * 2
    assert len(cipher._seen) == 2
