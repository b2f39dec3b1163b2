"""What a seal is: the bytes of an event, and the hash that ties it to all before it.

    hash(n) = SHA-256( hash(n-1) || n || sealed_at || event )

`n` counts a chain's seals from 1 (8 bytes), `sealed_at` is microseconds since 2000-01-01 UTC (8 bytes, both
big-endian), `event` is each column of `FIELDS` in this order: its length in bytes (4 bytes, big-endian) and
its text as UTF-8, or -1 alone for null. `hash(0)` is SHA-256 of `aidial audit chain 1`, a line feed, and the
chain's name. The one thing a newcomer would get wrong: nothing here may ever change. Another order or another
text of a time is another format, with a name of its own.
"""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Final

FIELDS: Final[dict[str, str]] = {
    "event_id": "e.event_id::text",
    "client_id": "e.client_id",
    "partner_org_id": "e.partner_org_id",
    "at": "to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    "actor_kind": "e.actor_kind",
    "actor_id": "e.actor_id",
    "actor_label": "e.actor_label",
    "action": "e.action",
    "target_kind": "e.target_kind",
    "target_id": "e.target_id",
    "project_id": "e.project_id::text",
    "outcome": "e.outcome",
    "why": "e.why",
    "request_id": "e.request_id",
    "ip": "e.ip::text",
    "technical": "e.technical::text",
    "policy": "e.policy",
}
"""The columns of `audit_events` (as `e`) that are sealed, each as the text that is sealed."""

SEALED_BYTES: Final = f"array_send(ARRAY[{', '.join(FIELDS.values())}]::text[])"
"""PostgreSQL writes an array of texts as the fields above, after a head of `HEAD_BYTES`."""
HEAD_BYTES: Final = 20

INTERNAL: Final = "_internal"
"""The chain of events that belong to no tenant. No tenant can be called so."""
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PLACE: Final = struct.Struct(">qq")


def chain_of(client_id: str | None) -> str:
    """A tenant's chain has its name."""
    return INTERNAL if client_id is None else client_id


def client_of(chain: str) -> str | None:
    """Whose chain it is; None: nobody's."""
    return None if chain == INTERNAL else chain


def first_hash(chain: str) -> bytes:
    """What the first seal of a chain is tied to."""
    return hashlib.sha256(f"aidial audit chain 1\n{chain}".encode()).digest()


def next_hash(before: bytes, seq: int, sealed_at: datetime, event: bytes) -> bytes:
    """The hash of seal `seq`, after one whose hash was `before`. `event` is without the array's head."""
    return hashlib.sha256(before + _PLACE.pack(seq, microseconds(sealed_at)) + event).digest()


def microseconds(moment: datetime) -> int:
    """Since 2000-01-01 UTC, as PostgreSQL counts."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(count: int) -> datetime:
    """The other way round."""
    return _EPOCH + count * _MICROSECOND
