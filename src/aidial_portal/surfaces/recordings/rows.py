"""The rows of recordings.

The one thing a newcomer would get wrong: every address is under its call's, and a denial asks for a call that
cannot exist, as a missing one does.
"""

from __future__ import annotations

from typing import Final

from aidial_contract.access import Permission
from aidial_contract.params import SIDE
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.limits import DOWNLOADS
from aidial_portal.kernel.route import ANY, Route, RouteScope
from aidial_portal.kernel.rows import change_row, read_row
from aidial_portal.surfaces.recordings import api

_ONE_CALL: Final = RouteScope(kind=ScopeKind.CALL, client_id=None, project_id=None)
_PATH: Final = "/api/calls/{call_id}/recording"
_DENIAL: Final = "/v1/calls/{id}/recording"
_BYTES: Final = ("recording_unavailable", "range_not_satisfiable", "storage_unavailable")


def rows() -> tuple[Route, ...]:
    """What there is, the two ways to an address, and what lies there."""
    play, download = Permission.RECORDINGS_PLAY, Permission.RECORDINGS_DOWNLOAD
    return (
        read_row(
            _PATH,
            "recordings.show",
            api.show,
            permission=Permission.CALLS_REVIEW,
            scope=_ONE_CALL,
            denial=_DENIAL,
        ),
        change_row(
            "POST",
            f"{_PATH}/playback",
            "recordings.playback",
            api.playback,
            permission=play,
            scope=_ONE_CALL,
            bucket=None,
            params=(SIDE,),
            denial=_DENIAL,
            errors=("recording_unavailable",),
        ),
        change_row(
            "POST",
            f"{_PATH}/download",
            "recordings.download",
            api.download,
            permission=download,
            scope=_ONE_CALL,
            bucket=DOWNLOADS,
            params=(SIDE,),
            denial=_DENIAL,
            errors=("recording_unavailable",),
        ),
        read_row(
            f"{_PATH}/media/{{grant_id}}",
            "recordings.play",
            api.play,
            permission=play,
            scope=_ONE_CALL,
            denial=_DENIAL,
            produces=ANY,
            errors=_BYTES,
        ),
        read_row(
            f"{_PATH}/file/{{grant_id}}",
            "recordings.fetch",
            api.fetch,
            permission=download,
            scope=_ONE_CALL,
            denial=_DENIAL,
            produces=ANY,
            errors=_BYTES,
        ),
    )
