"""Counting requests, for both apps: windows in memory, or in one shared store with memory behind it.

    counting = Counting("api", Windows(), shared=None)
    taken = await counting.take([(rate, "whose")])
    if taken.wait_s: ...

The one thing a newcomer would get wrong: a request is counted in all of its windows or in none. What is
refused costs its sender nothing of any other window, and "60 in any 6 s" holds for every 6 s there are.
Source: `docs/decisions/0020-windows-are-exact.md`.
"""

from __future__ import annotations

from aidial_limits.counting import Counting
from aidial_limits.shared import SharedWindows, StoreAwayError
from aidial_limits.windows import Standing, Taken, Wanted, Windows

__all__ = ["Counting", "SharedWindows", "Standing", "StoreAwayError", "Taken", "Wanted", "Windows"]
