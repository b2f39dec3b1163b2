"""The first sign-in of an invited person: their e-mail, verified by the issuer, makes the subject theirs.

The one thing a newcomer would get wrong: an e-mail that the issuer has not verified proves nothing, and a
person who is bound is never bound anew, whatever e-mail a token carries.
"""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.actor import Actor
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.reach import Reach, switch_text
from aidial_api.kernel.scoping import own_allowlist
from aidial_api.surfaces.sessions import store
from aidial_contract import errors
from aidial_contract.fault import Fault


async def bind(ask: Ask, claims: dict[str, Any]) -> None:
    """Turn the stranger who asks into the invited person of the ID token's e-mail, in this transaction.

    From here on the request, its transaction and its audit events are that person's. Errors: 404 `not_found`
    when nobody was invited under that address; 403 `ip_not_allowed` of the person's own tenant.
    """
    subject, email = str(claims["sub"]), claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        raise Fault(errors.NOT_FOUND, reason="unknown subject without a verified e-mail")
    credentials = ask.services.credentials
    actor = await credentials.person_by_email(ask.tx, subject, email)
    if actor is None:
        raise Fault(errors.NOT_FOUND, reason="unknown subject, nobody invited")
    await _become(ask, actor)
    if await store.bind_subject(ask.tx, actor.actor_id, subject):
        await record(ask, _bound(ask))
    else:
        # Another registration of the same person was first; whoever holds the subject now is who asks.
        holder = await credentials.person_by_email(ask.tx, subject, "")
        if holder is None or holder.actor_id != actor.actor_id:
            raise Fault(errors.NOT_FOUND, reason="the invitation went to another subject")
    ask.on_commit.append(lambda: credentials.forget_person(subject))


async def _become(ask: Ask, actor: Actor) -> None:
    person = actor.person
    ask.actor_or_none, ask.reach = actor, actor.reach
    own_allowlist(ask)
    reach = Reach(actor.reach.client_ids, actor.actor_id, person.partner_org_id if person else None)
    await ask.tx.execute(switch_text(reach))


def _bound(ask: Ask) -> Event:
    actor = ask.actor
    client_id = actor.person.client_id if actor.person else None
    return Event(
        action="sessions.person.bound",
        target_kind="user",
        target_id=actor.actor_id,
        client_id=client_id if client_id in ask.reach.client_ids else None,
        partner_org_id=actor.person.partner_org_id if actor.person else None,
    )
