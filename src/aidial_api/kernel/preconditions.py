"""ETags and `If-Match`. Source: `contract.md` section 6.

The one thing a newcomer would get wrong: an ETag is keyed per tenant, so equal versions of two tenants'
records never share one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from aidial_contract import errors
from aidial_contract.fault import Fault

_TAG = re.compile(r'\s*(W/)?("[\x21\x23-\x7e]*")\s*(?:,|\Z)')


def etag(key: bytes, client_id: str, record_id: str, version: int) -> str:
    """A strong ETag, quotes included. `key` is the installation's."""
    text = f"{client_id}\0{record_id}\0{version}".encode()
    return f'"{hmac.new(key, text, hashlib.sha256).hexdigest()[:32]}"'


def read_if_match(header: str | None) -> tuple[str, ...]:
    """The tags of `If-Match` (`*` alone stands for any). 428 when absent, 400 when not readable."""
    if header is None or not header.strip():
        raise Fault(errors.PRECONDITION_REQUIRED, reason="no If-Match")
    if header.strip() == "*":
        return ("*",)
    return tuple(_tags(header))


def _tags(header: str) -> Iterable[str]:
    at = 0
    while at < len(header):
        match = _TAG.match(header, at)
        if match is None:
            raise Fault(errors.MALFORMED_REQUEST, reason="If-Match")
        # A weak tag never matches strongly (RFC 9110 section 13.1.1).
        yield "" if match[1] else match[2]
        at = match.end()


def require_match(tags: tuple[str, ...], current: str) -> None:
    """412 `revision_stale` unless one tag is the current one."""
    if "*" not in tags and current not in tags:
        raise Fault(errors.REVISION_STALE, reason="If-Match is stale")


def unchanged(header: str | None, current: str) -> bool:
    """Whether `If-None-Match` says the caller has this revision: weak comparison."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return any(match[2] == current for match in _TAG.finditer(header))
