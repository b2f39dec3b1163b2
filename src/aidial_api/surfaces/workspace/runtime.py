"""What customers set for their projects, as the voice runtime reads it.

The one thing a newcomer would get wrong: versions hold the sections of settings as people saved them; only
here they get the runtime's names and units.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from aidial_api.kernel import public_holidays
from aidial_contract.consent_templates import BY_REVISION, TEMPLATES, consent_notice
from aidial_contract.shapes.project_settings import PublicHoliday
from aidial_contract.shapes.workspace import (
    RuntimeCompliance,
    RuntimeDestination,
    RuntimeGreeting,
    RuntimeHangup,
    RuntimeHolidays,
    RuntimeHours,
    RuntimeMaxDuration,
    RuntimeTransfer,
)

SECONDS_A_MINUTE: Final = 60


async def closed_on(content: dict[str, Any], now: datetime) -> list[PublicHoliday]:
    """The public holidays of this year and the next, by the project's clocks, on which its line is closed."""
    hours = content.get("business-hours")
    if hours is None or hours["mode"] != "close":
        return []
    calendar = hours["calendar"]
    year = now.astimezone(ZoneInfo(content["profile"]["timezone"])).year
    await public_holidays.ready(calendar, year)
    return [
        PublicHoliday(date=day.isoformat(), name=name)
        for one in (year, year + 1)
        for day, name in public_holidays.days_of(calendar, one).items()
    ]


def of_settings(
    content: dict[str, Any],
    max_duration_minutes: int,
    destination: dict[str, Any] | None,
    holidays: list[PublicHoliday],
) -> dict[str, Any]:
    """Members of the runtime's configuration; `max_duration_minutes` counts where nobody saved another.

    `destination` is the one that transfer settings pinned, `holidays` are those that close the line.
    `business_hours` is null before anybody saved some: the line is open around the clock.
    """
    limits = content.get("call-limits", {})
    minutes = limits.get("max_duration_minutes", max_duration_minutes)
    hours = content.get("business-hours")
    copy = content.get("compliance-copy", {})
    template = BY_REVISION[copy.get("template_revision", TEMPLATES[0].revision)]
    transfer = content.get("transfer-settings", {})
    return {
        "transfer": RuntimeTransfer(
            after_hours=transfer.get("after_hours", False),
            destination=None
            if destination is None
            else RuntimeDestination(
                label=destination["label"], number=destination["number"], mode=destination["mode"]
            ),
            warmup_message=transfer.get("warmup_message", ""),
            handoff_message=transfer.get("handoff_message", ""),
        ),
        "compliance": RuntimeCompliance(
            template_revision=template.revision,
            collection_notice=template.collection_notice,
            consent_notice=consent_notice(template, copy.get("appendix", "")),
        ),
        "business_hours": None
        if hours is None
        else RuntimeHours(
            timezone=content["profile"]["timezone"],
            weekly=hours["weekly"],
            public_holidays=RuntimeHolidays(
                mode=hours["mode"], calendar=hours["calendar"], closed_on=holidays
            ),
            special_days=hours["days"],
        ),
        "greeting": RuntimeGreeting(
            text=limits.get("greeting", ""), interruptible=limits.get("interruptible", True)
        ),
        "hangup": RuntimeHangup(max_duration=RuntimeMaxDuration(timeout_seconds=minutes * SECONDS_A_MINUTE)),
    }
