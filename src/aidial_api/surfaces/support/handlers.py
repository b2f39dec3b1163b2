"""The HTTP of tickets: from an ask to an answer.

The one thing a newcomer would get wrong: no handler looks at a role; the guard found what is held.
"""

from __future__ import annotations

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.route import CREATED, Answer
from aidial_api.kernel.tickets import entry
from aidial_api.surfaces.support import listing, service, store
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.support import NewTicket, TicketAnswer, TicketList

NOTHING_LIKE_IT = "00000000-0000-0000-0000-000000000000"


async def find(ask: Ask) -> asyncpg.Record | None:
    """The ticket the path names, through the scope."""
    return await store.find_ticket(ask.tx, ask.reach, parse_uuid(ask.path["ticket_id"]) or NOTHING_LIKE_IT)


async def find_lines(ask: Ask) -> list[tuple[str, str]] | None:
    """The lines whose tickets are meant; None for a client, or a project of it, that is not there."""
    rows = await store.find_lines(ask.tx, ask.reach)
    if ask.reach.client_ids and not rows:
        return None
    lines = [(row["client_id"], str(row["project_id"])) for row in rows if row["project_id"] is not None]
    asked = dict(ask.raw_query).get("project_id")
    if asked is None:
        return lines
    wanted = parse_uuid(asked)
    return [line for line in lines if line[1] == wanted] or None


async def find_about(ask: Ask) -> asyncpg.Record | None:
    """The project the body names, through the scope, when every call named is the project's own."""
    body: NewTicket = ask.body
    call_ids = [parse_uuid(one) or NOTHING_LIKE_IT for one in body.call_ids]
    project_id = parse_uuid(body.project_id) or NOTHING_LIKE_IT
    ask.found = await store.find_about(ask.tx, ask.reach, project_id, call_ids)
    return ask.found if ask.found is not None and ask.found["calls"] == len(call_ids) else None


async def show_list(ask: Ask) -> Answer:
    """One page of tickets."""
    page = await listing.list_page(ask.tx, ask.found, ask.query, ask.services.cursors)
    return Answer(TicketList(tickets=[entry(row) for row in page.rows], next_cursor=page.next_cursor))


async def create(ask: Ask) -> Answer:
    """201 with the ticket."""
    about = ask.found
    ticket_id = await service.open_ticket(ask, about["client_id"], about["project_id"])
    row = await store.find_ticket(ask.tx, ask.reach, ticket_id)
    if row is None:
        raise RuntimeError("a ticket just written cannot be read")
    headers = {"location": f"/v1/tickets/{ticket_id}"}
    return Answer(TicketAnswer(ticket=await service.shown(ask, row)), status=CREATED, headers=headers)


async def show(ask: Ask) -> Answer:
    """One ticket with its conversation."""
    return Answer(TicketAnswer(ticket=await service.shown(ask, ask.found, ask.query["cursor"])))


async def change(ask: Ask) -> Answer:
    """The ticket after its change."""
    await service.change_ticket(ask, ask.found)
    return Answer(TicketAnswer(ticket=await service.shown(ask, await service.again(ask))))


async def comment(ask: Ask) -> Answer:
    """201 with the comment."""
    return Answer(await service.add_comment(ask, ask.found), status=CREATED)
