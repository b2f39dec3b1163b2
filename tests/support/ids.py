"""What an answer says beside its own ids and times, in which any few digits may turn up by chance."""

from __future__ import annotations

import re

BY_CHANCE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?"
)


def without_ids(text: str) -> str:
    """`text` without UUIDs and instants."""
    return BY_CHANCE.sub("", text)
