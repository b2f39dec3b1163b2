"""The demo's messages: one line tells its people of calls, the last few at once, and of each month.

The one thing a newcomer would get wrong: nothing leaves. The embedded outbox keeps what would have been sent,
and operators read it under `/ops/outbox`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg

from aidial.seed.businesses import HARBOUR_DENTAL
from aidial.stops import CommandStopped, Exit
from aidial_api.kernel.db import DatabaseUnavailable
from aidial_api.provisioning_notifications import turn_on, turn_on_summary
from aidial_contract.shapes.notifications import EmailTranscript, Notifications, SmsSummary
from aidial_contract.shapes.reports import MonthlySummary, Reports

if TYPE_CHECKING:
    from aidial.demo.environment import Effective

LATEST: Final = 6
MONTHS_BACK: Final = 2
# A number that is kept for fiction.
_MOBILE: Final = "+61491570156"


async def tell_people(known: Effective) -> None:
    """Turn notifications of Harbour Dental's front desk on, and its reports; what is set already stays.

    `CommandStopped` when that fails.
    """
    line = HARBOUR_DENTAL.projects[0]
    chosen = Notifications(
        email_transcript=EmailTranscript(
            enabled=True, mask=True, recipients=[f"reception@{HARBOUR_DENTAL.domain}"]
        ),
        sms_summary=SmsSummary(enabled=True, recipients=[_MOBILE]),
    )
    place = HARBOUR_DENTAL.client_id, line.project_id
    try:
        await turn_on(known.owner_url, known.master_key, *place, chosen, latest=LATEST)
        monthly = MonthlySummary(enabled=True, recipients=[f"practice@{HARBOUR_DENTAL.domain}"])
        where = known.owner_url, known.master_key, HARBOUR_DENTAL.client_id
        await turn_on_summary(*where, Reports(monthly_summary=monthly), months_back=MONTHS_BACK)
    except (DatabaseUnavailable, asyncpg.PostgresError) as problem:
        raise CommandStopped(
            f"the database refused the demo's notifications: {problem}", Exit.UNAVAILABLE
        ) from None
