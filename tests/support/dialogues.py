"""811 dialogues with a booking agent, read from where they are shared; nothing of them is kept here.

The one thing a newcomer would get wrong: a machine without them is no finding. `needs_dialogues` skips there.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

_SHARED = Path(os.environ.get("AIDIAL_SHARED_DIR") or Path(__file__).parents[3] / "shared")
DIALOGUES = _SHARED / "data" / "calls" / "receptionist.jsonl.gz"
needs_dialogues = pytest.mark.skipif(not DIALOGUES.exists(), reason="the shared dialogues are not here")


def read_dialogues() -> list[dict[str, Any]]:
    """Each with `id`, `intents`, `result` and `turns` of `speaker`, `text` and labelled `spans`."""
    with gzip.open(DIALOGUES, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def said_numbers(dialogue: dict[str, Any]) -> list[str]:
    """Every phone number somebody says in it, as it is written there."""
    return [
        turn["text"][span["start"] : span["end"]]
        for turn in dialogue["turns"]
        for span in turn["spans"]
        if span["slot"] == "phone_number"
    ]
