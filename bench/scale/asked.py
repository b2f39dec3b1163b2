"""What is asked for: single filters, the commonest pairs, callers and words.

The one thing a newcomer would get wrong: something nobody has is asked for too. It must not cost more because
everything is looked through in vain.
"""

from __future__ import annotations

from typing import Final

Pairs = tuple[tuple[str, str], ...]
SINGLES: Final[tuple[Pairs, ...]] = (
    (),
    (("status", "missed"),),
    (("status", "completed"),),
    (("outcome", "complaint"),),
    (("outcome", "do_not_call"),),
    (("outcome", "nobody-says-this"),),
    (("sentiment", "upset"),),
    (("resolution", "escalated"),),
    (("type", "recall"),),
    (("agent", "agent-harbour-dental-matilda"),),
    (("channel", "sms"),),
    (("direction", "outbound"),),
    (("sms_status", "failed"),),
    (("email_status", "sent"),),
    (("attention", "yes"),),
    (("attention", "no"),),
    (("booking", "yes"),),
    (("booking", "no"),),
    (("transfer", "yes"),),
    (("transfer", "no"),),
    (("follow_up", "yes"),),
    (("follow_up", "no"),),
    (("min_duration", "600"),),
    (("max_duration", "10"),),
)
PAIRS: Final[tuple[Pairs, ...]] = (
    (("status", "completed"), ("sentiment", "upset")),
    (("status", "completed"), ("direction", "outbound")),
    (("status", "missed"), ("sentiment", "upset")),
    (("outcome", "appointment_booked"), ("sentiment", "positive")),
    (("outcome", "complaint"), ("resolution", "escalated")),
    (("type", "new_booking"), ("booking", "yes")),
    (("attention", "yes"), ("sentiment", "upset")),
    (("follow_up", "yes"), ("resolution", "follow_up_required")),
    (("direction", "inbound"), ("channel", "sms")),
    (("status", "completed"), ("min_duration", "300")),
)
CALLERS: Final[tuple[Pairs, ...]] = (
    (("caller", "+61491570156"),),
    (("caller", "156"),),
    (("caller", "6151"),),
    (("caller", "70156"),),
    (("caller", "999999"),),
)
SEARCHES: Final[tuple[Pairs, ...]] = (
    (("q", "booked"),),
    (("q", "complaint refund"),),
    (("q", "voicemail"),),
    (("q", "hippopotamus"),),
)
