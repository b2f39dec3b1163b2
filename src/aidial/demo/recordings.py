"""Recordings of some of the demo's calls: made here of tones and noise, uploaded as a voice runtime would.

Each turn is a stretch of something like speech, low for the agent and higher for the caller, where the
transcript says that they spoke. The one thing a newcomer would get wrong: they are decoration. A demo whose
store does not answer starts without them, and says so.
"""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import msgspec

from aidial.demo.memory import load_plan, save
from aidial.seed.tenants import CLIENTS, KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from aidial.demo.folder import DemoFolder
    from aidial.demo.memory import Secrets

OF_EACH_LINE: Final = 2
RATE: Final = 8_000
LONGEST_S: Final = 150
TIMEOUT_S: Final = 20.0
PITCH: Final = {"agent": 118.0, "caller": 196.0}
BETWEEN_WORDS: Final = -0.55
_CONSENTING: Final = ("obtained", "not_required")


def record_once(
    folder: DemoFolder, secrets: Secrets, *, api_url: str, count: int, say: Callable[[str], None]
) -> None:
    """Give the newest finished calls of each line a recording, unless an earlier start has."""
    plan = load_plan(folder, count)
    if plan.recorded:
        return
    try:
        made = asyncio.run(_record(secrets, api_url))
    except (aiohttp.ClientError, OSError) as problem:
        say(f"The demo goes on without recordings: {type(problem).__name__}")
        return
    say(f"Recorded {made} of the newest calls")
    save(folder.plan, msgspec.structs.replace(plan, recorded=True))


async def _record(secrets: Secrets, api_url: str) -> int:
    keys = {key.client_id: secrets.api_key(key) for key in KEYS if key.scope == "manage"}
    made = 0
    for client in CLIENTS:
        headers = {"x-api-key": keys[client.client_id]}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(api_url, headers=headers, timeout=timeout) as http:
            for project_id in client.project_ids:
                made += await _record_line(http, project_id)
    return made


async def _record_line(http: aiohttp.ClientSession, project_id: str) -> int:
    query = {"project_id": project_id, "status": "completed", "channel": "voice", "limit": "20"}
    listed = await _read(http, "/v1/calls", query)
    fit = [call for call in listed["calls"] if (call["consent"] or {}).get("state") in _CONSENTING]
    for call in fit[:OF_EACH_LINE]:
        path = f"/v1/calls/{call['call_id']}"
        said = await _read(http, f"{path}/transcript", {})
        sound = await asyncio.to_thread(spoken, said["turns"], call["duration_seconds"] or 0)
        wav = {"content-type": "audio/wav"}
        async with http.put(f"{path}/recording", data=io.BytesIO(sound), headers=wav) as answer:
            answer.raise_for_status()
    return len(fit[:OF_EACH_LINE])


async def _read(http: aiohttp.ClientSession, path: str, query: dict[str, str]) -> Any:
    async with http.get(path, params=query) as answer:
        answer.raise_for_status()
        return await answer.json()


def spoken(turns: list[dict[str, Any]], duration_s: int) -> bytes:
    """A WAV (mu-law, 8 kHz, as telephones send) with something like speech where somebody spoke."""
    # Half a second to load: only a first start needs them.
    import numpy as np  # noqa: PLC0415
    import soundfile  # noqa: PLC0415

    length = min(max(duration_s, 5), LONGEST_S) * RATE
    chance = np.random.default_rng(length)
    sound = chance.normal(0, 0.002, length).astype(np.float32)
    starts = [turn["start_ms"] for turn in turns]
    for turn, following in zip(turns, [*starts[1:], None], strict=True):
        if turn["start_ms"] is None or turn["speaker"] not in PITCH:
            continue
        start = turn["start_ms"] * RATE // 1_000
        enough_ms = 300 + 55 * len(turn["text"])
        until = turn["end_ms"] or min(following or turn["start_ms"] + enough_ms, turn["start_ms"] + enough_ms)
        end = min(length, until * RATE // 1_000)
        if end - start > RATE // 10:
            sound[start:end] += voice(end - start, PITCH[turn["speaker"]], chance)
    held = io.BytesIO()
    soundfile.write(held, sound, RATE, format="WAV", subtype="ULAW")
    return held.getvalue()


def voice(count: int, pitch: float, chance: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float32]]:
    """So many samples of syllables: a few harmonics that rise and fall, with breath between words."""
    import numpy as np  # noqa: PLC0415

    at = np.arange(count) / RATE
    tone = pitch * (1 + 0.06 * np.sin(2 * np.pi * 0.7 * at + chance.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(tone) / RATE
    sound = sum(np.sin(phase * harmonic) / harmonic**1.3 for harmonic in range(1, 9))
    syllables = np.clip(np.sin(2 * np.pi * chance.uniform(3.2, 4.4) * at), 0, None) ** 0.6
    words = np.where(np.sin(2 * np.pi * chance.uniform(0.5, 0.9) * at + 1.2) > BETWEEN_WORDS, 1.0, 0.08)
    loud = chance.uniform(0.16, 0.3)
    return np.asarray(loud * sound * syllables * words, dtype=np.float32)
