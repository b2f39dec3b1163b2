"""Examples of sections of settings that every project has, as `/v1` gives them. Nobody in them exists."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, Literal

from aidial_contract.consent_templates import TEMPLATES, consent_notice
from aidial_contract.project_sections import PROJECT_SECTIONS
from aidial_contract.shapes.notifications import EmailTranscript, Notifications, Reaches, SmsSummary
from aidial_contract.shapes.project_settings import (
    DAYS,
    BusinessHours,
    CallLimits,
    ComplianceCopy,
    ConsentPreview,
    ConsentTemplate,
    OpeningPreview,
    OpenRange,
    PublicHoliday,
    SpecialDay,
    TransferOption,
    TransferSettings,
    Weekly,
)
from aidial_contract.shapes.settings import LastChange, SettingsProject
from aidial_contract.shapes.transfer_alerts import AlertDestination, TransferAlerts

PROJECTS: Final = (
    SettingsProject(ref="b2xuZS1vZi1hbGljZXMxMQ", name="Reception"),
    SettingsProject(ref="b2xuZS1vZi1hbGljZXMyMg", name="After hours"),
)
_MORNING: Final = OpenRange(open="09:00", close="12:30")
TITLES: Final = {
    "business_hours": "Opening hours",
    "call_limits": "Call handling",
    "compliance_copy": "Consent notice",
    "notifications": "Notifications",
    "transfer_settings": "Transfers",
    "transfer_alerts": "Transfer alerts",
}
VALUES: Final[dict[str, Any]] = {
    "business_hours": BusinessHours(
        weekly=Weekly(
            **{
                day: [OpenRange(open="09:00", close="12:30"), OpenRange(open="13:30", close="17:00")]
                for day in DAYS[:5]
            },
            sat=[OpenRange(open="09:00", close="12:00")],
            sun=[],
        ),
        mode="close",
        calendar="AU-NSW",
        days=[
            SpecialDay(
                date="2026-12-24",
                closed=False,
                ranges=[OpenRange(open="09:00", close="12:00")],
                label="Christmas Eve",
            ),
            SpecialDay(date="2026-12-31", closed=True, label="Staff party"),
        ],
    ),
    "transfer_settings": TransferSettings(
        after_hours=True,
        destination_revision="front_desk.4",
        warmup_message="A caller of Harbour Dental would like to speak to you.",
        handoff_message="I am putting you through to the front desk.",
    ),
    "transfer_alerts": TransferAlerts(
        alerts={"front_desk": ["manager@harbour-dental.example"], "doctor": []}
    ),
    "compliance_copy": ComplianceCopy(
        template_revision=TEMPLATES[0].revision, appendix="We never ask for card numbers."
    ),
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
OPENING: Final = OpeningPreview(
    at=datetime(2026, 11, 22, 4, 5, tzinfo=UTC),
    local="2026-11-22T15:05",
    timezone="Australia/Sydney",
    clocks="plain",
    open=False,
    rule="weekly",
    label="",
    changes_at=datetime(2026, 11, 22, 22, 0, tzinfo=UTC),
)
_MORE: Final[dict[str, dict[str, Any]]] = {
    "business_hours": {
        "holidays": [
            PublicHoliday(date="2026-12-25", name="Christmas Day"),
            PublicHoliday(date="2026-12-28", name="Boxing Day (observed)"),
            PublicHoliday(date="2027-01-01", name="New Year's Day"),
        ]
    },
    "transfer_settings": {
        "destination": "Front desk",
        "options": [TransferOption(revision="front_desk.4", label="Front desk", is_current=True)],
    },
    "transfer_alerts": {
        "destinations": [
            AlertDestination(code="front_desk", label="Front desk", is_current=True),
            AlertDestination(code="doctor", label="Doctor on call", is_current=False),
        ],
        "sends_email": False,
    },
    "notifications": {"reaches": Reaches(email=True, sms=False)},
    "compliance_copy": {
        "preview": ConsentPreview(
            collection_notice=TEMPLATES[0].collection_notice,
            consent_notice=consent_notice(TEMPLATES[0], "We never ask for card numbers."),
        ),
        "templates": [ConsentTemplate(**asdict(one)) for one in TEMPLATES],
    },
}


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
