"""What fields suggest; others may be typed."""

from __future__ import annotations

from typing import Final

ZONES: Final = (
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Australia/Darwin",
    "Australia/Hobart",
    "Australia/Melbourne",
    "Australia/Perth",
    "Australia/Sydney",
    "Pacific/Auckland",
    "UTC",
)
FORMATS: Final = ("en-AU", "en-GB", "en-NZ", "en-US")
