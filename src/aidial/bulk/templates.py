"""Calls as the API would store them, a few hundred a line, to be told again at other times by other people.

The one thing a newcomer would get wrong: a template is redacted once, by the API's own code, and only what
differs from call to call (ids, times, numbers) is made anew.
"""

from __future__ import annotations

import re
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from aidial.bulk.binary import encoded, field
from aidial.bulk.recordings import CONSENTING
from aidial.seed import Business, generate_calls
from aidial.seed.businesses import Project
from aidial.seed.dialogues.themes import POLITE_HOURS, SUNDAY
from aidial_api.kernel.crypto import TenantKey
from aidial_api.surfaces.calls.delivery import stored_call
from aidial_api.surfaces.calls.redacting import redact_call
from aidial_contract.shapes.calls import NewCall

A_LINE: Final = 600
FEWEST: Final = 40
DATED: Final = ("consent", "booking", "follow_up")
"""Documents with times in them."""
OWN: Final = (
    "client_id",
    "project_id",
    "call_id",
    "external_id",
    "fingerprint",
    "started_at",
    "answered_at",
    "ended_at",
    "from_number",
    "to_number",
    "message_count",
    "transcript_state",
    "entities",
    "recording",
    *DATED,
)
"""Columns that differ from call to call, in the order rows have them; all others are a template's."""
WEEK_S: Final = 7 * 86_400
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Dated:
    """A document that holds times: its text between them, and each as seconds since 1970."""

    between: tuple[str, ...]
    times: tuple[int, ...]

    def field(self, shift_s: int) -> bytes:
        """The document with its times moved, as a jsonb field."""
        text = self.between[0]
        for at, time in enumerate(self.times):
            moved = datetime.fromtimestamp(time + shift_s, UTC)
            text += moved.isoformat() + self.between[at + 1]
        return field(b"\x01" + text.encode())


@dataclass(frozen=True, slots=True)
class Template:
    """One call without its ids, times and numbers. Seconds are counted from its start."""

    started: int
    answered_after: int | None
    ended_after: int
    inbound: bool
    mobile: bool
    polite: bool
    """Whether it could only happen at an hour at which a practice may ring people."""
    dated: tuple[Dated | bytes, ...]
    others: list[str]
    """The names of every other column, and "rest", their fields."""
    rest: bytes
    turns: bytes
    raw: bytes
    counts: bytes
    message_count: int
    told: bytes
    """Number of turns, state of the transcript and what it holds, where the call has one."""
    may_be_recorded: bool
    """Whether everybody agreed, and nothing was said that no recording may hold."""


async def templates(
    business: Business, project: Project, calls: int, kinds: dict[str, str], redactors: Executor, seed: int
) -> list[Template]:
    """Make the templates of so many calls; `kinds` are the types of the columns of `calls` by name."""
    wanted = max(FEWEST, min(A_LINE, calls // 5))
    until = datetime(2026, 11, 20, 4, tzinfo=UTC)
    made = []
    for call in generate_calls(business, project.project_id, wanted, until=until, seed=seed):
        if call["status"] != "live":
            # What a platform notes of a call, cut to a word: ten million calls are to fit into 40 GB.
            call["metadata"] = {"language": call["metadata"]["language"]}
            body = msgspec.convert(msgspec.json.decode(msgspec.json.encode(call)), NewCall)
            made.append(await _template(body, kinds, redactors))
    return made


async def _template(body: NewCall, kinds: dict[str, str], redactors: Executor) -> Template:
    redacted = await redact_call(body, redactors)
    # Never written: it only takes the place of a tenant's.
    key = TenantKey("template", bytes(32))
    columns = stored_call("template", "", body, redacted, key, b"").columns
    others = sorted(name for name in columns if name not in OWN)
    started = int(body.started_at.timestamp())
    return Template(
        started=started,
        answered_after=None if body.answered_at is None else int(body.answered_at.timestamp()) - started,
        ended_after=int((body.ended_at or body.started_at).timestamp()) - started,
        inbound=body.direction == "inbound",
        mobile=body.direction == "outbound" or body.channel == "sms",
        polite=body.direction == "outbound",
        dated=tuple(_dated(columns[name]) for name in DATED),
        others=others,
        rest=b"".join(encoded(kinds[name], columns[name]) for name in others),
        turns=encoded("jsonb", redacted.turns),
        raw=redacted.raw,
        counts=encoded("jsonb", msgspec.json.encode(redacted.counts).decode()),
        message_count=len(body.turns),
        told=encoded("int4", len(body.turns))
        + encoded("text", redacted.state)
        + encoded("jsonb", columns["entities"]),
        may_be_recorded=body.channel == "voice"
        and body.consent is not None
        and body.consent.state in CONSENTING
        and not redacted.counts.get("CVV"),
    )


def _dated(text: str | None) -> Dated | bytes:
    if text is None or not _TIME.search(text):
        return encoded("jsonb", text)
    times = tuple(int(datetime.fromisoformat(one).timestamp()) for one in _TIME.findall(text))
    return Dated(tuple(_TIME.split(text)), times)


def fits(hour: datetime) -> bool:
    """Whether a practice may ring people in this hour of its own clock."""
    return hour.hour in POLITE_HOURS and hour.weekday() != SUNDAY
