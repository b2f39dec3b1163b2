"""How long a tenant's data is kept, and what is asked of those who look at personal details.

The one thing a newcomer would get wrong: null days keep the data until somebody decides otherwise; nothing is
ever deleted by a default.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from aidial_contract.shapes.common import Outgoing

SECTION: Final = "data-governance"
LEAST_DAYS: Final = 7
MOST_DAYS: Final = 3_650
Days = Annotated[int, Meta(ge=LEAST_DAYS, le=MOST_DAYS, description="Days since the call began")]


class DataGovernance(Outgoing):
    """A tenant's policy. `unlocks_need_approval`: a second administrator approves each unlock."""

    recordings_days: Days | None = None
    transcripts_days: Days | None = None
    analytics_days: Days | None = None
    unlocks_need_approval: bool = False
