"""What customers set for their projects, as the voice runtime reads it.

The one thing a newcomer would get wrong: versions hold the sections of settings as people saved them; only
here they get the runtime's names and units.
"""

from __future__ import annotations

from typing import Any, Final

from aidial_contract.shapes.workspace import RuntimeGreeting, RuntimeHangup, RuntimeMaxDuration

SECONDS_A_MINUTE: Final = 60


def of_settings(content: dict[str, Any], max_duration_minutes: int) -> dict[str, Any]:
    """Members of the runtime's configuration; `max_duration_minutes` counts where nobody saved another."""
    limits = content.get("call-limits", {})
    minutes = limits.get("max_duration_minutes", max_duration_minutes)
    return {
        "greeting": RuntimeGreeting(
            text=limits.get("greeting", ""), interruptible=limits.get("interruptible", True)
        ),
        "hangup": RuntimeHangup(max_duration=RuntimeMaxDuration(timeout_seconds=minutes * SECONDS_A_MINUTE)),
    }
