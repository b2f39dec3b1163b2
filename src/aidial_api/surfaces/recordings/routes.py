"""The rows of recordings."""

from __future__ import annotations

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.recordings import handlers, upload
from aidial_api.surfaces.recordings.sounds import CLAIMS
from aidial_contract.access import Permission
from aidial_contract.errors import FILE_TOO_LARGE
from aidial_contract.limits import RECORDING
from aidial_contract.params import SIDE
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.recordings import Recording, RecordingAddress

_BYTES = "audio/*"
_UNAVAILABLE = ("recording_unavailable",)

ROWS = (
    Route(
        method="PUT",
        path="/v1/calls/{call_id}/recording",
        name="recordings.upload",
        summary="Upload a call's recording: WAV, MP3, Ogg or Opus, plain or as a form's part `file`.",
        handler=upload.begin,
        receives=upload.receive,
        access=Access.FULL,
        auth=AuthMode.KEY,
        permission=Permission.CALLS_DELIVER,
        scope=ScopeKind.CALL,
        bucket="deliveries",
        answers={200: Recording, 201: Recording},
        query=(SIDE,),
        find=handlers.find,
        takes=tuple(CLAIMS),
        body_limit_bytes=RECORDING,
        too_large=FILE_TOO_LARGE,
        writes=True,
        errors=(
            *_UNAVAILABLE,
            "storage_unavailable",
            "file_too_large",
            "unsupported_media_type",
            "revision_stale",
            "validation_failed",
        ),
    ),
    Route(
        method="GET",
        path="/v1/calls/{call_id}/recording",
        name="recordings.show",
        summary="What there is of a call's recordings, and what you may do with them.",
        handler=handlers.show,
        access=Access.FULL,
        auth=AuthMode.EITHER,
        permission=Permission.CALLS_REVIEW,
        scope=ScopeKind.CALL,
        bucket="reads",
        answers={200: Recording},
        find=handlers.find,
    ),
    Route(
        method="POST",
        path="/v1/calls/{call_id}/recording/playback",
        name="recordings.playback",
        summary="An address to play a recording from. Recorded in the activity log.",
        handler=handlers.playback,
        access=Access.FULL,
        auth=AuthMode.BEARER,
        permission=Permission.RECORDINGS_PLAY,
        scope=ScopeKind.CALL,
        bucket="reads",
        answers={200: RecordingAddress},
        query=(SIDE,),
        find=handlers.find_playable,
        writes=True,
        errors=_UNAVAILABLE,
    ),
    Route(
        method="POST",
        path="/v1/calls/{call_id}/recording/download",
        name="recordings.download",
        summary="An address to download a recording from. Recorded in the activity log.",
        handler=handlers.download,
        access=Access.FULL,
        auth=AuthMode.BEARER,
        permission=Permission.RECORDINGS_DOWNLOAD,
        scope=ScopeKind.CALL,
        bucket="reads",
        answers={200: RecordingAddress},
        query=(SIDE,),
        find=handlers.find_playable,
        writes=True,
        errors=_UNAVAILABLE,
    ),
    Route(
        method="GET",
        path="/v1/calls/{call_id}/recording/media/{grant_id}",
        name="recordings.play",
        summary="The recording itself, or a range of it, from an address that still holds.",
        handler=handlers.play,
        access=Access.FULL,
        auth=AuthMode.BEARER,
        permission=Permission.RECORDINGS_PLAY,
        scope=ScopeKind.CALL,
        bucket="reads",
        answers={200: bytes, 206: bytes},
        find=handlers.find_playback,
        records=True,
        media_type=_BYTES,
        errors=(*_UNAVAILABLE, "range_not_satisfiable", "storage_unavailable"),
    ),
    Route(
        method="GET",
        path="/v1/calls/{call_id}/recording/file/{grant_id}",
        name="recordings.fetch",
        summary="The recording as a file, from an address that still holds.",
        handler=handlers.fetch,
        access=Access.FULL,
        auth=AuthMode.BEARER,
        permission=Permission.RECORDINGS_DOWNLOAD,
        scope=ScopeKind.CALL,
        bucket="reads",
        answers={200: bytes, 206: bytes},
        find=handlers.find_download,
        records=True,
        media_type=_BYTES,
        errors=(*_UNAVAILABLE, "range_not_satisfiable", "storage_unavailable"),
    ),
)
