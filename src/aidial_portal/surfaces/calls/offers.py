"""Which files somebody may make of what they see: the export of a list, a transcript of an open call.

The one thing a newcomer would get wrong: an offer is no permission. It is drawn from the same table, and the
API decides again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.access import Level, Permission, level_of
from aidial_contract.params import CALL_EXPORT_PARAMS
from aidial_contract.shapes.downloads import READABLE_STATES, SENSITIVE_COLUMNS, TRANSCRIPT_FORMATS
from aidial_portal.design.context import CallExport
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_contract.shapes.calls import Call, CallList
    from aidial_portal.kernel.request import PortalRequest
    from aidial_portal.surfaces.calls.state import ListState

_NAMES: Final = frozenset(param.name for param in CALL_EXPORT_PARAMS)
_HOLDS: Final = {
    Level.FULL: N_(
        "Each row says when a call was, who called, how it ended, its booking, transfer and cost."
    ),
    Level.METADATA: N_(
        "Each row says when a call was, who called and how it ended, without summaries or notes."
    ),
    Level.METADATA_MASKED: N_("Each row says when a call was and how it ended. Callers' numbers are masked."),
}


def may_export(request: PortalRequest) -> bool:
    """Whether the role exports calls at all."""
    return _level(request, Permission.CALLS_EXPORT) is not None


def export_offer(
    request: PortalRequest, state: ListState, found: CallList | None, names: Mapping[str, str]
) -> CallExport | None:
    """What "Export" offers for the list as it is; None without a project or calls, or for those who may not.

    `names` are the projects' by their ids.
    """
    level = _level(request, Permission.CALLS_EXPORT)
    asked = {name: value for name, value in state.asked_in_days().items() if name in _NAMES}
    if level is None or found is None or not found.calls or "project_id" not in asked:
        return None
    adds = _level(request, Permission.CALLS_EXPORT_SENSITIVE) is not None
    return CallExport(
        query=tuple(asked.items()),
        project_name=names.get(asked["project_id"], ""),
        holds=_(_HOLDS[level]),
        count=found.matching.count,
        capped=found.matching.capped,
        options=tuple((name, _(words)) for name, words in SENSITIVE_COLUMNS.items()) if adds else (),
    )


def transcript_offer(request: PortalRequest, call: Call) -> tuple[tuple[str, str], ...]:
    """The transcript's files, in words and addresses."""
    may = _level(request, Permission.CALLS_DOWNLOAD_TRANSCRIPT) is not None
    if not may or call.transcript_state not in READABLE_STATES:
        return ()
    path = f"/api/calls/{call.call_id}/transcript"
    return tuple(
        (_("Transcript as {kind}").format(kind=kind.upper()), f"{path}?format={kind}")
        for kind in TRANSCRIPT_FORMATS
    )


def unlocks_url(request: PortalRequest, call: Call) -> str | None:
    """Where personal details of the call are unlocked."""
    may = _level(request, Permission.UNLOCKS_REQUEST) is not None
    return f"/calls/{call.call_id}/pii-unlocks" if may else None


def _level(request: PortalRequest, permission: Permission) -> Level | None:
    role = request.session.role
    return None if role is None else level_of(role, permission)
