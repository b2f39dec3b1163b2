"""From tickets on the wire to what the templates draw.

The one thing a newcomer would get wrong: the conversation begins with the ticket's own body, whatever page of
its comments is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.shapes.support import PRIORITIES
from aidial_portal.design.context import Choice, TicketEntryShown, TicketPage, TicketRow
from aidial_portal.design.filters import label
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import projects_of, zone_of
from aidial_portal.surfaces.support.filters import PATH
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aidial_contract.shapes.support import Ticket, TicketEntry
    from aidial_portal.kernel.request import PortalRequest

MOVES = {
    "open": N_("Reopen"),
    "waiting_on_support": N_("Ask support to go on"),
    "waiting_on_customer": N_("Wait for the customer"),
    "resolved": N_("Mark as resolved"),
    "closed": N_("Close for good"),
}
"""What giving a ticket a status means to whoever does it."""


def project_names(request: PortalRequest) -> dict[str, str]:
    """What each project in reach is called: with its client's name where there are several clients."""
    known = request.session.known
    clients = {client.client_id: client.name for client in known.clients}
    return {
        one.project_id: one.display_name
        if len(clients) == 1
        else f"{one.display_name}, {clients.get(one.client_id, one.client_id)}"
        for one in projects_of(request)
    }


def show_row(ticket: TicketEntry, names: Mapping[str, str]) -> TicketRow:
    """A ticket of the list."""
    return TicketRow(
        ticket_id=ticket.ticket_id,
        url=f"{PATH}/{ticket.ticket_id}",
        subject=ticket.subject,
        status=ticket.status,
        priority=ticket.priority,
        category=ticket.category,
        opened_by=ticket.created_by.name,
        comment_count=ticket.comment_count,
        updated_at=ticket.updated_at,
        project_name=names.get(ticket.project_id, ""),
    )


def show_ticket(request: PortalRequest, ticket: Ticket, now: datetime) -> TicketPage:
    """One ticket with its conversation, in its project's zone."""
    zones = {one.project_id: one.timezone for one in projects_of(request)}
    here = f"{PATH}/{ticket.ticket_id}"
    is_earlier = bool(request.query.get("cursor"))
    priorities = (Choice(label(one), one, is_current=one == ticket.priority) for one in PRIORITIES)
    return TicketPage(
        timezone=zones.get(ticket.project_id) or zone_of(request),
        now=now,
        ticket_id=ticket.ticket_id,
        api_url=f"/api/support/tickets/{ticket.ticket_id}",
        subject=ticket.subject,
        status=ticket.status,
        priority=ticket.priority,
        category=ticket.category,
        project_name=project_names(request).get(ticket.project_id, ""),
        opened_by=ticket.created_by.name,
        owner=ticket.owner.name if ticket.owner else None,
        opened_at=ticket.created_at,
        updated_at=ticket.updated_at,
        version=ticket.version,
        recipients=tuple(ticket.recipients),
        entries=_entries(ticket),
        moves=tuple(Choice(_(MOVES[one]), one) for one in ticket.allowed),
        priorities=tuple(priorities),
        calls=tuple(
            (with_query("/calls", {}, expand=call_id), _("Call {number}").format(number=number))
            for number, call_id in enumerate(ticket.call_ids, start=1)
        ),
        earlier_url=with_query(here, {}, cursor=ticket.comments_cursor) if ticket.comments_cursor else None,
        is_earlier=is_earlier,
        is_closed=ticket.status == "closed",
    )


def _entries(ticket: Ticket) -> tuple[TicketEntryShown, ...]:
    first = TicketEntryShown(
        entry_id=ticket.ticket_id,
        author=ticket.created_by.name,
        side=ticket.created_by.side,
        at=ticket.created_at,
        body=ticket.body,
        is_first=True,
    )
    others = (
        TicketEntryShown(
            entry_id=one.comment_id,
            author=one.author.name,
            side=one.author.side,
            at=one.created_at,
            body=one.body,
        )
        for one in ticket.comments
    )
    return (first, *others)
