"""A compact JWS taken apart strictly: one spelling, one meaning, before any signature is looked at.

The one thing a newcomer would get wrong: base64 and JSON decoders forgive. Python's drop stray characters,
take `NaN`, and keep the last of two members of one name; whoever checked the first one would be deceived.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from aidial_contract import errors
from aidial_contract.fault import Fault

MAX_TOKEN_BYTES = 16 * 1024
_TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")


def malformed(reason: str) -> Fault:
    """401 `token_malformed`: not the form of a token at all."""
    return Fault(errors.TOKEN_MALFORMED, reason=reason)


@dataclass(frozen=True, slots=True)
class Compact:
    """A token's parts; nothing of it may be believed yet. `signed` is the text the signature is over."""

    header: dict[str, Any]
    payload: bytes
    signature: bytes
    signed: bytes


def parse(token: str) -> Compact:
    """The parts of a token. 401 `token_malformed`."""
    match = _TOKEN.fullmatch(token) if len(token) <= MAX_TOKEN_BYTES else None
    if match is None:
        raise malformed("not a compact JWS")
    header, payload, signature = (_decoded(part) for part in match.groups())
    signed = token.rpartition(".")[0].encode("ascii")
    return Compact(read_object(header, "header"), payload, signature, signed)


def read_object(raw: bytes, what: str) -> dict[str, Any]:
    """A JSON object whose members have one name each and whose numbers are finite; 401 otherwise."""
    try:
        # As text: given bytes, the decoder takes UTF-16 and UTF-32 as well.
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError):
        raise malformed(f"{what} is not plain JSON") from None
    if not isinstance(value, dict):
        raise malformed(f"{what} is no object")
    return value


def _decoded(part: str) -> bytes:
    """Strict base64url: no padding, no stray bits, so that one token has one spelling."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise malformed("a part is no base64url") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise malformed("a part has stray bits")
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member is there twice")
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number without end")
    return number


def _refused(_: str) -> NoReturn:
    raise ValueError("NaN or Infinity")
