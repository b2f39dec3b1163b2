"""Support tickets on the wire: a list, one with its conversation, what opens, answers and changes one.

`product.md` section 6. The one thing a newcomer would get wrong: texts are trimmed before they count, so a
body of spaces is empty and refused, by a rule and not by the length in its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from msgspec import UNSET, Meta, UnsetType, field

from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import Incoming, Outgoing, Time, Uuid, Version, not_blank

Priority = Literal["low", "normal", "high"]
Category = Literal["account", "billing", "technical", "feature_request", "general"]
TicketStatus = Literal["open", "waiting_on_customer", "waiting_on_support", "resolved", "closed"]
Side = Literal["customer", "support"]
PRIORITIES: tuple[str, ...] = get_args(Priority)
CATEGORIES: tuple[str, ...] = get_args(Category)
TICKET_STATUSES: tuple[str, ...] = get_args(TicketStatus)
MAX_CALLS = 5
MAX_RECIPIENTS = 20
COMMENTS_A_PAGE = 50

Subject = Annotated[str, Meta(max_length=200, pattern=TEXT_PATTERN)]
Body = Annotated[str, Meta(max_length=10_000, pattern=TEXT_PATTERN)]
Address = Annotated[str, Meta(max_length=320, pattern=TEXT_PATTERN)]
CallId = Annotated[str, Meta(max_length=64)]
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\Z")


class NewTicket(Incoming):
    """`POST /v1/tickets`.

    `recipients` are e-mail addresses of verified people who reach the project; whoever opens the ticket
    is one without saying so. `call_ids` are up to five calls of the same project.
    """

    project_id: str
    priority: Priority
    category: Category
    subject: Subject
    body: Body
    recipients: Annotated[list[Address], Meta(max_length=MAX_RECIPIENTS)] = field(default_factory=list)
    call_ids: Annotated[list[CallId], Meta(max_length=MAX_CALLS)] = field(default_factory=list)


class NewComment(Incoming):
    """`POST /v1/tickets/{ticket_id}/comments`."""

    body: Body


class TicketPatch(Incoming):
    """`PATCH /v1/tickets/{ticket_id}`. Absent members stay as they are.

    `owner` is for those who answer: `me` takes the ticket, null gives it back.
    """

    expected_version: Version | None = None
    status: TicketStatus | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    owner: Literal["me"] | None | UnsetType = UNSET


class TicketPerson(Outgoing):
    """Somebody who wrote or owns. `side` is who they are to the ticket."""

    user_id: Uuid
    name: str
    side: Side


class TicketComment(Outgoing):
    """One text of the conversation."""

    comment_id: Uuid
    author: TicketPerson
    body: str
    created_at: Time


class TicketEntry(Outgoing):
    """A ticket as lists show it."""

    ticket_id: Uuid
    client_id: str
    project_id: Uuid
    status: TicketStatus
    priority: Priority
    category: Category
    subject: str
    created_by: TicketPerson
    owner: TicketPerson | None
    comment_count: int
    created_at: Time
    updated_at: Time
    version: int


class Ticket(TicketEntry):
    """A ticket whole.

    `comments` are the newest fifty, oldest first, and `comments_cursor` leads to those before them.
    `allowed` are the statuses that the reader may give it now.
    """

    body: str
    recipients: list[str]
    call_ids: list[Uuid]
    comments: list[TicketComment]
    comments_cursor: str | None
    allowed: list[TicketStatus]


class TicketAnswer(Outgoing):
    """One ticket, as it is now."""

    ticket: Ticket


class CommentAnswer(Outgoing):
    """The comment just made, and the ticket's state after it."""

    comment: TicketComment
    status: TicketStatus
    version: int


class TicketList(Outgoing):
    """`GET /v1/tickets`, newest first."""

    tickets: list[TicketEntry]
    next_cursor: str | None


comment_rules = not_blank("body")
_texts = not_blank("subject", "body")


def new_ticket_rules(plain: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """Texts that hold something, addresses that are some, nothing named twice."""
    yield from _texts(plain, failed)
    if not isinstance(plain, dict):
        return
    for name, wrong in (("recipients", _no_address), ("call_ids", None)):
        given = plain.get(name)
        if not isinstance(given, list) or f"/{name}" in failed:
            continue
        seen = set()
        for index, one in enumerate(given):
            pointer = f"/{name}/{index}"
            if not isinstance(one, str) or pointer in failed:
                continue
            if wrong is not None and wrong(one):
                yield FieldError(pointer, "format")
            elif one.strip().lower() in seen:
                yield FieldError(pointer, "repeated")
            seen.add(one.strip().lower())


def _no_address(text: str) -> bool:
    return _ADDRESS.match(text.strip()) is None
