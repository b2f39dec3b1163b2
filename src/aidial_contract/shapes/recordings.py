"""Recordings on the wire: what there is of a call's, what may be done with it, and an address to do it.

The one thing a newcomer would get wrong: an address is good for the session it was given to and no other, so
it is worth nothing to anybody who finds it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta

from aidial_contract.shapes.common import Outgoing, Time

Side = Literal["mixed", "caller", "agent"]
SIDES: Final[tuple[str, ...]] = get_args(Side)
Availability = Literal["available", "none", "deleted"]
Measure = Literal["waiting", "done", "unreadable"]
MEDIA_TYPES: Final = ("audio/wav", "audio/mpeg", "audio/ogg")


class RecordingSide(Outgoing):
    """One recording of a call: both voices, or one of them.

    `peaks` are at most 240 stretches of equal length, each as loud as 0 to 255 of the loudest; None until a
    job has measured it, and for what cannot be read.
    """

    side: Side
    media_type: str
    size_bytes: int
    duration_seconds: float | None
    channels: int | None
    measure: Measure
    peaks: list[Annotated[int, Meta(ge=0, le=255)]] | None


class RecordingVerdict(Outgoing):
    """Whether it may be done; if not, why: the first rule that says no."""

    allowed: bool
    reason: Literal["role", "consent", "compliance", "entitlement", "media"] | None


class Recording(Outgoing):
    """`GET /v1/calls/{call_id}/recording` and its kin on the portal."""

    call_id: str
    availability: Availability
    sides: list[RecordingSide]
    playback: RecordingVerdict
    download: RecordingVerdict


class RecordingAddress(Outgoing):
    """Where the recording is. It must first be used before `expires_at`."""

    url: str
    expires_at: Time
