"""From a call's recordings to the player, or to why there is none.

The one thing a newcomer would get wrong: the waveforms are drawn here, one of each voice, from the peaks a
job measured once; the browser never loads a sound to draw it, and asks for nothing to show another voice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.fault import Fault
from aidial_portal.design import context
from aidial_portal.design.filters import clock_offset
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aidial_contract.shapes.calls import Call
    from aidial_contract.shapes.recordings import Recording, RecordingSide

HALF: Final = 20
LOUDEST: Final = 255
SIDES: Final = {"mixed": N_("Both voices"), "caller": N_("The caller"), "agent": N_("The agent")}


def show_player(call: Call, recording: Recording | Fault | None) -> context.Player | None:
    """The player with its reasons; None for those who play none at all, and where nothing ever came."""
    if recording is None:
        return None
    path = f"/api/calls/{call.call_id}/recording"
    if isinstance(recording, Fault):
        return context.Player(path, reason="error")
    if recording.playback.reason == "role":
        return None
    is_gone = recording.playback.reason == "media" and recording.availability == "deleted"
    is_missing = recording.playback.reason is None and not recording.sides
    return context.Player(
        path,
        reason="deleted" if is_gone else "media" if is_missing else recording.playback.reason or "",
        voices=tuple(_voice(call, side) for side in recording.sides),
        may_download=recording.download.allowed,
        download_reason=recording.download.reason or "",
    )


def _voice(call: Call, side: RecordingSide) -> context.Voice:
    if side.measure == "unreadable":
        # The call's length is none of it.
        return context.Voice(side.side, _(SIDES[side.side]), is_unreadable=True)
    return context.Voice(
        side.side,
        _(SIDES[side.side]),
        duration_seconds=float(call.duration_seconds or 0)
        if side.duration_seconds is None
        else side.duration_seconds,
        wave=wave(side.peaks or ()),
        described=_described(side),
    )


def wave(peaks: Sequence[int]) -> str:
    """The peaks as an SVG path of upright strokes around a middle line, one a unit apart."""
    heights = (max(1, round(HALF * 0.9 * peak / LOUDEST)) for peak in peaks)
    return "".join(f"M{at} {HALF - height}v{2 * height}" for at, height in enumerate(heights))


def _described(side: RecordingSide) -> str:
    """What the waveform shows, in words."""
    if not side.peaks or not side.duration_seconds:
        return ""
    loudest = max(range(len(side.peaks)), key=side.peaks.__getitem__)
    at_ms = round(side.duration_seconds * 1_000 * loudest / len(side.peaks))
    quiet = sum(peak < LOUDEST / 16 for peak in side.peaks) / len(side.peaks)
    said = _("Loudest at {time}; {percent} % of it is silence.")
    return said.format(time=clock_offset(at_ms), percent=round(quiet * 100))
