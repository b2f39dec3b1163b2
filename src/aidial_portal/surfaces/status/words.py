"""Status in words that customers may read: the overall state, the parts of a project, what their calls show.

The one thing a newcomer would get wrong: a part without evidence is not said to work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.shapes.status import HISTORY_DAYS

if TYPE_CHECKING:
    from aidial_contract.shapes.status import Part, PartHealth

PART_NAMES: Final[dict[Part, str]] = {
    "phone_path": "Phone path",
    "booking": "Bookings",
    "transfers": "Transfers",
    "sms": "SMS",
    "email": "E-mail",
    "reports": "Reports",
    "recording": "Recordings",
    "transcript": "Transcripts",
    "incidents": "Incidents",
}
_USES: Final[dict[Part, tuple[str, str]]] = {
    "phone_path": ("call", "calls"),
    "booking": ("booking", "bookings"),
    "transfers": ("transfer", "transfers"),
    "sms": ("SMS", "SMS"),
    "email": ("e-mail", "e-mails"),
    "recording": ("recording", "recordings"),
    "transcript": ("transcript", "transcripts"),
}


def evidence(part: PartHealth) -> str:
    """What a part's state rests on: `48 of 50 calls went through`."""
    if part.part == "incidents":
        return _incidents(part.seen)
    if part.part not in _USES:
        late = part.state == "degraded"
        return "Background work runs late" if late else "Nothing is measured for this yet"
    one, many = _USES[part.part]
    if not part.seen:
        return f"No {many} in the last {HISTORY_DAYS} days"
    worked = part.seen - part.failed
    noun = one if part.seen == 1 else many
    return (
        f"{worked} of {part.seen} {noun} went through" if part.failed else f"{part.seen} {noun}, none failed"
    )


def _incidents(count: int) -> str:
    if not count:
        return "None is active"
    return "One is active" if count == 1 else f"{count} are active"
