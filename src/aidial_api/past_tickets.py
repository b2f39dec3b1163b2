"""Support tickets that came about before anybody asks: the demo's.

Written as the owner of the tables, under row-level security like everybody. The one thing a newcomer would
get wrong: bodies are sealed exactly as a request seals them, or no page could open them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aidial_api.kernel.crypto import MasterKey, TenantKeys
from aidial_api.kernel.db import owner_transaction
from aidial_api.kernel.reach import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketWriter:
    """Somebody who wrote on a ticket."""

    user_id: str
    name: str
    email: str
    is_support: bool

    @property
    def side(self) -> str:
        """Who they are to the ticket."""
        return "support" if self.is_support else "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTicket:
    """A ticket with its conversation. `comments`: id, writer, body, when."""

    client_id: str
    ticket_id: str
    project_id: str
    status: str
    priority: str
    category: str
    subject: str
    body: str
    by: TicketWriter
    at: datetime
    owner: TicketWriter | None = None
    comments: tuple[tuple[str, TicketWriter, str, datetime], ...] = ()


async def add_ticket(owner_url: str, master_key: bytes, ticket: PastTicket) -> None:
    """A ticket with its conversation, bodies sealed as a request seals them; once by its id."""
    latest = max((at for *_, at in ticket.comments), default=ticket.at)
    async with owner_transaction(owner_url, Reach((ticket.client_id,))) as tx:
        key = await TenantKeys(MasterKey(master_key)).get(tx, ticket.client_id)
        made = await tx.execute(
            "INSERT INTO tickets (client_id, ticket_id, project_id, status, priority, category, subject,"
            " body, created_by, created_by_name, created_by_side, owner, owner_name, recipients,"
            " comment_count, version, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
            " ON CONFLICT DO NOTHING",
            ticket.client_id,
            ticket.ticket_id,
            ticket.project_id,
            ticket.status,
            ticket.priority,
            ticket.category,
            ticket.subject,
            key.encrypt(ticket.body.encode(), purpose="ticket", record=ticket.ticket_id),
            ticket.by.user_id,
            ticket.by.name,
            ticket.by.side,
            ticket.owner and ticket.owner.user_id,
            ticket.owner and ticket.owner.name,
            [ticket.by.email],
            len(ticket.comments),
            1 if ticket.status == "open" else 2,
            ticket.at,
            latest,
        )
        if made == "INSERT 0 0":
            return
        for comment_id, writer, body, at in ticket.comments:
            await tx.execute(
                "INSERT INTO ticket_comments (client_id, ticket_id, comment_id, author, author_name,"
                " author_side, body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                ticket.client_id,
                ticket.ticket_id,
                comment_id,
                writer.user_id,
                writer.name,
                writer.side,
                key.encrypt(body.encode(), purpose="ticket comment", record=comment_id),
                at,
            )
