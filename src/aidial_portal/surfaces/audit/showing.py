"""From events on the wire to what the templates draw.

The one thing a newcomer would get wrong: a detail this reader may not see keeps its place and says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from aidial_contract.ids import parse_uuid
from aidial_portal.design.context import AuditFact, AuditRow
from aidial_portal.design.links import with_query
from aidial_portal.surfaces.audit.filters import who
from aidial_portal.surfaces.audit.words import reason, sentence, target_name
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_contract.shapes.audit import AuditActor, AuditEvent, AuditTarget

RESTRICTED: Final = N_("Restricted to administrators")
NOT_RECORDED: Final = N_("Not recorded")


def show_row(event: AuditEvent, projects: Mapping[str, str]) -> AuditRow:
    """An event as a row."""
    target_url, target_label = _page_of(event.target)
    return AuditRow(
        event_id=event.event_id,
        at=event.at,
        who=_who(event.actor),
        who_kind=event.actor.kind,
        what=sentence(event.action, event.why),
        outcome=event.outcome,
        why=reason(event.why),
        project_name=projects.get(event.project_id or ""),
        target_url=target_url,
        target_label=target_label,
        facts=_facts(event),
    )


def _page_of(target: AuditTarget) -> tuple[str | None, str]:
    """Where what an event is about is shown, and what the link to it says."""
    record_id = parse_uuid(target.id or "")
    if record_id is not None and target.kind == "call":
        return with_query("/calls", {}, expand=record_id), _("Open the call")
    if record_id is not None and target.kind == "ticket":
        return f"/support/{record_id}", _("Open the ticket")
    return None, ""


def _who(actor: AuditActor) -> str:
    if actor.kind == "system":
        return f"AiDial ({actor.label})" if actor.label else "AiDial"
    return who(actor.label or actor.id or _("Unknown"))


def _facts(event: AuditEvent) -> tuple[AuditFact, ...]:
    technical = event.technical
    metadata = (
        None if technical.metadata is None else json.dumps(technical.metadata, ensure_ascii=False, indent=2)
    )
    withheld = {str(name): RESTRICTED for name in technical.restricted}

    def fact(name: str, value: str | None, member: str = "") -> AuditFact:
        return AuditFact(name, value, _(withheld.get(member, NOT_RECORDED)), is_code=value is not None)

    return (
        fact(_("Recorded action"), event.action),
        fact(target_name(event.target.kind), event.target.id),
        fact(_("Actor"), event.actor.id),
        fact(_("Event"), event.event_id),
        fact(_("Request"), technical.request_id),
        fact(_("Allowed by"), technical.policy),
        fact(_("Source address"), technical.source_ip, "source_ip"),
        fact(_("Metadata"), metadata, "metadata"),
    )
