"""Identifiers: how they are made and what they may look like.

The one thing a newcomer would get wrong: ids are made by the server; a client's own name for a thing is
`external_id`.
"""

from __future__ import annotations

import binascii
import re
import secrets
import string
from dataclasses import dataclass
from typing import Final

import uuid_utils

SLUG_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{1,62}$"
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
_SLUG = re.compile(SLUG_PATTERN.replace("$", r"\Z"))
_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_KEY = re.compile(
    r"adk_(?P<environment>live|test)_(?P<id>[0-9A-Za-z]{22})_(?P<secret>[0-9A-Za-z]{43})"
    r"(?P<check>[0-9A-Za-z]{6})\Z"
)
KEY_LENGTH: Final = len("adk_live_") + 22 + 1 + 43 + 6


def new_id() -> str:
    """A new UUIDv7 as text: sorts by time of making."""
    return str(uuid_utils.uuid7())


def is_slug(value: str) -> bool:
    """Whether `value` may be a client or partner organisation id."""
    return _SLUG.match(value) is not None


def plain_id(value: str) -> str:
    """An id as sent when it is one of any kind, else "", which no record has: letters, digits and dashes."""
    return value if _PLAIN.match(value) is not None else ""


def parse_uuid(value: str) -> str | None:
    """The canonical text of a UUID, or None: other spellings of one (braces, no dashes) are refused."""
    return value.lower() if _UUID.match(value) is not None else None


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, remainder = divmod(number, 62)
        digits.append(_BASE62[remainder])
    return "".join(reversed(digits))


def _check(body: str) -> str:
    return _base62(binascii.crc32(body.encode("ascii")), 6)


@dataclass(frozen=True, slots=True)
class ApiKeyText:
    """The parts of an API key as sent: `adk_<environment>_<id><_><secret><crc32>`."""

    environment: str
    api_key_id: str
    secret: str

    def __repr__(self) -> str:
        """Never show the secret."""
        return f"ApiKeyText({self.environment}, {self.api_key_id})"


def new_api_key(environment: str) -> tuple[str, ApiKeyText]:
    """A new key: its whole text (shown once) and its parts. 32 random bytes of secret."""
    api_key_id = _base62(secrets.randbits(130), 22)
    secret = _base62(int.from_bytes(secrets.token_bytes(32)), 43)
    body = f"adk_{environment}_{api_key_id}_{secret}"
    return body + _check(body), ApiKeyText(environment, api_key_id, secret)


def parse_api_key(value: str) -> ApiKeyText | None:
    """The parts of a key whose form and checksum are right, or None."""
    if len(value) != KEY_LENGTH:
        return None
    match = _KEY.match(value)
    if match is None or _check(value[:-6]) != match["check"]:
        return None
    return ApiKeyText(match["environment"], match["id"], match["secret"])
