"""How long people ring, talk and pause: turns get their start and end, the call its answer and its end.

`start_ms` counts from the answer, not from the first ring; an unanswered call counts from its start.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from aidial.seed.dialogues.scene import Ending, Scene

CALLER_WORDS_A_SECOND = 2.5
AGENT_WORDS_A_SECOND = 2.9
SHORTEST_TURN_MS = 420
GAP_MS = {"caller": (280, 1_100), "agent": (420, 1_300), "system": (300, 900)}
LOOKING_UP_MS = (1_800, 4_800)
LOOKING_UP_SHARE = 0.16
SYSTEM_TURN_MS = 1_500
RING_OUT_SECONDS = (9, 34)
PICK_UP_SECONDS = {"inbound": (1, 4), "outbound": (5, 22)}


@dataclass(frozen=True, slots=True)
class Timing:
    """When a call was answered (None: never) and ended, and its turns with `start_ms` and `end_ms`."""

    answered_at: datetime | None
    ended_at: datetime
    turns: list[dict[str, Any]]


def time_speech(scene: Scene, start: datetime, ending: Ending, direction: str) -> Timing:
    """Give a spoken conversation its times."""
    rng = scene.rng
    rings = rng.randint(*(PICK_UP_SECONDS[direction] if ending.answered else RING_OUT_SECONDS))
    offset_ms = 0 if ending.answered else rings * 1000
    turns, last_ms = _timed(scene, rng, offset_ms)
    if not ending.answered:
        # A line that never connected says nothing; a message bank's words come after the rings.
        last_ms = max(last_ms, 1000 * (rng.randint(1, 4) if ending.end_reason == "failed" else rings))
        return Timing(None, start + timedelta(seconds=-(-last_ms // 1000)), turns)
    answered = start + timedelta(seconds=rings)
    hang_up_ms = rng.randint(400, 2_600)
    return Timing(answered, answered + timedelta(seconds=-(-(last_ms + hang_up_ms) // 1000)), turns)


def _timed(scene: Scene, rng: Random, offset_ms: int) -> tuple[list[dict[str, Any]], int]:
    now_ms = offset_ms
    turns: list[dict[str, Any]] = []
    for speaker, text in scene.turns:
        now_ms += rng.randint(*GAP_MS[speaker])
        if speaker == "agent" and len(turns) > 1 and rng.random() < LOOKING_UP_SHARE:
            now_ms += rng.randint(*LOOKING_UP_MS)
        pace = AGENT_WORDS_A_SECOND if speaker == "agent" else CALLER_WORDS_A_SECOND * rng.uniform(0.8, 1.2)
        length_ms = SYSTEM_TURN_MS if speaker == "system" else int(1000 * len(text.split()) / pace)
        length_ms = max(SHORTEST_TURN_MS, length_ms)
        turns.append({"speaker": speaker, "text": text, "start_ms": now_ms, "end_ms": now_ms + length_ms})
        now_ms += length_ms
    return turns, now_ms


def time_message(scene: Scene, start: datetime) -> Timing:
    """Give a text conversation its times: people answer within minutes, the agent within seconds."""
    now_ms = 0
    turns: list[dict[str, Any]] = []
    for index, (speaker, text) in enumerate(scene.turns):
        if index:
            now_ms += (
                scene.rng.randint(1_500, 6_000) if speaker == "agent" else scene.rng.randint(15_000, 600_000)
            )
        turns.append({"speaker": speaker, "text": text, "start_ms": now_ms, "end_ms": now_ms})
    return Timing(start, start + timedelta(milliseconds=now_ms + 1_000), turns)
