"""Live events of calls: `GET /v1/calls/live`, `GET /api/calls/live`.

The one thing a newcomer would get wrong: an event says that a call is to be looked at, not what it is; what a
reader may see of it is decided where they look.
"""

from __future__ import annotations

from typing import Final

from aidial_contract.shapes.calls import Status, TranscriptState
from aidial_contract.shapes.common import Outgoing, Uuid

EVENT_STREAM: Final = "text/event-stream"


class LiveCall(Outgoing):
    """The data of `event: call`. `is_new`: just delivered; `matches`: the query's filters let it in."""

    call_id: Uuid
    project_id: Uuid
    status: Status
    transcript_state: TranscriptState
    message_count: int
    version: int
    matches: bool
    is_new: bool
