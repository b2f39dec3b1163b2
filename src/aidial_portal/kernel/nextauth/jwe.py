"""NextAuth's encrypted token: compact JWE, `dir` with `A256GCM`, and nothing else.

What a newcomer gets wrong: encoding is not repeatable (random IV, new `iat`, `exp` and `jti` each time), and
decoding has one failure only: None. Why a cookie was refused is of no use to the one who sent it.
"""

import base64
import binascii
import os
import re
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Claims = dict[str, Any]
"""A decrypted token: JSON values by claim name."""

_PROTECTED = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0"
"""base64url of `{"alg":"dir","enc":"A256GCM"}`, the only header we write."""
_IV_BYTES = 12
_TAG_BYTES = 16
_CLOCK_TOLERANCE_S = 15
_TEXT_LIMIT = 64 * 1024
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


class CookieCipher:
    """Encrypts and decrypts the tokens of one cookie under one key.

    Remembers the last `cache_size` good decryptions by their text; `exp` and `nbf` are checked on every
    hit, so a remembered token expires like any other.
    """

    def __init__(self, key: bytes, *, cache_size: int = 512, clock: Callable[[], float] = time.time) -> None:
        self._aesgcm = AESGCM(key)
        self._cache_size = cache_size
        self._clock = clock
        self._seen: OrderedDict[str, Claims] = OrderedDict()

    def encode(self, token: Mapping[str, object], max_age_s: int) -> str:
        """The token with `iat` = now, `exp` = now + max_age_s and a new `jti`, as a compact JWE."""
        now_s = int(self._clock())
        payload = {**token, "iat": now_s, "exp": now_s + max_age_s, "jti": str(uuid.uuid4())}
        iv = os.urandom(_IV_BYTES)
        sealed = self._aesgcm.encrypt(iv, msgspec.json.encode(payload), _PROTECTED.encode())
        parts = (_b64(iv), _b64(sealed[:-_TAG_BYTES]), _b64(sealed[-_TAG_BYTES:]))
        return f"{_PROTECTED}..{'.'.join(parts)}"

    def decode(self, text: str) -> Claims | None:
        """The claims (a copy of the caller's own), or None for whatever is wrong with the text."""
        claims = self._seen.get(text)
        if claims is None:
            claims = self._open(text)
            if claims is None or not self._in_time(claims):
                return None
            self._remember(text, claims)
        elif not self._in_time(claims):
            del self._seen[text]
            return None
        else:
            self._seen.move_to_end(text)
        return dict(claims)

    def _remember(self, text: str, claims: Claims) -> None:
        self._seen[text] = claims
        if len(self._seen) > self._cache_size:
            self._seen.popitem(last=False)

    def _open(self, text: str) -> Claims | None:
        parts = text.split(".")
        if len(text) > _TEXT_LIMIT or len(parts) != 5 or parts[1] or not _header_is_ours(parts[0]):  # noqa: PLR2004 - a compact JWE has five parts
            return None
        iv, ciphertext, tag = (_unb64(part) for part in parts[2:])
        if iv is None or ciphertext is None or tag is None or len(iv) != _IV_BYTES or len(tag) != _TAG_BYTES:
            return None
        try:
            plain = self._aesgcm.decrypt(iv, ciphertext + tag, parts[0].encode())
            claims = msgspec.json.decode(plain, type=Claims)
        except (InvalidTag, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return claims

    def _in_time(self, claims: Claims) -> bool:
        now_s = int(self._clock())
        expires_s = _seconds(claims.get("exp"))
        not_before_s = _seconds(claims.get("nbf", 0))
        if expires_s is None or not_before_s is None or _seconds(claims.get("iat", 0)) is None:
            return False
        return expires_s > now_s - _CLOCK_TOLERANCE_S and not_before_s <= now_s + _CLOCK_TOLERANCE_S


def _header_is_ours(part: str) -> bool:
    if part == _PROTECTED:
        return True
    raw = _unb64(part)
    if raw is None:
        return False
    try:
        header = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    # `zip` would inflate a stranger's bytes and `crit` names rules we do not know.
    return (
        header.get("alg") == "dir" and header.get("enc") == "A256GCM" and not header.keys() & {"zip", "crit"}
    )


def _seconds(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes | None:
    """Strict: no padding, no other alphabet, no stray bits, so that one token has one spelling."""
    if not _BASE64URL.fullmatch(text):
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if _b64(raw) == text else None
