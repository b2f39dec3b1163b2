"""Examples of sections of settings that every project has, as `/v1` gives them. Nobody in them exists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal

from aidial_contract.project_sections import PROJECT_SECTIONS
from aidial_contract.shapes.notifications import EmailTranscript, Notifications, SmsSummary
from aidial_contract.shapes.project_settings import CallLimits
from aidial_contract.shapes.settings import LastChange, SettingsProject

PROJECTS: Final = (
    SettingsProject(ref="b2xuZS1vZi1hbGljZXMxMQ", name="Reception"),
    SettingsProject(ref="b2xuZS1vZi1hbGljZXMyMg", name="After hours"),
)
TITLES: Final = {"call_limits": "Call handling", "notifications": "Notifications"}
VALUES: Final[dict[str, Any]] = {
    "call_limits": CallLimits(
        greeting="Good morning, Harbour Dental. How can I help you today?",
        interruptible=True,
        max_duration_minutes=15,
    ),
    "notifications": Notifications(
        email_transcript=EmailTranscript(enabled=True, mask=True, recipients=["desk@harbour-dental.example"]),
        sms_summary=SmsSummary(enabled=False, recipients=["+61412000111"]),
    ),
}
_MORE: Final[dict[str, dict[str, Any]]] = {}


def document(name: str, *, mode: Literal["edit", "summary"]) -> Any:
    """Give the document of a project's section; None of one that is the tenant's."""
    section = next((one for one in PROJECT_SECTIONS if one.name == name), None)
    if section is None:
        return None
    at = datetime(2026, 11, 20, 4, 5, tzinfo=UTC)
    return section.document(
        section=section.slug,
        mode=mode,
        version=3,
        publish_status="published",
        observed_at=None,
        last_changed=LastChange(at=at, by="alice@harbour-dental.example"),
        working=VALUES[name],
        published=VALUES[name],
        **_MORE.get(name, {}),
    )
