"""What is a section's own, of those that every project has.

The one thing a newcomer would get wrong: `default` is what the project does before anybody saved; it must be
a value that could be saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from aidial_api.kernel import public_holidays
from aidial_api.kernel.ask import Ask
from aidial_api.surfaces.settings import store
from aidial_api.surfaces.settings.notification_ways import NOTIFICATIONS
from aidial_api.surfaces.settings.transfer_alert_ways import TRANSFER_ALERTS
from aidial_api.surfaces.settings.transfers import TRANSFERS
from aidial_api.surfaces.settings.way import Ways
from aidial_contract.access import Level
from aidial_contract.consent_templates import BY_REVISION, TEMPLATES, consent_notice
from aidial_contract.shapes.project_settings import (
    DAYS,
    BusinessHours,
    Calendar,
    CallLimits,
    ComplianceCopy,
    ConsentPreview,
    ConsentTemplate,
    NewCallLimits,
    NewComplianceCopy,
    NewPublicHolidays,
    NewSpecialDays,
    NewWeeklyHours,
    OpenRange,
    PublicHoliday,
    SpecialDay,
    Weekly,
)


def _as_it_answers(row: asyncpg.Record) -> CallLimits:
    return CallLimits(greeting="", interruptible=True, max_duration_minutes=row["max_duration_minutes"])


def _settled_limits(_: Ask, new: NewCallLimits, __: Any) -> CallLimits:
    return CallLimits(
        greeting=new.greeting.strip(),
        interruptible=new.interruptible,
        max_duration_minutes=new.max_duration_minutes,
    )


async def _limited(ask: Ask, value: CallLimits) -> None:
    """Calls that never report their end are overdue by the new limit."""
    place = ask.found["client_id"], ask.found["project_id"]
    await store.limit_calls(ask.tx, *place, value.max_duration_minutes)


CALENDAR_OF_ZONE: Final[Mapping[str, Calendar]] = {
    "Australia/Sydney": "AU-NSW",
    "Australia/Melbourne": "AU-VIC",
    "Australia/Brisbane": "AU-QLD",
    "Australia/Adelaide": "AU-SA",
    "Australia/Perth": "AU-WA",
    "Australia/Hobart": "AU-TAS",
    "Australia/Darwin": "AU-NT",
}


def _around_the_clock(row: asyncpg.Record) -> BusinessHours:
    always = OpenRange(open="00:00", close="24:00")
    return BusinessHours(
        weekly=Weekly(**{day: [always] for day in DAYS}),
        mode="regular",
        calendar=CALENDAR_OF_ZONE.get(row["timezone"], "AU"),
        days=[],
    )


NewCard = NewWeeklyHours | NewPublicHolidays | NewSpecialDays


def _settled_hours(_: Ask, new: NewCard, former: BusinessHours) -> BusinessHours:
    """One card anew, the others as they were."""
    if isinstance(new, NewWeeklyHours):
        weekly = Weekly(**{day: _in_order(getattr(new.weekly, day)) for day in DAYS})
        return msgspec.structs.replace(former, weekly=weekly)
    if isinstance(new, NewPublicHolidays):
        return msgspec.structs.replace(former, mode=new.mode, calendar=new.calendar)
    days = [
        SpecialDay(date=one.date, closed=one.closed, ranges=_in_order(one.ranges), label=one.label.strip())
        for one in sorted(new.days, key=lambda one: one.date)
    ]
    return msgspec.structs.replace(former, days=days)


def _in_order(ranges: Sequence[OpenRange]) -> list[OpenRange]:
    return sorted((OpenRange(open=one.open, close=one.close) for one in ranges), key=lambda one: one.open)


YEAR: Final = timedelta(days=365)


async def _coming_holidays(ask: Ask, value: BusinessHours) -> dict[str, Any]:
    """Those of the calendar, which every role sees, from today on by the project's clocks."""
    today = ask.services.clock().astimezone(ZoneInfo(ask.found["timezone"])).date()
    await public_holidays.ready(value.calendar, today.year)
    coming = public_holidays.coming(value.calendar, today, within=YEAR)
    return {"holidays": [PublicHoliday(date=day.isoformat(), name=name) for day, name in coming]}


def _first_template(_: asyncpg.Record) -> ComplianceCopy:
    return ComplianceCopy(template_revision=TEMPLATES[0].revision, appendix="")


def _settled_copy(_: Ask, new: NewComplianceCopy, __: Any) -> ComplianceCopy:
    return ComplianceCopy(template_revision=new.template_revision, appendix=new.appendix.strip())


async def _rendered(ask: Ask, value: ComplianceCopy) -> dict[str, Any]:
    """What callers are told; and, for who may choose, what there is to choose from."""
    template = BY_REVISION[value.template_revision]
    shown = () if ask.level is Level.SUMMARY else TEMPLATES
    return {
        "preview": ConsentPreview(
            collection_notice=template.collection_notice,
            consent_notice=consent_notice(template, value.appendix),
        ),
        "templates": [ConsentTemplate(**asdict(one)) for one in shown],
    }


PROJECT_WAYS: Final[Mapping[str, Ways]] = {
    "compliance-copy": Ways(default=_first_template, settled=_settled_copy, more=_rendered),
    "business-hours": Ways(default=_around_the_clock, settled=_settled_hours, more=_coming_holidays),
    "call-limits": Ways(default=_as_it_answers, settled=_settled_limits, applied=_limited),
    "notifications": NOTIFICATIONS,
    "transfer-alerts": TRANSFER_ALERTS,
    "transfer-settings": TRANSFERS,
}
"""By slug."""
