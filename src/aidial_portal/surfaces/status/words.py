"""Status in words that customers may read: the overall state, the parts of a project, what their calls show.

The one thing a newcomer would get wrong: a part without evidence is not said to work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.shapes.status import HISTORY_DAYS
from aidial_portal.words import N_, N_many, _, ngettext

if TYPE_CHECKING:
    from aidial_contract.shapes.status import Part, PartHealth

PART_NAMES: Final[dict[Part, str]] = {
    "phone_path": N_("Phone path"),
    "booking": N_("Bookings"),
    "transfers": N_("Transfers"),
    "sms": N_("SMS"),
    "email": N_("E-mail"),
    "reports": N_("Reports"),
    "recording": N_("Recordings"),
    "transcript": N_("Transcripts"),
    "incidents": N_("Incidents"),
}
_USES: Final[dict[Part, tuple[str, str]]] = {
    "phone_path": N_many("call", "calls"),
    "booking": N_many("booking", "bookings"),
    "transfers": N_many("transfer", "transfers"),
    "sms": ("SMS", "SMS"),
    "email": N_many("e-mail", "e-mails"),
    "reports": N_many("message", "messages"),
    "recording": N_many("recording", "recordings"),
    "transcript": N_many("transcript", "transcripts"),
}


def evidence(part: PartHealth) -> str:
    """What a part's state rests on: `48 of 50 calls went through`."""
    if part.part == "incidents":
        return _incidents(part.seen)
    if not part.seen and part.state == "degraded":
        return _("Background work runs late")
    one, many = _USES[part.part]
    noun = ngettext(one, many, part.seen)
    if not part.seen:
        return _("No {noun} in the last {count} days").format(noun=noun, count=HISTORY_DAYS)
    worked = part.seen - part.failed
    if part.failed:
        return _("{worked} of {count} {noun} went through").format(worked=worked, count=part.seen, noun=noun)
    return _("{count} {noun}, none failed").format(count=part.seen, noun=noun)


def _incidents(count: int) -> str:
    if not count:
        return _("None is active")
    return ngettext("One is active", "{count} are active", count).format(count=count)
