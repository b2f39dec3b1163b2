"""The condition each filter of the list puts on a call; its parameters are `aidial_contract.params`.

The one thing a newcomer would get wrong: a condition names a column and a place, never a value.
"""

from __future__ import annotations

from typing import Final

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
    "attention": "c.attention_flag = ({}::text = 'yes')",
    "booking": "(c.booking IS NOT NULL) = ({}::text = 'yes')",
    "transfer": "(c.transfer IS NOT NULL) = ({}::text = 'yes')",
    "follow_up": "(c.follow_up IS NOT NULL) = ({}::text = 'yes')",
    "min_duration": "c.duration_seconds >= {}::integer",
    "max_duration": "c.duration_seconds <= {}::integer",
}
"""By the name of the parameter."""
