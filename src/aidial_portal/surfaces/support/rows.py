"""The rows of support.

The one thing a newcomer would get wrong: AiDial's own people answer through `/v1` and have no row here; to
them these addresses are not there.
"""

from __future__ import annotations

from typing import Final

from aidial_contract.access import Permission
from aidial_contract.params import TICKET_PARAMS, TICKET_SHOW_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.support import NewComment, NewTicket, TicketPatch, comment_rules, new_ticket_rules
from aidial_portal.kernel.limits import COMMENTS
from aidial_portal.kernel.pages import PROJECTS, page_row
from aidial_portal.kernel.route import Access, Precondition, Route, RouteScope, json_body
from aidial_portal.kernel.rows import REPEATABLE, change_row, read_row
from aidial_portal.surfaces.support import api, pages

_TICKET: Final = RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id=None)
_DENIAL: Final = "/v1/tickets/{id}"
_USE: Final = Permission.SUPPORT_USE
_OF_COMMENTS: Final = tuple(param for param in TICKET_SHOW_PARAMS if param.name == "cursor")


def rows() -> tuple[Route, ...]:
    """The pages, and the same as JSON."""
    return (
        page_row(
            "/support",
            "support.page",
            pages.tickets,
            access=Access.FULL,
            permission=_USE,
            scope=PROJECTS,
            params=TICKET_PARAMS,
        ),
        page_row(
            "/support/new",
            "support.new",
            pages.new_ticket,
            access=Access.FULL,
            permission=_USE,
            scope=PROJECTS,
            query=frozenset({"project_id"}),
        ),
        page_row(
            "/support/{ticket_id}",
            "support.ticket",
            pages.ticket,
            access=Access.FULL,
            permission=_USE,
            scope=_TICKET,
            params=_OF_COMMENTS,
            denial=_DENIAL,
        ),
        read_row(
            "/api/support/tickets",
            "support.list",
            api.tickets,
            permission=_USE,
            scope=PROJECTS,
            params=TICKET_PARAMS,
        ),
        change_row(
            "POST",
            "/api/support/tickets",
            "support.create",
            api.create,
            permission=_USE,
            scope=PROJECTS,
            bucket=None,
            body=json_body(NewTicket, new_ticket_rules),
            errors=REPEATABLE,
        ),
        read_row(
            "/api/support/tickets/{ticket_id}",
            "support.show",
            api.ticket,
            permission=_USE,
            scope=_TICKET,
            params=_OF_COMMENTS,
            denial=_DENIAL,
        ),
        change_row(
            "PATCH",
            "/api/support/tickets/{ticket_id}",
            "support.change",
            api.change,
            permission=_USE,
            scope=_TICKET,
            bucket=None,
            body=json_body(TicketPatch),
            precondition=Precondition.EXPECTED_VERSION,
            denial=_DENIAL,
            errors=("state_conflict",),
        ),
        change_row(
            "POST",
            "/api/support/tickets/{ticket_id}/comments",
            "support.comment",
            api.comment,
            permission=_USE,
            scope=_TICKET,
            bucket=COMMENTS,
            body=json_body(NewComment, comment_rules),
            denial=_DENIAL,
            errors=("state_conflict", *REPEATABLE),
        ),
    )
