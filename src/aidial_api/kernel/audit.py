"""One audit event a mutation or sensitive read, in the same transaction as what it tells of.

The one thing a newcomer would get wrong: `technical` is shown to people. Ids and field names belong there,
never values. And an action is a row of the catalogue first (`aidial_contract.audit_actions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.transaction import Tx
from aidial_contract.audit_actions import ACTIONS
from aidial_contract.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened: `action` is `<surface>.<what>.<verb>`."""

    action: str
    target_kind: str
    target_id: str
    client_id: str | None = None
    partner_org_id: str | None = None
    project_id: str | None = None
    outcome: str = "done"
    why: str | None = None
    technical: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuse what the catalogue does not know: the log would have no words for it, nor the docs."""
        if self.action not in ACTIONS:
            raise LookupError(f"{self.action} has no row in aidial_contract/audit_actions.py")


_INSERT = """
INSERT INTO audit_events (event_id, client_id, partner_org_id, actor_kind, actor_id, actor_label, action,
                          target_kind, target_id, project_id, outcome, why, request_id, ip, technical, policy)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text::inet, $15, $16)
"""


_ONCE = f"{_INSERT.rstrip()} ON CONFLICT DO NOTHING\n"


async def record_of_system(
    ask: Ask, tx: Tx, event: Event, *, label: str, event_id: str | None = None
) -> bool:
    """Write what nobody signed in asked for; `label` says who did. False: `event_id` is there already."""
    tag = await tx.execute(
        _ONCE,
        event_id or new_id(),
        event.client_id,
        event.partner_org_id,
        "system",
        None,
        label,
        *_rest(ask, event),
    )
    return tag == "INSERT 0 1"


async def record(ask: Ask, event: Event) -> None:
    """Write the event in the request's transaction."""
    actor = ask.actor
    await ask.tx.execute(
        _INSERT,
        new_id(),
        event.client_id,
        event.partner_org_id,
        actor.kind,
        actor.actor_id or None,
        actor.label,
        *_rest(ask, event),
    )


def _rest(ask: Ask, event: Event) -> tuple[str | None, ...]:
    return (
        event.action,
        event.target_kind,
        event.target_id,
        event.project_id,
        event.outcome,
        event.why,
        ask.request_id,
        ask.client_ip,
        None if event.technical is None else msgspec.json.encode(event.technical).decode(),
        _policy(ask),
    )


def _policy(ask: Ask) -> str | None:
    """Why it was allowed: the permission, and how much of it the actor holds; None where nobody is asked."""
    if ask.held is None:
        return None
    return str(ask.held) if ask.level is None else f"{ask.held} ({ask.level})"
