"""Every action that is recorded anywhere has a sentence, and one that is not known still reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aidial_contract.audit_actions import ACTIONS
from aidial_contract.shapes.audit import PRESETS
from aidial_portal.surfaces.audit.words import PRESET_NAMES, actions_of, reason, sentence

SOURCES = Path(__file__).resolve().parents[3] / "src" / "aidial_api"
_ACTION = re.compile(
    r"""(?:action=|_record\(tx, client_id, |_event\(actor, |'system', '[a-z ]+', )["']([a-z0-9_.]+)["']"""
)


def recorded() -> set[str]:
    """What the API writes, as its sources say it."""
    return {
        action
        for source in SOURCES.rglob("*.py")
        for action in _ACTION.findall(source.read_text(encoding="utf-8"))
    }


def test_every_recorded_action_has_a_sentence_and_an_area() -> None:
    found = recorded()
    assert {"calls.call.delivered", "audit.viewed", "api_keys.key.created"} <= found
    assert found <= set(ACTIONS)
    prefixes = tuple(prefix for preset in PRESETS.values() for prefix in preset)
    assert all(action.startswith(prefixes) for action in ACTIONS)


def test_every_area_has_a_name() -> None:
    assert set(PRESET_NAMES) == set(PRESETS)
    assert set(actions_of("")) == set(ACTIONS)
    assert "calls.call.delivered" in actions_of("calls")
    assert "calls.call.delivered" not in actions_of("security")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("settings.night_bell.updated", "Settings, night bell: updated"),
        ("calls.exported", "Exported calls"),
        ("calls.imported", "Calls: imported"),
        ("restarted", "Restarted"),
        ("calls.call.delivered", "Delivered a call"),
    ],
)
def test_an_action_reads_as_words(action: str, words: str) -> None:
    assert sentence(action) == words


def test_a_reason_is_a_phrase_or_the_persons_own_words() -> None:
    assert sentence("sessions.session.revoked", "signed_out") == "Signed out"
    assert reason("signed_out") is None
    assert reason("idle") == "Nobody had used it for a while."
    assert reason("quota_reached") == "Quota reached"
    assert reason("The laptop was lost") == "The laptop was lost"
    assert reason(None) is None
