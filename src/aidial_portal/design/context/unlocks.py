"""Unlocks of personal details: `calls/unlock_panel.html`, `calls/unlocks.html` and `calls/unlocked.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .calls import Turn

if TYPE_CHECKING:
    from datetime import datetime

    from aidial_contract.shapes.unlocks import Unlock, UnlockReveal


@dataclass(frozen=True, slots=True)
class UnlockPanel:
    """The panel of a call's review: what may be asked for, what waits or is open, and who saw what.

    url: where the panel itself is. next_url: older unlocks; `is_further` when these are such.
    artefacts: none when consent does not allow it.
    """

    template: ClassVar[str] = "calls/unlock_panel.html"
    call_id: str
    url: str
    call_url: str
    timezone: str
    now: datetime
    unlocks: tuple[Unlock, ...]
    artefacts: tuple[str, ...]
    consent_state: str
    needs_approval: bool
    may_approve: bool
    next_url: str | None = None
    is_further: bool = False

    @property
    def open_ones(self) -> tuple[Unlock, ...]:
        """One's own that are active, or that wait; and those that wait for this person's approval."""
        return tuple(
            one
            for one in self.unlocks
            if (one.is_own and one.state in {"pending", "active"})
            or (self.may_approve and one.state in {"pending", "active"})
        )

    def left_ms(self, unlock: Unlock) -> int:
        """How long an unlock lasts from when this was drawn."""
        return max(0, int((unlock.expires_at - self.now).total_seconds() * 1_000))


@dataclass(frozen=True, slots=True)
class UnlocksPage:
    """The panel as a page of its own, for whoever has no scripts."""

    template: ClassVar[str] = "calls/unlocks.html"
    panel: UnlockPanel


@dataclass(frozen=True, slots=True)
class UnlockedPage:
    """What an unlock opened. left_ms: how long it stays on the screen."""

    template: ClassVar[str] = "calls/unlocked.html"
    found: UnlockReveal
    call_url: str
    timezone: str
    now: datetime
    left_ms: int

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The raw turns, as a conversation is drawn."""
        said = self.found.transcript or ()
        return tuple(Turn(one.speaker, one.text, one.start_ms) for one in said)
