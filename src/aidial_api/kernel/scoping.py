"""Steps 6, 9 and 12 of the guard: from the ids a request names to what it may touch, and from where.

The one thing a newcomer would get wrong: nothing here looks a record up. It narrows the reach, and the row's
finder then finds or does not; out of reach and missing are one.
"""

from __future__ import annotations

from aidial_api.kernel import db as database
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.credentials import allowlist_of
from aidial_api.kernel.reach import switch_text
from aidial_api.kernel.route import RECORD_KINDS, Route
from aidial_contract import errors
from aidial_contract.access import INTERNAL_ROLES, PARTNER_ROLES, Permission
from aidial_contract.fault import Fault
from aidial_contract.ids import is_slug
from aidial_contract.networks import holds
from aidial_contract.scope import NOTHING, Reach, ScopeKind

_NARROWING = frozenset({"client_id", "project_id"})
_OF_OPERATIONS = frozenset(
    {Permission.OPS_VIEW, Permission.OPS_MANAGE, Permission.STATUS_VIEW, Permission.STATUS_PUBLISH}
)
"""What internal roles hold of no tenant in particular."""
_OF_MANY = frozenset({ScopeKind.CLIENTS, ScopeKind.PROJECTS, ScopeKind.PARTNER_ORG})


def database_reach(ask: Ask) -> database.Reach:
    """What the transaction may see; of the person too, unless the request was denied."""
    person = None if ask.denied else ask.actor.person
    return database.Reach(
        client_ids=ask.reach.client_ids,
        actor_id=person.user_id or None if person else None,
        partner_org_id=person.partner_org_id if person else None,
        operations=not ask.denied and ask.actor.role in INTERNAL_ROLES and ask.held in _OF_OPERATIONS,
    )


def narrow(ask: Ask, row: Route) -> None:
    """Step 9 for `client_id` and `project_id` of path and query: out of reach is 404.

    Internal roles reach no client until they name one; whether it is there, the row's finder says.
    """
    ids = row.params.ids
    given = {name: text for name, text in ask.raw_query if name in ids and name in _NARROWING}
    given |= {name: text for name, text in ask.path.items() if name in _NARROWING}
    if ask.denied:
        return
    if given:
        _reach_only(ask, given.get("client_id"), given.get("project_id"))
    else:
        _without_closed(ask, row)


def _reach_only(ask: Ask, client_id: str | None, project_id: str | None) -> None:
    if ask.actor.role in INTERNAL_ROLES:
        named = client_id and is_slug(client_id)
        ask.reach = Reach(client_ids=(client_id,), every_project=True) if client_id and named else NOTHING
    else:
        ask.reach = ask.reach.narrowed(client_id=client_id, project_id=project_id)
    if not ask.reach.client_ids:
        ask.denied = "client or project out of reach"
        ask.reach = NOTHING


def lacks_client(ask: Ask, row: Route) -> bool:
    """Whether somebody of many clients forgot to say which; said at the parse step, as any bad query."""
    if ask.denied or "client_id" not in row.params.by_name:
        return False
    must = INTERNAL_ROLES | PARTNER_ROLES if row.names_client else INTERNAL_ROLES
    return ask.actor.role in must and not any(name == "client_id" for name, _ in ask.raw_query)


def own_allowlist(ask: Ask) -> None:
    """Whether the asker's own tenant takes requests from this address (403 `ip_not_allowed`)."""
    client_id = ask.actor.own_client_id
    if client_id and not ask.actor.may_come_from(ask.client_ip, client_id):
        raise Fault(errors.IP_NOT_ALLOWED, reason="own tenant's allowlist")


def _without_closed(ask: Ask, row: Route) -> None:
    """What is about several clients goes on without those whose allowlist lacks the address.

    When none is left a list keeps them all, and `target_allowlist` refuses it.
    """
    if row.scope not in _OF_MANY or row.find_body is not None or ask.actor.role not in PARTNER_ROLES:
        return
    actor, reach = ask.actor, ask.reach
    open_ones = tuple(one for one in reach.client_ids if actor.may_come_from(ask.client_ip, one))
    if open_ones or row.scope is ScopeKind.PARTNER_ORG:
        projects = tuple(project for project in reach.projects if project.client_id in open_ones)
        ask.reach = Reach(open_ones, projects)


async def target_allowlist(ask: Ask, row: Route, *, by_body: bool = False) -> None:
    """Still step 9: partner and internal roles meet the target client's allowlist only now (403).

    Where only the body says what it is about, they meet it once that was found: after step 12.
    """
    if row.scope is ScopeKind.SELF or lacks_client(ask, row) or by_body is not _said_by_body(ask, row):
        return
    role = ask.actor.role
    if role not in PARTNER_ROLES | INTERNAL_ROLES:
        return
    of_one = by_body or row.scope in RECORD_KINDS
    for client_id in (ask.found["client_id"],) if of_one else ask.reach.client_ids:
        if role in INTERNAL_ROLES:
            allowed = await _open_to(ask, client_id)
        else:
            allowed = ask.actor.may_come_from(ask.client_ip, client_id)
        if not allowed:
            raise Fault(errors.IP_NOT_ALLOWED, reason="target client's allowlist")


def _said_by_body(ask: Ask, row: Route) -> bool:
    """Whether the client is known only once the body was read."""
    return row.find_body is not None and not any(name == "client_id" for name, _ in ask.raw_query)


async def _open_to(ask: Ask, client_id: str) -> bool:
    """The same for internal roles, who reach a client only once they name it: asked in the transaction."""
    listed = await ask.tx.fetchval("SELECT enabled_allowlist($1)", client_id)
    networks = allowlist_of(listed)
    return networks is None or holds(networks, ask.client_ip)


async def body_scope(ask: Ask, row: Route) -> None:
    """Step 12 for a body's `client_id`: the reach becomes that client, for `find_body` to look in."""
    if not row.body_names_client:
        return
    _reach_only(ask, ask.body.client_id, None)
    if ask.actor.role in INTERNAL_ROLES:
        await ask.tx.execute(switch_text(database_reach(ask)))
