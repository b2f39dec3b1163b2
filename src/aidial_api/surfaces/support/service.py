"""What happens to a ticket: it is opened, answered, changed; and what its reader is shown.

The one thing a newcomer would get wrong: bodies are encrypted as typed, because people type numbers on
purpose; a subject is redacted, because it is searched and shown in lists. A card verification code is in
neither.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import asyncpg
import msgspec
from msgspec import UNSET

from aidial_api.kernel import versions
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.crypto import TenantKey
from aidial_api.kernel.redaction import RedactionFailed, redact_turns
from aidial_api.kernel.tickets import entry
from aidial_api.surfaces.support import store
from aidial_api.surfaces.support.listing import read_cursor
from aidial_contract import errors
from aidial_contract.access import Permission
from aidial_contract.fault import Fault, FieldError
from aidial_contract.ids import new_id
from aidial_contract.lifecycle import TICKETS, Lifecycle
from aidial_contract.shapes.support import (
    COMMENTS_A_PAGE,
    CommentAnswer,
    NewTicket,
    Ticket,
    TicketComment,
    TicketPatch,
    TicketPerson,
)

MAX_SUBJECT: Final = 200
BY_CUSTOMERS: Final = TICKETS.without("waiting_on_customer")
"""Only whoever answers says that the customer is to act."""
_MOVED_BY_CUSTOMERS: Final = '{"waiting_on_customer": "waiting_on_support", "resolved": "open"}'
_MOVED_BY_SUPPORT: Final = "{}"


def _answers(ask: Ask) -> bool:
    """Whether the asker was let in as one of those who answer."""
    return ask.held is Permission.SUPPORT_ANSWER


def lifecycle_for(ask: Ask) -> Lifecycle:
    """What the asker may do to a ticket's status."""
    return TICKETS if _answers(ask) else BY_CUSTOMERS


def asker(ask: Ask) -> TicketPerson:
    """The asker as a ticket remembers them."""
    person = ask.actor.person
    if person is None:
        raise RuntimeError("tickets are for people")
    name = " ".join(filter(None, (person.first_name, person.last_name))) or person.email
    side: Literal["customer", "support"] = "support" if _answers(ask) else "customer"
    return TicketPerson(user_id=person.user_id, name=name, side=side)


def cleaned(*texts: str) -> tuple[str, str]:
    """Texts of one writing, redacted for lists (the first) and as they may be kept encrypted (the last).

    503 `dependency_timeout` when redaction takes too long: nothing may be stored then.
    """
    try:
        done = redact_turns([text.strip() for text in texts])
    except RedactionFailed as failed:
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason=f"a ticket's text: {failed}") from None
    return done.turns[0].text[:MAX_SUBJECT], done.vault[-1]


async def open_ticket(ask: Ask, client_id: str, project_id: str) -> str:
    """Write the ticket of the body; gives back its id. 422 for a recipient who may not be one."""
    body: NewTicket = ask.body
    recipients = await _recipients(ask, client_id, project_id, body)
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    ticket_id, author = new_id(), asker(ask)
    subject, text = cleaned(body.subject, body.body)
    columns = {
        "client_id": client_id,
        "ticket_id": ticket_id,
        "project_id": project_id,
        "priority": body.priority,
        "category": body.category,
        "subject": subject,
        "body": key.encrypt(text.encode(), purpose="ticket", record=ticket_id),
        "created_by": author.user_id,
        "created_by_name": author.name,
        "created_by_side": author.side,
        "recipients": recipients,
        "call_ids": [one.lower() for one in body.call_ids],
    }
    await store.insert_ticket(ask.tx, columns)
    said = {"recipients": len(recipients), "calls": len(body.call_ids)}
    await record(ask, _event("support.ticket.created", client_id, project_id, ticket_id, said))
    return ticket_id


async def _recipients(ask: Ask, client_id: str, project_id: str, body: NewTicket) -> list[str]:
    """Whoever opens it, and the verified people named.

    One refusal for a stranger, a rival's person, a colleague who never signed in and one who does not reach
    the project: nobody learns from it who exists.
    """
    person = ask.actor.person
    own = person.email if person else ""
    named = [one.strip().lower() for one in body.recipients]
    verified = await store.verified_addresses(ask.tx, client_id, project_id, named) if named else frozenset()
    wrong = [
        FieldError(f"/recipients/{index}", "not_allowed")
        for index, one in enumerate(named)
        if one not in verified and one != own
    ]
    if wrong:
        raise Fault(errors.VALIDATION_FAILED, field_errors=wrong, reason="recipients")
    return [own, *(one for one in named if one != own)]


async def change_ticket(ask: Ask, row: asyncpg.Record) -> None:
    """Apply the body's changes at the version it names. 409 `version_conflict` or `state_conflict`."""
    patch: TicketPatch = ask.body
    changes = _changes(ask, patch)
    if not changes:
        raise Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("", "required")], reason="no change")
    if row["version"] != patch.expected_version:
        raise versions.conflict(row["version"])
    lifecycle = lifecycle_for(ask)
    if "status" in changes:
        lifecycle.require(row["status"], changes["status"])
    elif not lifecycle.allowed[row["status"]]:
        raise lifecycle.conflict(row["status"])
    client_id, ticket_id = row["client_id"], str(row["ticket_id"])
    if not await store.update_ticket(ask.tx, client_id, ticket_id, row["version"], changes):
        raise versions.conflict((await again(ask))["version"])
    fields = {"fields": sorted(set(changes) - {"owner_name"})}
    await record(ask, _event("support.ticket.updated", client_id, str(row["project_id"]), ticket_id, fields))


def _changes(ask: Ask, patch: TicketPatch) -> dict[str, Any]:
    given = {name: getattr(patch, name) for name in ("status", "priority", "category")}
    changes = {name: value for name, value in given.items() if value is not UNSET}
    if patch.owner is not UNSET:
        taken = asker(ask) if patch.owner == "me" else None
        changes |= {"owner": taken and taken.user_id, "owner_name": taken and taken.name}
    return changes


async def again(ask: Ask) -> asyncpg.Record:
    """The asked ticket as it is by now."""
    found = await store.find_ticket(ask.tx, ask.reach, str(ask.found["ticket_id"]))
    if found is None:
        raise RuntimeError("a ticket just found cannot be read")
    return found


async def add_comment(ask: Ask, row: asyncpg.Record) -> CommentAnswer:
    """Write the body's comment. 409 `state_conflict` on a closed ticket.

    What a customer writes on a ticket that waits for them, or is resolved, puts it back to support.
    """
    client_id, ticket_id = row["client_id"], str(row["ticket_id"])
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    comment_id, author = new_id(), asker(ask)
    _, text = cleaned(ask.body.body)
    sealed = key.encrypt(text.encode(), purpose="ticket comment", record=comment_id)
    columns = (comment_id, author.user_id, author.name, author.side, sealed)
    moves = _MOVED_BY_SUPPORT if _answers(ask) else _MOVED_BY_CUSTOMERS
    written = await store.insert_comment(ask.tx, client_id, ticket_id, columns, moves)
    if written is None:
        raise TICKETS.conflict("closed")
    said = {"comment_id": comment_id}
    await record(ask, _event("support.comment.added", client_id, str(row["project_id"]), ticket_id, said))
    comment = TicketComment(comment_id=comment_id, author=author, body=text, created_at=written["created_at"])
    return CommentAnswer(comment=comment, status=written["status"], version=written["version"])


def _event(action: str, client_id: str, project_id: str, ticket_id: str, technical: dict[str, Any]) -> Event:
    return Event(
        action=action,
        target_kind="ticket",
        target_id=ticket_id,
        client_id=client_id,
        project_id=project_id,
        technical=technical,
    )


async def shown(ask: Ask, row: asyncpg.Record, cursor: str | None = None) -> Ticket:
    """A ticket whole, with the newest comments, or those before a cursor."""
    client_id, ticket_id = row["client_id"], str(row["ticket_id"])
    bound = "ticket comments", client_id, ticket_id
    before = read_cursor(ask.services.cursors, cursor, str, *bound)
    found = await store.read_comments(ask.tx, client_id, ticket_id, before, COMMENTS_A_PAGE + 1)
    page = found[:COMMENTS_A_PAGE]
    earlier = len(found) > len(page)
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    return Ticket(
        **msgspec.structs.asdict(entry(row)),
        body=key.decrypt(row["body"], purpose="ticket", record=ticket_id).decode(),
        recipients=row["recipients"],
        call_ids=[str(one) for one in row["call_ids"]],
        comments=[_comment(one, key) for one in reversed(page)],
        comments_cursor=ask.services.cursors.encode(str(page[-1]["comment_id"]), *bound) if earlier else None,
        allowed=list(lifecycle_for(ask).allowed[row["status"]]),  # type: ignore[arg-type] # of the table
    )


def _comment(row: asyncpg.Record, key: TenantKey) -> TicketComment:
    comment_id = str(row["comment_id"])
    return TicketComment(
        comment_id=comment_id,
        author=TicketPerson(user_id=str(row["author"]), name=row["author_name"], side=row["author_side"]),
        body=key.decrypt(row["body"], purpose="ticket comment", record=comment_id).decode(),
        created_at=row["created_at"],
    )
