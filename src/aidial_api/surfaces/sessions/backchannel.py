"""Back-channel logout: the issuer says that somebody signed out there, and their sessions here end.

The token is all the authority there is. The person is found by its `sub` through the look-up that every
bearer uses, and the sessions end under row-level security as that person. The one thing a newcomer would get
wrong: that a token was spent is remembered by its audit event, whose id is made from issuer and `jti`; so it
counts once over all processes and for ever. See `docs/decisions/0017-backchannel-logout.md`.
"""

from __future__ import annotations

import uuid
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from aidial_api.kernel import db as database
from aidial_api.kernel.audit import Event, record_of_system
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.route import Access, Answer, AuthMode, Route
from aidial_api.surfaces.sessions import store
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.media import FORM, JSON
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.sessions import LogoutNotice

if TYPE_CHECKING:
    from aidial_api.kernel.actor import Actor
    from aidial_api.kernel.ask import Ask

LABEL: Final = "identity provider"
MOST_CHARACTERS: Final = 255
_UNAUTHORISED: Final = 401


async def logout(ask: Ask) -> Answer:
    """200 when the token is good, whether or not a session was left to end.

    Errors: 400 `malformed_request` for every token that is not, and for one that was here before.
    """
    claims = await _claims(ask)
    subject, sid, jti = _named(claims)
    services = ask.services
    actor = await services.credentials.person_by_subject(subject)
    async with services.db.transaction(_reach(actor), reserved=True) as tx:
        spent = _event(actor, "sessions.backchannel_logout.received", "identity", subject)
        if not await record_of_system(ask, tx, spent, label=LABEL, event_id=_spent_id(claims["iss"], jti)):
            raise Fault(errors.MALFORMED_REQUEST, reason="logout token replayed")
        ended: list[str] = []
        if actor is not None:
            issuer = services.settings.issuer
            ended = await store.end_of_issuer(tx, actor.actor_id, issuer, subject, sid, utc_now())
        for session_id in ended:
            event = _event(actor, "sessions.session.revoked", "session", session_id)
            await record_of_system(ask, tx, event, label=LABEL)
    for session_id in ended:
        services.credentials.forget_session(session_id)
    return Answer()


async def _claims(ask: Ask) -> dict[str, Any]:
    try:
        return await ask.services.verifier.logout_claims(ask.body.logout_token)
    except Fault as fault:
        if fault.row.status != _UNAUTHORISED:
            raise
        raise Fault(errors.MALFORMED_REQUEST, reason=f"{fault.row.code}: {fault.reason}") from None


def _named(claims: dict[str, Any]) -> tuple[str, str | None, str]:
    """Subject, sign-in (None: every one) and the token's own name."""
    subject, sid, jti = claims.get("sub"), claims.get("sid"), claims.get("jti")
    if not _is_name(jti):
        raise Fault(errors.MALFORMED_REQUEST, reason="logout token without jti")
    if not _is_name(subject):
        raise Fault(errors.MALFORMED_REQUEST, reason="logout token without sub")
    if sid is not None and not _is_name(sid):
        raise Fault(errors.MALFORMED_REQUEST, reason="sid is no text")
    return str(subject), sid, str(jti)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_CHARACTERS and value.isprintable()


def _reach(actor: Actor | None) -> database.Reach:
    if actor is None or actor.person is None:
        return database.NOTHING
    return database.Reach(actor.reach.client_ids, actor.actor_id, actor.person.partner_org_id)


def _event(actor: Actor | None, action: str, kind: str, target_id: str) -> Event:
    """An event of the tenant or partner the person acts for; of a stranger, nobody's."""
    person = actor.person if actor is not None else None
    client_id = person.client_id if person is not None else None
    return Event(
        action=action,
        target_kind=kind,
        target_id=target_id,
        client_id=client_id if actor is not None and client_id in actor.reach.client_ids else None,
        partner_org_id=person.partner_org_id if person is not None else None,
        why="backchannel_logout",
    )


def _spent_id(issuer: str, jti: str) -> str:
    """A UUID (version 8: of our own making) that only this token's event can have."""
    digest = bytearray(sha256(f"aidial logout token\n{issuer}\n{jti}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


ROW: Final = Route(
    method="POST",
    path="/v1/sessions/backchannel-logout",
    name="sessions.backchannel_logout",
    summary="The issuer ends the sessions of a sign-in, or of a person (OpenID Back-Channel Logout 1.0).",
    handler=logout,
    access=Access.PUBLIC,
    auth=AuthMode.NONE,
    permission=None,
    scope=ScopeKind.NOBODY,
    bucket="none",
    answers={200: None},
    body=LogoutNotice,
    takes=(JSON, FORM),
    misfit=errors.MALFORMED_REQUEST,
    body_limit_bytes=64 * 1024,
    writes=True,
)
