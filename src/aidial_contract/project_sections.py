"""The sections of settings that every project has of its own; `sections.py` lists them after the tenant's.

The one thing a newcomer would get wrong: what callers hear of them is a published version of the project, as
with a partner's drafts; a save makes one (`in_runtime`).
"""

from __future__ import annotations

from typing import Final

from aidial_contract import opening
from aidial_contract.access import Permission
from aidial_contract.consent_templates import template_rule
from aidial_contract.section import Save, Section
from aidial_contract.shapes import notifications, transfer_alerts
from aidial_contract.shapes import project_settings as shapes

PROJECT_SECTIONS: Final = (
    Section(
        slug="business-hours",
        view=Permission.PROJECT_SETTINGS_VIEW,
        edit=Permission.PROJECT_SETTINGS_EDIT,
        value=shapes.BusinessHours,
        document=shapes.BusinessHoursDocument,
        portal_document=shapes.PortalBusinessHours,
        restricted=("days",),
        exported=(*(f"weekly/{day}" for day in shapes.DAYS), "mode", "calendar"),
        saves=(
            Save(
                part="weekly",
                change=shapes.WeeklyHoursChange,
                portal_change=shapes.PortalWeeklyHoursChange,
                rules=(opening.weekly_rule,),
            ),
            Save(
                part="public-holidays",
                change=shapes.PublicHolidaysChange,
                portal_change=shapes.PortalPublicHolidaysChange,
                rules=(),
            ),
            Save(
                part="special-days",
                change=shapes.SpecialDaysChange,
                portal_change=shapes.PortalSpecialDaysChange,
                rules=(opening.special_days_rule,),
            ),
        ),
        per_project=True,
        in_runtime=True,
    ),
    Section(
        slug="call-limits",
        view=Permission.PROJECT_SETTINGS_VIEW,
        edit=Permission.PROJECT_SETTINGS_EDIT,
        value=shapes.CallLimits,
        document=shapes.CallLimitsDocument,
        portal_document=shapes.PortalCallLimits,
        restricted=("greeting",),
        exported=("interruptible", "max_duration_minutes"),
        saves=(Save(change=shapes.CallLimitsChange, portal_change=shapes.PortalCallLimitsChange, rules=()),),
        per_project=True,
        in_runtime=True,
    ),
    Section(
        slug="compliance-copy",
        view=Permission.PROJECT_SETTINGS_VIEW,
        edit=Permission.PROJECT_SETTINGS_EDIT,
        value=shapes.ComplianceCopy,
        document=shapes.ComplianceCopyDocument,
        portal_document=shapes.PortalComplianceCopy,
        restricted=(),
        exported=("template_revision", "appendix"),
        saves=(
            Save(
                change=shapes.ComplianceCopyChange,
                portal_change=shapes.PortalComplianceCopyChange,
                rules=(template_rule,),
            ),
        ),
        per_project=True,
        in_runtime=True,
    ),
    Section(
        slug="transfer-settings",
        view=Permission.PROJECT_SETTINGS_VIEW,
        edit=Permission.PROJECT_SETTINGS_EDIT,
        value=shapes.TransferSettings,
        document=shapes.TransferSettingsDocument,
        portal_document=shapes.PortalTransferSettings,
        restricted=("warmup_message", "handoff_message"),
        exported=("after_hours", "destination_revision"),
        saves=(
            Save(
                change=shapes.TransferSettingsChange,
                portal_change=shapes.PortalTransferSettingsChange,
                rules=(),
            ),
        ),
        per_project=True,
        in_runtime=True,
    ),
    Section(
        slug="transfer-alerts",
        view=Permission.NOTIFICATIONS_VIEW,
        edit=Permission.NOTIFICATIONS_EDIT,
        value=transfer_alerts.TransferAlerts,
        document=transfer_alerts.TransferAlertsDocument,
        portal_document=transfer_alerts.PortalTransferAlerts,
        restricted=("alerts",),
        exported=(),
        saves=(
            Save(
                change=transfer_alerts.TransferAlertsChange,
                portal_change=transfer_alerts.PortalTransferAlertsChange,
                rules=(transfer_alerts.transfer_alerts_rule,),
            ),
        ),
        per_project=True,
        in_runtime=False,
    ),
    Section(
        slug="notifications",
        view=Permission.NOTIFICATIONS_VIEW,
        edit=Permission.NOTIFICATIONS_EDIT,
        value=notifications.Notifications,
        document=notifications.NotificationsDocument,
        portal_document=notifications.PortalNotifications,
        restricted=("email_transcript/recipients", "sms_summary/recipients"),
        exported=("email_transcript/enabled", "email_transcript/mask", "sms_summary/enabled"),
        saves=(
            Save(
                change=notifications.NotificationsChange,
                portal_change=notifications.PortalNotificationsChange,
                rules=(notifications.notifications_rules,),
            ),
        ),
        per_project=True,
        in_runtime=False,
    ),
)
