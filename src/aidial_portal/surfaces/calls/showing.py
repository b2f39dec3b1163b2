"""From calls on the wire to what the templates draw.

The one thing a newcomer would get wrong: values stay raw (instants, seconds, E.164); the templates format
them in the page's zone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from aidial_contract.access import Permission, level_of
from aidial_contract.checking import parse_time
from aidial_contract.fault import Fault
from aidial_contract.shapes.calls import MAX_TURNS
from aidial_portal.design import context
from aidial_portal.design.filters import worded
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import projects_of, zone_of_project
from aidial_portal.surfaces.calls.hearing import show_player
from aidial_portal.surfaces.calls.offers import transcript_offer, unlocks_url
from aidial_portal.surfaces.calls.state import TURNS_STEP
from aidial_portal.words import _

if TYPE_CHECKING:
    from aidial_contract.shapes.calls import Call, Transcript, Turn
    from aidial_contract.shapes.recordings import Recording
    from aidial_portal.kernel.request import PortalRequest
    from aidial_portal.surfaces.calls.state import ListState


def project_names(request: PortalRequest) -> dict[str, str]:
    """What each project in reach is called: with its client's name where there are several clients."""
    known = request.session.known
    clients = {client.client_id: client.name for client in known.clients}
    return {
        project.project_id: project.display_name
        if len(clients) == 1
        else f"{project.display_name}, {clients.get(project.client_id, project.client_id)}"
        for project in projects_of(request)
    }


def show_row(call: Call, state: ListState, names: dict[str, str], zones: dict[str, str]) -> context.CallRow:
    """A call as a row; its link opens it, or closes it when it is open. `zones` are projects' own."""
    is_open = state.get("expand") == call.call_id
    return context.CallRow(
        call_id=call.call_id,
        started_at=call.started_at,
        caller=call.to_number if call.direction == "outbound" else call.from_number,
        duration_seconds=call.duration_seconds,
        status=call.status,
        outcome=state.terms.say("outcome", call.project_id, call.outcome),
        sentiment=call.sentiment.caller,
        agent_name=call.agent.name,
        project_name=names.get(call.project_id, ""),
        expand_url=state.url_here(expand=None if is_open else call.call_id),
        timezone=zones.get(call.project_id, state.zone),
        channel=call.channel,
        direction=call.direction,
        needs_attention=call.attention.flag,
    )


def show_review(
    request: PortalRequest,
    call: Call,
    transcript: Transcript | Fault,
    recording: Recording | Fault | None,
    state: ListState,
) -> context.CallReview:
    """A call and its conversation; a transcript that could not be loaded says so in its place."""
    failed = isinstance(transcript, Fault)
    turns = [] if isinstance(transcript, Fault) else transcript.turns
    more = _more(call, len(turns), state)
    return context.CallReview(
        call_id=call.call_id,
        timezone=zone_of_project(request, call.project_id),
        started_at=call.started_at,
        ended_at=call.ended_at,
        duration_seconds=call.duration_seconds,
        end_reason=call.end_reason,
        from_number=call.from_number,
        to_number=call.to_number,
        direction=call.direction,
        message_count=call.message_count,
        caller_sentiment=call.sentiment.caller,
        agent_sentiment=call.sentiment.agent,
        consent_state=_text(call.consent, "state") or "unavailable",
        transcript_state="error" if isinstance(transcript, Fault) else str(transcript.state),
        deleted_for=None if isinstance(transcript, Fault) else transcript.deleted_for,
        close_url=state.url_here(expand=None),
        turns=tuple(_turn(turn, place) for place, turn in enumerate(turns[: state.turns], 1)),
        more=more,
        removed=_removed(turns),
        status=call.status,
        summary=call.summary,
        outcome=state.terms.say("outcome", call.project_id, call.outcome),
        resolution=state.terms.say("resolution", call.project_id, call.resolution),
        agent_name=call.agent.name,
        transfer_destination=_text(call.transfer, "destination"),
        transfer_result=_text(call.transfer, "result"),
        attention_reason=(call.attention.reason or _("Somebody should look at this call."))
        if call.attention.flag
        else None,
        booking_at=parse_time(_text(call.booking, "at")),
        booking_details=" · ".join(
            filter(None, (_text(call.booking, "reference"), _text(call.booking, "notes")))
        )
        or None,
        follow_up_due_at=parse_time(_text(call.follow_up, "due_at")),
        follow_up_note=_text(call.follow_up, "note"),
        call_type=state.terms.say("call_type", call.project_id, call.call_type),
        channel=call.channel,
        agent_version=call.agent.config_version,
        sms_status=worded(call.sms_status),
        email_status=worded(call.email_status),
        consent_method=_text(call.consent, "method"),
        consent_at=parse_time(_text(call.consent, "obtained_at")),
        consent_evidence=_text(call.consent, "evidence"),
        **_cost(call.cost),
        here_url=state.url_here(expand=call.call_id, turns=str(state.turns if more else MAX_TURNS)),
        help_url=_help_url(request, call),
        error_request_id=request.request_id if failed else None,
        downloads=transcript_offer(request, call),
        unlocks_url=unlocks_url(request, call),
        player=show_player(call, recording),
    )


def _more(call: Call, total: int, state: ListState) -> context.MoreTurns | None:
    """What is not shown yet, and where it is read: at the first new turn."""
    shown = state.turns
    if total <= shown:
        return None

    def url(turns: int) -> str:
        return f"{state.url_here(expand=call.call_id, turns=str(turns))}#turn-{shown + 1}"

    return context.MoreTurns(
        shown=shown,
        total=total,
        next_count=min(total - shown, TURNS_STEP),
        next_url=url(min(shown + TURNS_STEP, MAX_TURNS)),
        whole_url=url(MAX_TURNS) if total - shown > TURNS_STEP else None,
    )


def _turn(turn: Turn, place: int) -> context.Turn:
    marks = tuple(context.Redaction(mark.kind, mark.start, mark.end) for mark in turn.redactions)
    begins = place > 1 and place % TURNS_STEP == 1
    return context.Turn(turn.speaker, turn.text, turn.start_ms, marks, place if begins else None)


def _removed(turns: list[Turn]) -> tuple[tuple[str, int], ...]:
    """The kinds of personal details that were found in the whole conversation, each with its marks."""
    return tuple(Counter(mark.kind for turn in turns for mark in turn.redactions).most_common())


def _help_url(request: PortalRequest, call: Call) -> str | None:
    role = request.session.role
    if role is None or level_of(role, Permission.SUPPORT_USE) is None:
        return None
    return with_query("/support/new", {}, project_id=call.project_id)


def _cost(found: Any) -> dict[str, Any]:
    """What it cost; an unknown cost stays away."""
    if not isinstance(found, dict) or not isinstance(found.get("amount_minor"), int):
        return {}
    return {"cost_minor": found["amount_minor"], "cost_currency": str(found.get("currency", "AUD"))}


def _text(found: Any, name: str) -> str | None:
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else None
