"""From the credential a request carries to the actor behind it.

Source: `contract.md` sections 4 (step 2) and 8. The one thing a newcomer would get wrong: the key is
evaluated first when both arrive, and unknown id, wrong secret and bad checksum are one and the same error.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from aidial_api.kernel.actor import Actor, KeyHolder, Person, SessionRecord
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.db import LOOKUPS, Database, Tx
from aidial_api.kernel.key_use import KeyUse
from aidial_api.kernel.remembered import MAX_ENTRIES, Remembered
from aidial_api.kernel.tokens import TokenVerifier
from aidial_contract import errors
from aidial_contract.access import MFA_MANDATORY_ROLES, PARTNER_ROLES, KeyScope, Role
from aidial_contract.fault import Fault
from aidial_contract.headers import API_KEY
from aidial_contract.ids import parse_api_key, parse_uuid
from aidial_contract.networks import parse_network
from aidial_contract.scope import NOTHING, ProjectReach, Reach
from aidial_contract.settings import Network

LIVE_LIFECYCLES = frozenset({"provisioning", "active", "suspended"})
TOLD_REASONS = frozenset(
    {
        "backchannel_logout",
        "concurrent_limit",
        "replaced",
        "revoked_by_administrator",
        "revoked_by_owner",
        "signed_out",
    }
)
"""Why a session ended, as whoever holds it is told: `details.ended` of `session_revoked`."""
_NO_SECRET = bytes(32)


@dataclass(frozen=True, slots=True)
class Credential:
    """What arrived: a key's text or a token; `label` names it in logs without telling it."""

    kind: str
    text: str


def find_credential(headers: Mapping[str, str]) -> Credential:
    """The credential of a request, the key first. 401 `credentials_missing` and its kin."""
    key = headers.get(API_KEY)
    if key is not None:
        return Credential("key", key)
    authorization = headers.get("authorization")
    if authorization is None:
        raise Fault(errors.CREDENTIALS_MISSING, reason="neither key nor bearer")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Fault(errors.TOKEN_SCHEME_UNSUPPORTED, reason="another scheme than Bearer")
    token = token.strip()
    if not token or " " in token:
        raise Fault(errors.TOKEN_MALFORMED, reason="no one token after Bearer")
    return Credential("bearer", token)


class Credentials:
    """Looks up keys, people and sessions; each is known for at most a second.

    `on_news` is called whenever one of them may have changed: by whoever goes on after an answer has begun.
    """

    def __init__(self, db: Database, verifier: TokenVerifier, issuer: str, use: KeyUse) -> None:
        self._db = db
        self._verifier = verifier
        self._issuer = issuer
        self._use = use
        self._keys: Remembered[dict[str, Any] | None] = Remembered()
        self._proved: dict[bytes, dict[str, Any]] = {}
        self._people: Remembered[Actor | None] = Remembered()
        self._services: Remembered[Actor | None] = Remembered()
        self._sessions: Remembered[SessionRecord | None] = Remembered()
        self.on_news: list[Callable[[], None]] = []

    def heard(self, payload: str | None) -> None:
        """The database said something changed: `api_key:<id>`, `session:<id>`, or None for "all"."""
        kind, _, name = (payload or "").partition(":")
        if kind == "api_key":
            self._keys.forget(name)
        elif kind == "session":
            self._sessions.forget(name)
        else:
            self._keys.forget_all()
            self._people.forget_all()
            self._services.forget_all()
            self._sessions.forget_all()
        for look in self.on_news:
            look()

    async def key_actor(self, text: str) -> Actor:
        """The actor behind a key. 401 `api_key_invalid`, `api_key_expired`, `api_key_revoked`."""
        whole = hashlib.sha256(text.encode()).digest()
        proved = self._proved.get(whole)
        if proved is None or self._keys.held(proved["api_key_id"]) is not proved:
            proved = await self._prove(text)
            if len(self._proved) >= MAX_ENTRIES:
                self._proved.clear()
            self._proved[whole] = proved
        if proved["expires_at"] is not None and proved["expires_at"] <= utc_now():
            raise Fault(errors.API_KEY_EXPIRED, reason="key expired")
        self._use.note(proved["client_id"], proved["api_key_id"])
        actor: Actor = proved["actor"]
        return actor

    async def _prove(self, text: str) -> dict[str, Any]:
        """The row of a key whose secret is right, and which was not revoked."""
        parts = parse_api_key(text)
        if parts is None:
            raise Fault(errors.API_KEY_INVALID, reason="form or checksum")
        row = await self._keys.get(parts.api_key_id, lambda: self._load_key(parts.api_key_id))
        expected = row["secret_sha256"] if row else _NO_SECRET
        given = hashlib.sha256(parts.secret.encode("ascii")).digest()
        same = hmac.compare_digest(given, expected)
        if row is None or not same or row["environment"] != parts.environment:
            raise Fault(errors.API_KEY_INVALID, reason="unknown id, secret or environment")
        if row["revoked_at"] is not None:
            raise Fault(errors.API_KEY_REVOKED, reason="key revoked")
        return row

    async def bearer_actor(self, token: str, *, late_too: bool = False) -> Actor:
        """The person or service account behind a bearer token; `late_too`: an expired one. 401 `token_*`."""
        claims = await self._verifier.access_claims(token, late_too=late_too)
        subject = str(claims["sub"])
        actor = await self.person_by_subject(subject)
        if actor is None:
            actor = await self._services.get(subject, lambda: self._load_service(subject))
        return actor if actor is not None else _stranger(subject)

    async def session(self, text: str, subject: str) -> SessionRecord:
        """The live session of a subject. 401 `session_*`."""
        session_id = parse_uuid(text)
        record = None
        if session_id is not None:
            record = await self._sessions.get(session_id, lambda: self._load_session(session_id))
        if record is None or record.subject != subject:
            raise Fault(errors.SESSION_INVALID, reason="unknown session or another subject's")
        if record.state == "revoked":
            why = record.revoked_reason
            details = {"ended": why} if why in TOLD_REASONS else None
            raise Fault(errors.SESSION_REVOKED, details=details, reason=f"revoked: {why}")
        now = utc_now()
        if record.state == "expired" or now >= min(record.idle_expires_at, record.absolute_expires_at):
            raise Fault(errors.SESSION_EXPIRED, reason="idle or absolute time is over")
        return record

    async def person_by_subject(self, subject: str) -> Actor | None:
        """The person bound to a subject of the issuer, assigned or not."""
        return await self._people.get(subject, lambda: self._load_person(subject))

    async def person_by_email(self, tx: Tx, subject: str, verified_email: str) -> Actor | None:
        """The invited person whom a first sign-in with a verified address may bind, or who is bound already.

        Asked within the caller's transaction, never remembered.
        """
        record = await tx.fetchrow(LOOKUPS["lookup_user"], self._issuer, subject, verified_email)
        return None if record is None else _person_actor(dict(record), subject)

    def forget_person(self, subject: str) -> None:
        """Ask the database anew next time."""
        self._people.forget(subject)

    def forget_session(self, session_id: str) -> None:
        """Ask the database anew next time."""
        self._sessions.forget(session_id)

    async def _load_key(self, api_key_id: str) -> dict[str, Any] | None:
        record = await self._db.lookup("lookup_api_key", api_key_id)
        if record is None:
            return None
        row = dict(record)
        row["actor"] = _key_actor(row)
        return row

    async def _load_person(self, subject: str) -> Actor | None:
        record = await self._db.lookup("lookup_user", self._issuer, subject, None)
        return None if record is None else _person_actor(dict(record), subject)

    async def _load_service(self, subject: str) -> Actor | None:
        row = await self._db.lookup("lookup_service_account", self._issuer, subject)
        if row is None:
            return None
        if row["revoked_at"] is not None:
            raise Fault(errors.TOKEN_INVALID, reason="service account revoked")
        return _service_actor(dict(row))

    async def _load_session(self, session_id: str) -> SessionRecord | None:
        row = await self._db.lookup("lookup_session", session_id)
        if row is None:
            return None
        return SessionRecord(
            session_id=str(row["session_id"]),
            user_id=str(row["user_id"]),
            subject=row["subject"],
            state=row["state"],
            mfa_satisfied=row["mfa_satisfied"],
            idle_expires_at=_instant(row["idle_expires_at"]),
            absolute_expires_at=_instant(row["absolute_expires_at"]),
            revoked_reason=row["revoked_reason"],
            token_generation=row["token_generation"],
        )


def _instant(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("the registry gave no time")
    return value


def _projects(client_id: str, listed: Any) -> tuple[ProjectReach, ...]:
    return tuple(
        ProjectReach(client_id, one["project_id"], one["timezone"], one["is_active"]) for one in listed
    )


def allowlist_of(stored: str | None) -> tuple[Network, ...] | None:
    """An enabled allowlist as the database gives it: a JSON list of networks, or null for none."""
    return None if stored is None else _networks(msgspec.json.decode(stored, type=list[str]))


def _networks(cidrs: Iterable[str]) -> tuple[Network, ...]:
    """A network that cannot be read lets nobody in."""
    return tuple(network for cidr in cidrs if (network := parse_network(cidr)) is not None)


def _tenant_reach(row: Mapping[str, Any]) -> Reach:
    """The whole tenant, while it is alive."""
    client_id = str(row["client_id"])
    if row["lifecycle"] not in LIVE_LIFECYCLES:
        return NOTHING
    return Reach((client_id,), _projects(client_id, msgspec.json.decode(row["projects"])))


def _service_actor(row: Mapping[str, Any]) -> Actor:
    holder = KeyHolder(
        api_key_id=str(row["service_account_id"]),
        client_id=str(row["client_id"]),
        client_lifecycle=row["lifecycle"],
        scope=KeyScope(row["scope"]),
    )
    return _like_a_key("service", row["name"], holder, row)


def _key_actor(row: Mapping[str, Any]) -> Actor:
    holder = KeyHolder(
        api_key_id=row["api_key_id"],
        client_id=str(row["client_id"]),
        client_lifecycle=row["lifecycle"],
        scope=KeyScope(row["scope"]),
        environment=row["environment"],
        expires_at=row["expires_at"],
        last_four=row["last_four"],
    )
    return _like_a_key("key", f"key ending {holder.last_four}", holder, row)


def _like_a_key(
    kind: Literal["key", "service"], label: str, holder: KeyHolder, row: Mapping[str, Any]
) -> Actor:
    networks = allowlist_of(row["allowlist"])
    allowlists = {} if networks is None else {holder.client_id: networks}
    return Actor(kind, holder.api_key_id, label, _tenant_reach(row), key=holder, allowlists=allowlists)


def _stranger(subject: str) -> Actor:
    person = Person(subject=subject)
    return Actor("user", "", "unknown person", NOTHING, person=person)


def _person_actor(row: Mapping[str, Any], subject: str) -> Actor:
    active = [one for one in msgspec.json.decode(row["memberships"]) if one["status"] == "active"]
    membership = active[0] if active else None
    role = Role(membership["role"]) if membership else None
    clients = [one for one in msgspec.json.decode(row["reach"]) if one["lifecycle"] in LIVE_LIFECYCLES]
    reach = Reach(
        tuple(one["client_id"] for one in clients),
        tuple(project for one in clients for project in _projects(one["client_id"], one["projects"])),
    )
    usable = membership is not None and membership["org_state"] in LIVE_LIFECYCLES
    person = Person(
        subject=subject,
        user_id=str(row["user_id"]),
        email=row["email"],
        first_name=row["first_name"] or None,
        last_name=row["last_name"] or None,
        timezone=row["timezone"],
        language=row["language"],
        role=role if usable else None,
        client_id=membership["client_id"] if membership else None,
        partner_org_id=membership["partner_org_id"] if membership else None,
        tenant_name=membership["org_name"] if membership else None,
        tenant_status=membership["org_state"] if membership else None,
        mfa_required=bool(row["mfa_required"]) or role in MFA_MANDATORY_ROLES,
    )
    if not usable or (role in PARTNER_ROLES and not person.partner_org_id):
        reach = NOTHING
    listed = {one["client_id"]: one["allowlist"] for one in clients}
    if membership is not None and membership["client_id"]:
        listed[membership["client_id"]] = membership["org_allowlist"]
    lists = {one: _networks(cidrs) for one, cidrs in listed.items() if cidrs is not None}
    return Actor("user", person.user_id, person.email, reach, person=person, allowlists=lists)
