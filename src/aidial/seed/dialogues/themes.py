"""How often each theme comes up, by line and by kind of practice. Weights: only ratios matter."""

from collections.abc import Callable
from typing import Literal

from aidial.seed.businesses import Kind, Line
from aidial.seed.dialogues import (
    booking,
    changes,
    cover,
    emergency,
    outreach,
    questions,
    reception,
    strangers,
    texts,
)
from aidial.seed.dialogues.scene import Ending, Scene

Direction = Literal["inbound", "outbound"]
Channel = Literal["voice", "sms"]
Theme = Callable[[Scene], Ending]
Row = tuple[Theme, Channel, Direction, float, float]

# theme, channel, direction, weight at the front desk, weight after hours
ROWS: tuple[Row, ...] = (
    (booking.new_booking, "voice", "inbound", 20, 15),
    (booking.family_booking, "voice", "inbound", 3, 2),
    (changes.reschedule, "voice", "inbound", 10, 9),
    (changes.cancel, "voice", "inbound", 4.5, 8),
    (changes.running_late, "voice", "inbound", 3, 0),
    (questions.price, "voice", "inbound", 6.5, 4),
    (questions.opening_hours, "voice", "inbound", 3.5, 9),
    (questions.directions, "voice", "inbound", 3, 0.5),
    (cover.insurance, "voice", "inbound", 4.5, 2.5),
    (cover.medicare_plan, "voice", "inbound", 3, 1),
    (emergency.emergency, "voice", "inbound", 4, 15),
    (reception.speak_to_someone, "voice", "inbound", 7, 9),
    (reception.pays_account, "voice", "inbound", 2.5, 1),
    (reception.changes_details, "voice", "inbound", 2, 1),
    (reception.complaint, "voice", "inbound", 2, 2),
    (strangers.wrong_number, "voice", "inbound", 2, 2.5),
    (strangers.sales, "voice", "inbound", 3, 0.4),
    (strangers.silence, "voice", "inbound", 2.2, 4),
    (strangers.missed, "voice", "inbound", 3.6, 4.5),
    (strangers.failed, "voice", "inbound", 1.6, 1.4),
)
# A live call is one of these: long enough to be still going on.
LIVE: tuple[Theme, ...] = (booking.new_booking, changes.reschedule)
OUTBOUND_ROWS: tuple[Row, ...] = (
    (outreach.reminder, "voice", "outbound", 5, 0),
    (outreach.recall, "voice", "outbound", 2.6, 0),
    (outreach.voicemail, "voice", "outbound", 2.4, 0),
    (texts.confirmation_text, "sms", "outbound", 3.2, 0),
)
TEXT_ROWS: tuple[Row, ...] = ((texts.question_text, "sms", "inbound", 2, 2),)
PHYSIO_ROWS: tuple[Row, ...] = ((cover.claim, "voice", "inbound", 3, 1),)
# Nobody is rung about an appointment outside these hours, nor on a Sunday.
POLITE_HOURS = range(9, 19)
SUNDAY = 6


def rows(kind: Kind, line: Line, *, polite: bool) -> tuple[list[Row], list[float]]:
    """Choose the themes that fit, with their weights. `polite`: the practice may ring people at this hour."""
    fitting = [
        *ROWS,
        *TEXT_ROWS,
        *(PHYSIO_ROWS if kind == "physio" else ()),
        *(OUTBOUND_ROWS if polite else ()),
    ]
    return fitting, [row[3] if line == "front_desk" else row[4] for row in fitting]
