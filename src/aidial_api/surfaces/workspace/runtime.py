"""What customers set for their projects, as the voice runtime reads it.

The one thing a newcomer would get wrong: versions hold the sections of settings as people saved them; only
here they get the runtime's names and units.
"""

from __future__ import annotations

from typing import Any, Final

from aidial_contract.consent_templates import BY_REVISION, TEMPLATES, consent_notice
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


def of_settings(
    content: dict[str, Any], max_duration_minutes: int, destination: dict[str, Any] | None
) -> dict[str, Any]:
    """Members of the runtime's configuration; `max_duration_minutes` counts where nobody saved another.

    `destination` is the one that transfer settings pinned.
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
            public_holidays=RuntimeHolidays(mode=hours["mode"], calendar=hours["calendar"]),
            special_days=hours["days"],
        ),
        "greeting": RuntimeGreeting(
            text=limits.get("greeting", ""), interruptible=limits.get("interruptible", True)
        ),
        "hangup": RuntimeHangup(max_duration=RuntimeMaxDuration(timeout_seconds=minutes * SECONDS_A_MINUTE)),
    }
