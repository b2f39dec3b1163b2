"""Measured against 811 dialogues with a booking agent, where they are at hand."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aidial_api.kernel.redaction import Kind
from aidial_api.kernel.redaction.engine import find

SHARED = Path(os.environ.get("AIDIAL_SHARED_DIR") or Path(__file__).parents[4] / "shared")
CALLS = SHARED / "data" / "calls" / "receptionist.jsonl.gz"
ADDRESS_SLOTS = {"street_address", "address"}


@dataclass
class Measured:
    phones: int = 0
    phones_covered: int = 0
    addresses: int = 0
    addresses_covered: int = 0
    marked: int = 0
    false_phones: list[str] = field(default_factory=list)

    def add(self, turn: dict[str, Any], finds: list[Any]) -> None:
        phones = [(one["start"], one["end"]) for one in turn["spans"] if one["slot"] == "phone_number"]
        places = [(one["start"], one["end"]) for one in turn["spans"] if one["slot"] in ADDRESS_SLOTS]
        covered = [one for one in finds if one.kind is Kind.PHONE]
        self.phones += len(phones)
        self.phones_covered += sum(any(f.start <= a and b <= f.end for f in covered) for a, b in phones)
        self.addresses += len(places)
        self.addresses_covered += sum(any(f.start <= a and b <= f.end for f in finds) for a, b in places)
        self.marked += len(covered)
        self.false_phones += [
            turn["text"][f.start : f.end]
            for f in covered
            if not any(a < f.end and f.start < b for a, b in phones)
        ]


@pytest.mark.skipif(not CALLS.exists(), reason="the shared dialogues are not here")
def test_every_number_in_the_receptionists_calls_is_covered(capsys: pytest.CaptureFixture[str]) -> None:
    measured = Measured()
    with gzip.open(CALLS, "rt", encoding="utf-8") as lines:
        for line in lines:
            turns = json.loads(line)["turns"]
            for turn, finds in zip(turns, find([one["text"] for one in turns]), strict=True):
                measured.add(turn, finds)
    with capsys.disabled():
        print(  # noqa: T201 - the measurement is the point
            f"\nphones {measured.phones_covered}/{measured.phones}, "
            f"addresses {measured.addresses_covered}/{measured.addresses}, "
            f"false phones {len(measured.false_phones)}"
        )
    assert measured.phones_covered == measured.phones > 0
    assert len(measured.false_phones) <= measured.marked * 0.01
    assert measured.addresses_covered >= measured.addresses * 0.9
