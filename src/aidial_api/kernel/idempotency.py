"""`Idempotency-Key`: a creating request that is sent again gets its first answer, and nothing is made twice.

The one thing a newcomer would get wrong: there is no "running" row. A transaction-scoped lock says that a
request is under way, and the answer is written in the transaction of its effect; so a writer that dies frees
the key by its rollback, and a key whose answer is there has had its effect. Source: `contract.md` section 6;
decisions in `docs/decisions/0018-idempotency-keys.md`.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aidial_api.kernel.jobs import Job
from aidial_api.kernel.reach import NOTHING
from aidial_api.kernel.route import Access, Answer, Route
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.headers import IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED

if TYPE_CHECKING:
    from aidial_api.kernel.ask import Ask
    from aidial_api.kernel.crypto import MasterKey
    from aidial_api.kernel.db import Database

LONGEST_KEY: Final = 255
MAX_ANSWER_BYTES: Final = 256 * 1024
SWEEP_ROWS: Final = 5_000
_REPLAYED: Final = {IDEMPOTENCY_REPLAYED: "true"}
_NONCE_BYTES = 12
_SERVER_ERROR = 500

# Taken in the statement that looks: a known answer needs no lock, and an unknown one must get it at once.
_CLAIM = """
SELECT r.request, r.answer, CASE WHEN r.name IS NULL THEN pg_try_advisory_xact_lock($4) END AS is_mine
FROM (SELECT 1) AS asked
LEFT JOIN idempotency_records r
    ON r.client_id = $1 AND r.actor_id = $2 AND r.name = $3 AND r.expires_at > now()
"""
_KEEP = """
INSERT INTO idempotency_records AS r (client_id, actor_id, name, request, answer) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (client_id, actor_id, name) DO UPDATE
SET request = excluded.request, answer = excluded.answer, expires_at = excluded.expires_at
WHERE r.expires_at <= now()
"""
_SWEEP = """
DELETE FROM idempotency_records WHERE (client_id, actor_id, name) IN (
    SELECT client_id, actor_id, name FROM idempotency_records WHERE expires_at <= now()
    ORDER BY expires_at LIMIT $1) AND expires_at <= now()
"""


class _Kept(msgspec.Struct, omit_defaults=True):
    """An answer as kept: a success has `body`, a refusal `code` and what its fault added to the row."""

    status: int = 0
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: bytes | None = None
    media_type: str = ""
    code: str = ""
    details: dict[str, Any] | None = None
    field_errors: list[tuple[str, str]] = msgspec.field(default_factory=list)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose key it is: a key's tenant and id, or a person, who belongs to one tenant at most."""

    client_id: str
    actor_id: str


class IdempotencyKeys:
    """What names, compares and seals kept answers; one an installation, derived from its master key."""

    __slots__ = ("_aead", "_secret")

    def __init__(self, master: MasterKey) -> None:
        self._secret = master.derived("idempotency names")
        self._aead = AESGCM(master.derived("idempotency answers"))

    def mark(self, kind: str, *parts: object) -> bytes:
        """32 bytes for a list of texts and bytes; nobody without the master key can aim at a given mark."""
        return hmac.digest(self._secret, msgspec.msgpack.encode([kind, parts]), "sha256")

    def seal(self, plain: bytes, bound: bytes) -> bytes:
        """Encrypt an answer for one record."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, bound)

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """Decrypt; raises `cryptography.exceptions.InvalidTag` for another record's or a changed one."""
        return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)

    def __repr__(self) -> str:
        return "<IdempotencyKeys>"


def read_key(headers: Mapping[str, str]) -> str | None:
    """The header's value, None without one; 400 `idempotency_key_invalid` unless 1 to 255 printable ASCII."""
    key = headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return None
    wrong = "too_short" if not key else "too_long" if len(key) > LONGEST_KEY else ""
    if not wrong and not (key.isascii() and key.isprintable()):
        wrong = "format"
    if wrong:
        fields = [FieldError(f"header.{IDEMPOTENCY_KEY}", wrong)]
        raise Fault(errors.IDEMPOTENCY_KEY_INVALID, field_errors=fields, reason=wrong)
    return key


async def once(ask: Ask, row: Route, key: str) -> Answer | Fault:
    """Run the handler unless its answer is kept; a refusal is returned, for the transaction must commit.

    Raises 409 `idempotency_conflict` for another request under the same key, 409 `request_in_progress` while
    one is under way, and whatever is not kept: failures, and refusals that a repeat may not meet again.
    """
    request = _request_mark(ask, row)
    owner = _owner(ask)
    kept = await _claim(ask, owner, key, request)
    if kept is not None:
        return kept
    outcome: Answer | Fault
    try:
        async with ask.tx.savepoint():
            outcome = await row.handler(ask)
        # Asked anew: a first sign-in turns a stranger into the person who will repeat it.
        owner = _owner(ask)
    except Fault as fault:
        if fault.row.status >= _SERVER_ERROR or fault.row.retryable:
            raise
        ask.on_commit.clear()
        outcome = fault
    if isinstance(outcome, Fault) and (outcome.row.status >= _SERVER_ERROR or outcome.row.retryable):
        return outcome  # what it wrote stays, and a repeat is asked anew
    if owner is not None:
        await _keep(ask, owner, key, request, outcome)
    return outcome


def _owner(ask: Ask) -> _Owner | None:
    actor = ask.actor
    if actor.key is not None:
        return _Owner(actor.key.client_id, actor.key.api_key_id)
    if actor.person is not None and actor.person.user_id:
        return _Owner("", actor.person.user_id)
    return None


def _name(keys: IdempotencyKeys, owner: _Owner, key: str) -> bytes:
    return keys.mark("name", owner.client_id, owner.actor_id, key)


def _request_mark(ask: Ask, row: Route) -> bytes:
    """What must be the same: method, path, query, body as sent, and how much the caller may see."""
    level = str(ask.level) if row.access is Access.FULL else ""
    keys = ask.services.idempotency
    return keys.mark("request", ask.method, ask.path_text, ask.raw_query, level, ask.raw_body)


def _lock_id(ask: Ask, keys: IdempotencyKeys, key: str) -> int:
    """A person is locked by subject, which a stranger has too."""
    who = ask.actor.person.subject if ask.actor.person else ask.actor.actor_id
    return int.from_bytes(keys.mark("lock", ask.actor.kind, who, key)[:8], signed=True)


async def _claim(ask: Ask, owner: _Owner | None, key: str, request: bytes) -> Answer | Fault | None:
    """The kept answer; None when there is none and this transaction is now the one to make it."""
    keys = ask.services.idempotency
    lock_id = _lock_id(ask, keys, key)
    if owner is None:
        if not await ask.tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock_id):
            raise _in_progress()
        return None
    name = _name(keys, owner, key)
    found = await ask.tx.fetchrow(_CLAIM, owner.client_id, owner.actor_id, name, lock_id)
    if found is None or found["is_mine"] is False:
        raise _in_progress()
    if found["is_mine"]:
        return None
    if not hmac.compare_digest(found["request"], request):
        raise Fault(errors.IDEMPOTENCY_CONFLICT, reason="the key was used for another request")
    return _replayed(_decode(keys.open(found["answer"], name + request)))


def _in_progress() -> Fault:
    return Fault(errors.REQUEST_IN_PROGRESS, retry_after_ms=1_000, reason="the same key is being worked on")


async def _keep(ask: Ask, owner: _Owner, key: str, request: bytes, outcome: Answer | Fault) -> None:
    keys = ask.services.idempotency
    name = _name(keys, owner, key)
    sealed = keys.seal(_encode(_kept(outcome)), name + request)
    if len(sealed) > MAX_ANSWER_BYTES:
        raise RuntimeError("an answer to a creating request is too large to be kept")
    tag = await ask.tx.execute(_KEEP, owner.client_id, owner.actor_id, name, request, sealed)
    if tag != "INSERT 0 1":
        # Another one committed between the look and the lock: undo this one, a repeat finds that answer.
        raise _in_progress()


def _kept(outcome: Answer | Fault) -> _Kept:
    if isinstance(outcome, Fault):
        return _Kept(
            code=outcome.row.code,
            headers=dict(outcome.headers),
            details=None if outcome.details is None else dict(outcome.details),
            field_errors=[(one.field, one.code) for one in outcome.field_errors],
        )
    if isinstance(outcome.body, msgspec.Struct):
        outcome.body = msgspec.json.encode(outcome.body)
    return _Kept(
        status=outcome.status,
        headers=outcome.headers,
        body=outcome.body,
        media_type=outcome.media_type,
    )


def _replayed(kept: _Kept) -> Answer | Fault:
    headers = {**kept.headers, **_REPLAYED}
    if not kept.code:
        return Answer(kept.body, status=kept.status, headers=headers, media_type=kept.media_type)
    return Fault(
        errors.ERRORS[kept.code],
        details=kept.details,
        field_errors=[FieldError(*one) for one in kept.field_errors],
        headers=headers,
        reason="replayed",
    )


async def sweep(db: Database) -> None:
    """Delete what is older than a day, of every tenant, a few thousand rows a transaction."""
    while True:
        async with db.transaction(NOTHING) as tx:
            # A planner that knows nothing of the table yet would compare every row with every other one.
            await tx.execute("SET LOCAL enable_nestloop = off")
            tag = await tx.execute(_SWEEP, SWEEP_ROWS)
        if tag != f"DELETE {SWEEP_ROWS}":
            return


SWEEP: Final = Job("idempotency.sweep", sweep, cron="*/5 * * * *")
