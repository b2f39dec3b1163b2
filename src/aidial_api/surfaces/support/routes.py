"""The rows of support tickets.

The one thing a newcomer would get wrong: customers and partners use tickets, AiDial's people answer them; the
rows are the same, and those who answer name the client in the query.
"""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.support import handlers
from aidial_contract.access import Permission
from aidial_contract.params import TICKET_CLIENT, TICKET_PARAMS, TICKET_SHOW_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.support import (
    CommentAnswer,
    NewComment,
    NewTicket,
    TicketAnswer,
    TicketList,
    TicketPatch,
    comment_rules,
    new_ticket_rules,
)

_ALL: dict[str, Any] = {
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.SUPPORT_USE,
    "or_permission": Permission.SUPPORT_ANSWER,
    "bucket": "reads",
}
_LIST: dict[str, Any] = {
    **_ALL,
    "path": "/v1/tickets",
    "scope": ScopeKind.PROJECTS,
    "find": handlers.find_lines,
}
_ONE: dict[str, Any] = {
    **_ALL,
    "path": "/v1/tickets/{ticket_id}",
    "scope": ScopeKind.RECORD,
    "find": handlers.find,
}

ROWS = (
    Route(
        **_LIST,
        method="GET",
        name="tickets.list",
        summary="A page of the support tickets you reach, newest first.",
        handler=handlers.show_list,
        answers={200: TicketList},
        query=TICKET_PARAMS,
    ),
    Route(
        **_LIST,
        method="POST",
        name="tickets.create",
        summary="Open a support ticket about a project, with up to five of its calls.",
        handler=handlers.create,
        answers={201: TicketAnswer},
        query=(TICKET_CLIENT,),
        body=NewTicket,
        rules=(new_ticket_rules,),
        find_body=handlers.find_about,
        writes=True,
        idempotent_create=True,
    ),
    Route(
        **_ONE,
        method="GET",
        name="tickets.show",
        summary="One support ticket with its conversation.",
        handler=handlers.show,
        answers={200: TicketAnswer},
        query=TICKET_SHOW_PARAMS,
    ),
    Route(
        **_ONE,
        method="PATCH",
        name="tickets.change",
        summary="Change a ticket's status, priority or category; its owner, for those who answer.",
        handler=handlers.change,
        answers={200: TicketAnswer},
        query=(TICKET_CLIENT,),
        body=TicketPatch,
        members={"owner": Permission.SUPPORT_ANSWER},
        precondition=Precondition.EXPECTED_VERSION,
        writes=True,
        errors=("version_conflict", "state_conflict"),
    ),
    Route(
        **{**_ONE, "path": "/v1/tickets/{ticket_id}/comments"},
        method="POST",
        name="tickets.comment",
        summary="Add to a ticket's conversation.",
        handler=handlers.comment,
        answers={201: CommentAnswer},
        query=(TICKET_CLIENT,),
        body=NewComment,
        rules=(comment_rules,),
        writes=True,
        idempotent_create=True,
        errors=("state_conflict",),
    ),
)
