"""API keys on the wire: `product.md` section 12, `contract.md` section 8.

The one thing a newcomer would get wrong: `secret` exists in the answer that makes a key and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from aidial_contract.checking import parse_time
from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import Incoming, Line, Note, Outgoing, Time

KeyState = Literal["active", "expired", "rotated", "revoked"]


class NewApiKey(Incoming):
    """`POST /v1/api-keys`. A key of scope `admin` is made by the command line only."""

    client_id: str
    scope: Literal["read", "manage"]
    description: Line
    expires_at: Time | None = None


class ApiKeyEnding(Incoming):
    """Why a key is revoked; kept with the key and in the activity log."""

    reason: Note | None = None


class ApiKey(Outgoing):
    """What may be known of a key once it was made. `last_used_at` is exact to the minute."""

    api_key_id: str
    scope: Literal["read", "manage", "admin"]
    description: str
    client_id: str
    environment: Literal["live", "test"]
    last_four: str
    state: KeyState
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None


class ApiKeyList(Outgoing):
    """`GET /v1/api-keys`, newest first."""

    api_keys: list[ApiKey]
    next_cursor: str | None


class ApiKeyMade(Outgoing):
    """A key that was just made: `secret` is its whole text, shown this once."""

    api_key: ApiKey
    secret: str


class ApiKeyAnswer(Outgoing):
    """One key."""

    api_key: ApiKey


def new_key_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """A key that is made does not end in the past."""
    ends = parse_time(body.get("expires_at")) if isinstance(body, dict) else None
    if ends is not None and "/expires_at" not in failed and ends <= datetime.now(UTC):
        yield FieldError("/expires_at", "too_small")
