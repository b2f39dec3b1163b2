"""The condition each filter of the list puts on a call; its parameters are `aidial_contract.params`.

The one thing a newcomer would get wrong: a condition names a column and a place, never a value. Those of
yes and no have no place either: an index of the calls that have something is used for its own words only.
What nearly every call lacks has other words for no: those of a column that the index of starts holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

CONDITIONS: Final[dict[str, str]] = {
    "status": "c.status = any({}::text[])",
    "outcome": "c.outcome = any({}::text[])",
    "sentiment": "c.sentiment_caller = any({}::text[])",
    "resolution": "c.resolution = any({}::text[])",
    "type": "c.call_type = any({}::text[])",
    "agent": "c.agent_id = any({}::text[])",
    "channel": "c.channel = any({}::text[])",
    "direction": "c.direction = any({}::text[])",
    "sms_status": "c.sms_status = any({}::text[])",
    "email_status": "c.email_status = any({}::text[])",
    "attention": "(c.attention_flag)",
    "booking": "(c.booking IS NOT NULL)",
    "transfer": "(c.transfer IS NOT NULL)",
    "follow_up": "(c.follow_up IS NOT NULL)",
    "min_duration": "c.duration_seconds >= {}::integer",
    "max_duration": "c.duration_seconds <= {}::integer",
}
"""By the name of the parameter."""
_LACKING: Final = {"transfer": "NOT c.has_transfer", "follow_up": "NOT c.has_follow_up"}
_ANY: Final = "any({}::text[])"


def asked_of(query: Mapping[str, Any]) -> list[str]:
    """The filters a query asks by: none, where everything of a period is listed, as most lists are."""
    return [name for name in CONDITIONS if query[name] is not None]


def condition(name: str, value: Any, place: Callable[[Any], str]) -> str:
    """What a filter asks of a call, `c`; `place` gives the place of a value."""
    text = CONDITIONS[name]
    if _ANY in text and len(value) == 1:
        # An array is taken apart for each call that is looked at: half of what looking costs.
        return text.replace(_ANY, "{}::text").format(place(value[0]))
    if "{}" in text:
        return text.format(place(value))
    return text if value == "yes" else _LACKING.get(name, f"NOT {text}")
