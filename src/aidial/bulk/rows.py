"""The rows of one line's calls: ids, times, people and numbers put to templates, encoded for COPY.

The one thing a newcomer would get wrong: this runs once a call, ten million times. Whatever can be made once
a line or once a number is.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from aidial.bulk.binary import NULL, bytes_array_field, encoded, field, moment_field, row_head, uuid_field
from aidial.bulk.plan import Line, Plan, external_id
from aidial.bulk.recordings import COLUMNS as RECORDING_COLUMNS
from aidial.bulk.recordings import TOLD as RECORDED
from aidial.bulk.recordings import Recording, recording
from aidial.bulk.templates import OWN, WEEK_S, Template, fits
from aidial.seed.people import FICTION_MOBILES, WITHHELD_SHARE, to_e164
from aidial.seed.rhythm import busy_hours
from aidial_api.kernel.crypto import TenantKey

TRANSCRIPT_EVERY: Final = 50
CALLS_A_HOUSEHOLD: Final = 40
HOUSEHOLDS: Final = 20_000
"""The landlines of an area that films and books may use, and no others."""
MOBILE_SHARE: Final = 0.1
TRANSCRIPT_COLUMNS: Final = ("client_id", "call_id", "turns", "raw", "redaction_counts")
_UUID_7: Final = 7 << 76
_VARIANT: Final = 2 << 62
_RANDOM_BITS: Final = 74
_UNTOLD: Final = encoded("int4", 0) + encoded("text", "missing") + NULL
_NO_TOKENS: Final = bytes_array_field(())
_RECORDED: Final = encoded("jsonb", RECORDED)
SETTLE: Final = timedelta(hours=1)
"""No call starts later than this before the plan's end, so that none ends in the future."""


@dataclass(frozen=True, slots=True)
class Call:
    """One row of `calls` with the tokens that find it, and what else it has of its own."""

    started: int
    row: bytes
    transcript: bytes | None
    recording: Recording | None


class LineRows:
    """Makes the calls of one line."""

    def __init__(
        self, line: Line, plan: Plan, pool: list[Template], key: TenantKey, columns: int, *, records: bool
    ) -> None:
        self.line, self._plan, self._key, self._records = line, plan, key, records
        polite = [one for one in pool if not one.polite]
        zone = ZoneInfo(line.business.timezone)
        until = plan.until - SETTLE
        hours, self._totals = busy_hours(
            Random(f"bulk:{plan.seed}:{line.project_id}"),  # noqa: S311 - made-up data
            until=until,
            days=plan.days,
            timezone=line.business.timezone,
            state=line.business.state,
            after_hours=line.project.line == "after_hours",
        )
        self._hours = [
            (int(hour.timestamp()), pool if fits(hour.astimezone(zone)) else polite) for hour in hours
        ]
        self._latest = int(until.timestamp())
        client, project = field(line.client_id.encode()), uuid_field(UUID(line.project_id).bytes)
        self._head = row_head(columns) + client + project
        self._transcript_head = row_head(len(TRANSCRIPT_COLUMNS)) + client
        self._recording_head = row_head(len(RECORDING_COLUMNS)) + client
        self._project = UUID(line.project_id).bytes
        self._landlines = _landlines(line)
        self._mobiles = [to_e164(mobile) for mobile in FICTION_MOBILES]
        self._tokens: dict[str, bytes] = {}

    def of_slice(self, part: int, parts: int) -> Iterator[Call]:
        """The calls of one slice of time, in no order."""
        first, last = self.line.up_to(part, parts), self.line.up_to(part + 1, parts)
        rng = Random(f"bulk:{self._plan.seed}:{self.line.project_id}:{part}")  # noqa: S311 - made-up data
        whole = self._totals[-1]
        for index in range(first, last):
            hour = bisect(self._totals, (part + rng.random()) / parts * whole, hi=len(self._hours) - 1)
            begins, pool = self._hours[hour]
            started = min(begins + int(rng.random() * 3_600), self._latest)
            template = pool[int(rng.random() * len(pool))]
            yield self._call(rng, index, started, template)

    def _call(self, rng: Random, index: int, started: int, template: Template) -> Call:
        stamp = (started * 1_000 + int(rng.random() * 1_000)) << 80
        noise = rng.getrandbits(_RANDOM_BITS)
        raw_id = (stamp | _UUID_7 | (noise >> 62) << 64 | _VARIANT | noise & ((1 << 62) - 1)).to_bytes(16)
        digits = raw_id.hex()
        call_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        number = self._number(rng, template)
        ours = self.line.project.number
        caller, called = (number, ours) if template.inbound else (ours, number)
        name = external_id(self._plan.seed, self.line, index).encode()
        # By whole weeks: an appointment at half past nine stays one.
        shift = -(-(started - template.started) // WEEK_S) * WEEK_S
        told = template.message_count and index % TRANSCRIPT_EVERY == 0
        heard = self._records and told and template.may_be_recorded
        answered = template.answered_after
        id_field = uuid_field(raw_id)
        row = b"".join(
            (
                self._head,
                id_field,
                field(name),
                field(self._key.fingerprint(name)),
                moment_field(started),
                NULL if answered is None else moment_field(started + answered),
                moment_field(started + template.ended_after),
                self._sealed(caller, "from_number", call_id),
                self._sealed(called, "to_number", call_id),
                template.told if told else _UNTOLD,
                _RECORDED if heard else NULL,
                *(one if isinstance(one, bytes) else one.field(shift) for one in template.dated),
                self._found_by(number),
                template.rest,
            )
        )
        return Call(
            started,
            row,
            self._transcript(id_field, call_id, template) if told else None,
            self._recording((raw_id, self._project, name), started + template.ended_after) if heard else None,
        )

    def _transcript(self, id_field: bytes, call_id: str, template: Template) -> bytes:
        raw = self._key.encrypt(template.raw, purpose="turns", record=call_id)
        return self._transcript_head + id_field + template.turns + field(raw) + template.counts

    def _recording(self, call: tuple[bytes, bytes, bytes], ended: int) -> Recording:
        return recording(self._recording_head, self.line.client_id, self._key, call, ended)

    def _number(self, rng: Random, template: Template) -> str | None:
        if template.mobile or rng.random() < MOBILE_SHARE:
            return self._mobiles[int(rng.random() * len(self._mobiles))]
        if rng.random() < WITHHELD_SHARE:
            return None
        return self._landlines[int(rng.random() * len(self._landlines))]

    def _sealed(self, number: str | None, purpose: str, call_id: str) -> bytes:
        if number is None:
            return NULL
        return field(self._key.encrypt(number.encode(), purpose=purpose, record=call_id))

    def _found_by(self, number: str | None) -> bytes:
        if number is None:
            return _NO_TOKENS
        known = self._tokens.get(number)
        if known is None:
            known = self._tokens[number] = bytes_array_field(self._key.caller_tokens(number))
        return known


def staged_columns(others: list[str]) -> list[str]:
    """The columns of a row of `Call`, in order."""
    return [*OWN, "tokens", *others]


def _landlines(line: Line) -> list[str]:
    households = max(1, min(HOUSEHOLDS, line.count // CALLS_A_HOUSEHOLD))
    area = line.business.area_code
    return [
        to_e164(f"{area}{'5550' if at % 2 else '7010'}{at // 2 * 6_151 % 10_000:04d}")
        for at in range(households)
    ]
