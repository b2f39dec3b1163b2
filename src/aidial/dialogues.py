"""Lines of a call file turned into bodies of `POST /v1/calls`.

Two kinds of line are understood: such a body itself, and a labelled dialogue (`id`, `services`, `intents`,
`result`,
`turns`). A dialogue knows no clock: its times come from its id alone, so a second run on the same day
sends the same.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from aidial.seed.people import FICTION_MOBILES, to_e164
from aidial_contract.checking import plain_json
from aidial_contract.fault import Fault
from aidial_contract.transport import MAX_FIELD_ERRORS

DAYS = 90
ZONE = ZoneInfo("Australia/Sydney")
OPENS, SHUTS = time(8), time(18)
WORDS_A_SECOND = 2.6
MAX_LINE_BYTES = 10 * 1024 * 1024
DIALOGUE_FIELDS = frozenset({"id", "intents", "turns"})
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
DONE = {
    "BookAppointment": ("appointment_booked", "new_booking", "An appointment was booked."),
    "ReserveRestaurant": ("reservation_made", "reservation", "A table was reserved."),
    "ReserveCar": ("rental_reserved", "reservation", "A rental car was reserved."),
}


class LineRefusedError(Exception):
    """A line that cannot be sent. `code` as in the error registry, `fields` as JSON Pointers."""

    def __init__(self, code: str, message: str, *fields: str) -> None:
        super().__init__(message)
        self.code, self.message, self.fields = code, message, fields


@dataclass(frozen=True, slots=True)
class Parcel:
    """One call ready to be sent. `invented_times`: this importer made up when it happened."""

    line: int
    external_id: str
    body: bytes
    idempotency_key: str
    invented_times: bool


def parcel(line: int, raw: bytes, project_id: str | None, today: date | None = None) -> Parcel:
    """Turn one line into what is sent. Raises LineRefusedError for lines that never could be."""
    if len(raw) > MAX_LINE_BYTES:
        raise LineRefusedError("body_too_large", "The line is longer than 10 MiB.")
    try:
        record = plain_json(raw.removeprefix(BOM_UTF8))
    except Fault as problem:
        raise LineRefusedError(
            "malformed_json", "The line is not JSON, or names a member of an object twice."
        ) from problem
    halves = _lone_surrogate(record) if _SURROGATE.search(raw) else None
    if halves is not None:
        raise LineRefusedError("validation_failed", "The text holds half a character.", halves)
    if not isinstance(record, dict):
        raise LineRefusedError("malformed_json", "The line is not a JSON object.")
    is_dialogue = record.keys() >= DIALOGUE_FIELDS and "external_id" not in record
    call = _from_dialogue(record, today or datetime.now(ZONE).date()) if is_dialogue else record
    call.setdefault("project_id", project_id)
    if not call["project_id"]:
        raise LineRefusedError(
            "validation_failed", "Name the project with --project, or in the line.", "/project_id"
        )
    body = json.dumps(call, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    # The content is part of the key: a corrected line must not meet the answer its wrong twin was given.
    return Parcel(
        line, str(call.get("external_id", "")), body, f"ingest-{sha256(body).hexdigest()}", is_dialogue
    )


def _from_dialogue(record: dict[str, Any], today: date) -> dict[str, Any]:
    _look_over(record)
    turns = record["turns"]
    rng = Random(f"dialogue {record['id']}")  # noqa: S311 - made-up times, no secret
    started = _started(rng, today)
    answered = started + timedelta(seconds=rng.randint(2, 6))
    timed, length_ms = _timed(turns, rng)
    outcome, call_type, summary = _outcome(record)
    return {
        "external_id": str(record["id"]),
        "channel": "voice",
        "direction": "inbound",
        "status": "completed",
        "started_at": started.isoformat(),
        "answered_at": answered.isoformat(),
        "ended_at": (answered + timedelta(milliseconds=length_ms + rng.randint(500, 2500))).isoformat(
            "T", "seconds"
        ),
        "end_reason": "caller_hangup",
        "from_number": to_e164(rng.choice(FICTION_MOBILES)),
        "to_number": "+61255501800",
        "agent": {"id": "imported-agent", "name": "Imported agent"},
        "call_type": call_type,
        "resolution": "unresolved" if record.get("result") == "failure" else "resolved",
        "summary": summary,
        "turns": timed,
    } | ({"outcome": outcome} if outcome else {})


def _look_over(record: dict[str, Any]) -> None:
    """Refuse what is not as a dialogue is, so that nothing of it is guessed or left out."""
    turns, intents = record["turns"], record["intents"]
    if isinstance(record["id"], bool) or not isinstance(record["id"], str | int) or record["id"] == "":
        raise LineRefusedError("validation_failed", "The dialogue's id is no text or whole number.", "/id")
    if not isinstance(intents, list) or not all(isinstance(intent, str) for intent in intents):
        raise LineRefusedError(
            "validation_failed", "The dialogue's intents are not a list of names.", "/intents"
        )
    if not isinstance(record.get("result"), str | None):
        raise LineRefusedError("validation_failed", "The dialogue's result is no word.", "/result")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise LineRefusedError(
            "validation_failed", "The dialogue's turns are not a list of objects.", "/turns"
        )
    for member in ("text", "speaker"):
        wrong = [n for n, turn in enumerate(turns) if not isinstance(turn.get(member, ""), str)]
        if wrong:
            raise LineRefusedError(
                "validation_failed",
                f"The {member} of a turn is no text.",
                *(f"/turns/{n}/{member}" for n in wrong[:MAX_FIELD_ERRORS]),
            )


def _lone_surrogate(value: Any, at: str = "") -> str | None:
    """Where half a character stands in text or in a name, as a JSON Pointer: UTF-8 has no way to write it."""
    if isinstance(value, str):
        return at if _HALF.search(value) else None
    if isinstance(value, dict):
        if any(_HALF.search(name) for name in value):
            return at
        parts: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return None
    found = (
        _lone_surrogate(part, f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}")
        for name, part in parts
    )
    return next((one for one in found if one is not None), None)


def _started(rng: Random, today: date) -> datetime:
    # The one day of the last 90 whose number fits the id: it stays the same day until 90 days have passed.
    phase = rng.randrange(DAYS)
    yesterday = today - timedelta(days=1)
    day = yesterday - timedelta(days=(yesterday.toordinal() - phase) % DAYS)
    open_seconds = (SHUTS.hour - OPENS.hour) * 3600
    start = datetime.combine(day, OPENS, ZONE) + timedelta(seconds=rng.randrange(open_seconds))
    return start.astimezone(UTC)


def _timed(turns: list[dict[str, Any]], rng: Random) -> tuple[list[dict[str, Any]], int]:
    now_ms = 0
    timed = []
    for turn in turns:
        text = turn.get("text", "")
        now_ms += rng.randint(300, 1200)
        length_ms = max(400, int(1000 * len(text.split()) / WORDS_A_SECOND))
        speaker = turn.get("speaker", "caller")
        timed.append({"speaker": speaker, "text": text, "start_ms": now_ms, "end_ms": now_ms + length_ms})
        now_ms += length_ms
    return timed, now_ms


def _outcome(record: dict[str, Any]) -> tuple[str | None, str, str]:
    wanted = next((intent for intent in record["intents"] if intent in DONE), None)
    if wanted is None:
        return "enquiry_answered", "enquiry", "The caller asked about what is on offer."
    outcome, call_type, summary = DONE[wanted]
    if record.get("result") == "success":
        return outcome, call_type, summary
    if record.get("result") == "failure":
        return "not_completed", call_type, "What the caller wanted could not be arranged."
    return None, call_type, "The caller asked about an arrangement; nothing was settled."


def numbered(lines: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Give each line its number from 1 and leave out the empty ones."""
    for number, line in enumerate(lines, start=1):
        if stripped := line.strip():
            yield number, stripped
