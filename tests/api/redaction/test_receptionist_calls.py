"""Measured against 811 dialogues with a booking agent, where they are at hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest

from aidial_api.kernel.redaction import Kind
from aidial_api.kernel.redaction.engine import find
from tests.support.dialogues import needs_dialogues, read_dialogues

ADDRESS_SLOTS = {"street_address", "address"}


@dataclass
class Measured:
    phones: int = 0
    phones_covered: int = 0
    addresses: int = 0
    addresses_covered: int = 0
    marked: Counter[Kind] = field(default_factory=Counter)
    wrong: dict[Kind, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, turn: dict[str, Any], finds: list[Any]) -> None:
        phones = [(one["start"], one["end"]) for one in turn["spans"] if one["slot"] == "phone_number"]
        places = [(one["start"], one["end"]) for one in turn["spans"] if one["slot"] in ADDRESS_SLOTS]
        covered = [one for one in finds if one.kind is Kind.PHONE]
        self.phones += len(phones)
        self.phones_covered += sum(any(f.start <= a and b <= f.end for f in covered) for a, b in phones)
        self.addresses += len(places)
        self.addresses_covered += sum(any(f.start <= a and b <= f.end for f in finds) for a, b in places)
        for one in finds:
            self.marked[one.kind] += 1
            if not any(a < one.end and one.start < b for a, b in phones + places):
                self.wrong[one.kind].append(turn["text"][one.start : one.end])


@needs_dialogues
def test_every_number_in_the_receptionists_calls_is_covered(capsys: pytest.CaptureFixture[str]) -> None:
    measured = Measured()
    for dialogue in read_dialogues():
        turns = dialogue["turns"]
        for turn, finds in zip(turns, find([one["text"] for one in turns]), strict=True):
            measured.add(turn, finds)
    with capsys.disabled():
        print(  # noqa: T201 - the measurement is the point
            f"\nphones {measured.phones_covered}/{measured.phones}, "
            f"addresses {measured.addresses_covered}/{measured.addresses}, wrong {dict(measured.wrong)}"
        )
    assert measured.phones_covered == measured.phones > 0
    covered = measured.phones_covered + measured.addresses_covered
    assert covered >= (measured.phones + measured.addresses) * 0.99
    for kind, marked in measured.marked.items():
        assert len(measured.wrong[kind]) <= marked * 0.05, measured.wrong
