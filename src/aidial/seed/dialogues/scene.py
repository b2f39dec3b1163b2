# ruff: noqa: E501, SIM905 - word lists read better as lines of words
"""The stage a conversation is played on: who calls whom and when, the lines so far, and how it ended.

Callers hesitate, agents do not: `caller` roughens what it is given, `agent` speaks it as written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Literal, TypeVar

from aidial.seed.businesses import Business, Project
from aidial.seed.people import Person

Speaker = Literal["caller", "agent", "system"]
EndReason = Literal[
    "caller_hangup", "agent_hangup", "transfer", "max_duration", "missed", "failed", "unknown"
]
Mood = Literal["positive", "neutral", "upset", "unknown"]
Resolution = Literal["resolved", "unresolved", "follow_up_required", "escalated"]
T = TypeVar("T")

FILLED_PAUSES = ("Um, ", "Uh, ", "Yeah, ", "Oh, ", "Look, ", "Ah, ", "Yeah, um, ", "So, ")
# Only these may lose their capital after a filled pause: names, "I" and the days keep theirs.
SOFT_STARTS = frozenset(
    "can could is do does what it's it just the my would have how where that that's this no not we we've "
    "there's there hi hello hey yep use first second great perfect how too actually any are yeah sorry sure okay probably only something maybe on for".split()
)
PAUSE_SHARE = 0.2
STUMBLE_SHARE = 0.06
INNER_PAUSE_SHARE = 0.07
LONG_ENOUGH_WORDS = 5
SATURDAY = 5
SATURDAY_LAST_HOUR = 11


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended. `booking_at` and `due_at` are local to the practice; texts are safe to show."""

    call_type: str
    outcome: str | None
    summary: str
    resolution: Resolution = "resolved"
    mood: Mood = "neutral"
    end_reason: EndReason = "caller_hangup"
    booking_at: datetime | None = None
    booking_notes: str | None = None
    transfer: tuple[str, str] | None = None
    follow_up: str | None = None
    due_at: datetime | None = None
    attention: str | None = None
    sms_status: str | None = None
    email_status: str | None = None
    answered: bool = True


@dataclass(slots=True)
class Scene:
    """One conversation being made up. `at` is the local start; `turns` are (speaker, text) in order."""

    rng: Random
    business: Business
    project: Project
    who: Person
    at: datetime
    turns: list[tuple[Speaker, str]] = field(default_factory=list)

    @property
    def dental(self) -> bool:
        """Whether this is a dentist; otherwise a physiotherapist."""
        return self.business.kind == "dental"

    @property
    def after_hours(self) -> bool:
        """Whether this line answers only while the practice is closed."""
        return self.project.line == "after_hours"

    @property
    def open_now(self) -> bool:
        """Whether somebody is at the desk (public holidays aside)."""
        weekday, hour = self.at.weekday(), self.at.hour
        last = SATURDAY_LAST_HOUR if weekday == SATURDAY else self.business.last_hour
        return (
            not self.after_hours
            and weekday in self.business.open_days
            and self.business.first_hour <= hour <= last
        )

    def chance(self, share: float) -> bool:
        """Toss a coin that lands heads with this share."""
        return self.rng.random() < share

    def pick(self, options: Sequence[T]) -> T:
        """Choose one."""
        return self.rng.choice(options)

    def caller(self, *variants: str) -> None:
        """Let the caller say one of these, the way people talk."""
        self.turns.append(("caller", self._roughen(self.rng.choice(variants))))

    def agent(self, *variants: str) -> None:
        """Let the agent say one of these."""
        self.turns.append(("agent", self.rng.choice(variants)))

    def system(self, text: str) -> None:
        """Note something that happened on the line."""
        self.turns.append(("system", text))

    def _roughen(self, text: str) -> str:
        text = text[0].upper() + text[1:]
        if text.startswith(("Oh", "Yeah", "G'day", "Um")):
            return text
        words = text.split(" ")
        first = words[0].rstrip(",.?")
        if self.chance(STUMBLE_SHARE) and (first in {"I", "Can", "It's", "We", "My", "Could"}):
            text = f"{words[0]}, {words[0] if first == 'I' else words[0].lower()} {' '.join(words[1:])}"
        if len(words) >= LONG_ENOUGH_WORDS and self.chance(INNER_PAUSE_SHARE) and ", " in text:
            text = text.replace(", ", self.pick((", um, ", ", uh, ", ", like, ")), 1)
        if len(words) >= LONG_ENOUGH_WORDS and self.chance(PAUSE_SHARE):
            soft = first.lower() in SOFT_STARTS
            text = self.pick(FILLED_PAUSES) + (text[0].lower() + text[1:] if soft else text)
        return text
