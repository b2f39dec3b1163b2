"""Measures a recording: a file descriptor as its one argument, JSON on standard output.

Run as a script in a process of its own, without our environment and with bounded time and memory: what it
decodes came from outside. The one thing a newcomer would get wrong: a sound may not say how long it is, so it
is heard to its end, in small stretches that are joined as they become many.
"""

import base64
import ctypes
import json
import resource
import signal
import sys
from itertools import pairwise

import numpy as np
import soundfile

PR_SET_PDEATHSIG = 1
MAX_MEMORY_BYTES = 3 * 1024**3
MAX_CPU_S = 60
BLOCK_FRAMES = 65_536
PEAKS = 240
LOUDEST = 255
UNREADABLE = 3
"""What it ends with for what is no sound; whatever else it ends with says nothing about the file."""


def main() -> None:
    """Hear it to its end and say how long and how loud it was."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    with soundfile.SoundFile(int(sys.argv[1]), closefd=False) as sound:
        stretch = max(1, sound.samplerate // 20)
        frames = 0
        heard: list[float] = []
        many = BLOCK_FRAMES // stretch * stretch or stretch
        # Not `blocks`: a file that was cut holds less than its head says, and they go on past its end.
        while len(block := sound.read(many, dtype="float32", always_2d=True)):
            frames += len(block)
            loud = np.abs(block).max(axis=1)
            heard.extend(float(loud[start : start + stretch].max()) for start in range(0, len(loud), stretch))
        said = {
            "duration_ms": round(frames * 1000 / sound.samplerate),
            "channels": sound.channels,
            "peaks": base64.b64encode(joined(heard)).decode(),
        }
    sys.stdout.write(json.dumps(said))


def joined(heard: list[float]) -> bytes:
    """At most `PEAKS` stretches of equal length, the loudest as high as can be."""
    if not heard:
        return b""
    many = min(PEAKS, len(heard))
    edges = [len(heard) * index // many for index in range(many + 1)]
    peaks = [max(heard[start:end]) for start, end in pairwise(edges)]
    most = max(*peaks, 0.01)
    return bytes(round(min(1.0, peak / most) * LOUDEST) for peak in peaks)


if __name__ == "__main__":
    try:
        main()
    except soundfile.SoundFileError:
        sys.exit(UNREADABLE)
