"""Sections of settings that every project has of its own, on the wire.

The one thing a newcomer would get wrong: the browser is told no project's id. The portal's documents carry
`project_ref`, which is opaque and one person's; `/v1` has the id in its path.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, field

from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.shapes.common import Incoming, Label, Outgoing, Time
from aidial_contract.shapes.settings import EntryLabel, ExpectedVersion, SettingsDocument, SettingsProject

MAX_GREETING: Final = 500
Greeting = Annotated[
    str, Meta(max_length=MAX_GREETING, pattern=TEXT_PATTERN, description="Empty: the agent's own")
]
Minutes = Annotated[int, Meta(ge=5, le=30, description="Whole minutes")]


class CallLimits(Outgoing):
    """`call-limits`: what callers hear first, whether they may speak over it, how long a call may last.

    A summary leaves `greeting` null.
    """

    greeting: Greeting | None
    interruptible: bool
    max_duration_minutes: Minutes


class NewCallLimits(Incoming):
    """What a save of `call-limits` takes: the whole value."""

    greeting: Greeting
    interruptible: bool
    max_duration_minutes: Minutes


class CallLimitsDocument(SettingsDocument, kw_only=True):
    """`GET /v1/projects/{project_id}/settings/call-limits`."""

    working: CallLimits
    published: CallLimits


class PortalCallLimits(CallLimitsDocument, kw_only=True):
    """`GET /api/settings/call-limits`."""

    project_ref: str
    projects: list[SettingsProject]


class CallLimitsChange(Incoming):
    """`PUT /v1/projects/{project_id}/settings/call-limits`."""

    value: NewCallLimits
    expected_version: ExpectedVersion | None = None


class PortalCallLimitsChange(CallLimitsChange, kw_only=True):
    """`PUT /api/settings/call-limits`; without `project_ref` it is the first project's."""

    project_ref: Label | None = None


DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CALENDARS: Final = ("AU", "AU-ACT", "AU-NSW", "AU-NT", "AU-QLD", "AU-SA", "AU-TAS", "AU-VIC", "AU-WA")
MAX_RANGES: Final = 8
MAX_SPECIAL_DAYS: Final = 100
Calendar = Literal["AU", "AU-ACT", "AU-NSW", "AU-NT", "AU-QLD", "AU-SA", "AU-TAS", "AU-VIC", "AU-WA"]
HolidayMode = Literal["close", "regular"]
Clock = Annotated[
    str,
    Meta(pattern=r"\A(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z", description="`HH:MM`; `24:00` ends a day"),
]
Day = Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", description="`YYYY-MM-DD`")]


class OpenRange(Outgoing):
    """Open from `open` until before `close`, by the clocks of the project's zone."""

    open: Clock
    close: Clock


class NewRange(OpenRange, forbid_unknown_fields=True):
    """One range as it is given. What goes on past midnight is two: until `24:00`, and from `00:00`."""


class Weekly(Outgoing):
    """What each day of a week is open; an empty list is closed."""

    mon: list[OpenRange]
    tue: list[OpenRange]
    wed: list[OpenRange]
    thu: list[OpenRange]
    fri: list[OpenRange]
    sat: list[OpenRange]
    sun: list[OpenRange]


NewRanges = Annotated[list[NewRange], Meta(max_length=MAX_RANGES)]


class NewWeekly(Incoming):
    """All seven days."""

    mon: NewRanges
    tue: NewRanges
    wed: NewRanges
    thu: NewRanges
    fri: NewRanges
    sat: NewRanges
    sun: NewRanges


class SpecialDay(Outgoing):
    """A date that is not like its weekday: closed, or open at these hours instead."""

    date: Day
    closed: bool
    ranges: list[OpenRange] = field(default_factory=list)
    label: EntryLabel = ""


class NewSpecialDay(Incoming):
    """A special day as it is given."""

    date: Day
    closed: bool
    ranges: NewRanges = field(default_factory=list)
    label: EntryLabel = ""


class BusinessHours(Outgoing):
    """`business-hours`: the three cards of one document. A summary leaves `days` empty.

    `mode` says what public holidays of `calendar` are like: `close`d, or `regular` weekdays.
    """

    weekly: Weekly
    mode: HolidayMode
    calendar: Calendar
    days: list[SpecialDay]


class NewWeeklyHours(Incoming):
    """What a save of `business-hours/weekly` takes."""

    weekly: NewWeekly


class NewPublicHolidays(Incoming):
    """What a save of `business-hours/public-holidays` takes."""

    mode: HolidayMode
    calendar: Calendar


class NewSpecialDays(Incoming):
    """What a save of `business-hours/special-days` takes: all of them."""

    days: Annotated[list[NewSpecialDay], Meta(max_length=MAX_SPECIAL_DAYS)]


class PublicHoliday(Outgoing):
    """A public holiday and what it is called."""

    date: Day
    name: str


class BusinessHoursDocument(SettingsDocument, kw_only=True):
    """`GET /v1/projects/{project_id}/settings/business-hours`.

    `holidays` are the saved calendar's of the twelve months to come.
    """

    working: BusinessHours
    published: BusinessHours
    holidays: list[PublicHoliday]


class PortalBusinessHours(BusinessHoursDocument, kw_only=True):
    """`GET /api/settings/business-hours`."""

    project_ref: str
    projects: list[SettingsProject]


class WeeklyHoursChange(Incoming):
    """`PUT /v1/projects/{project_id}/settings/business-hours/weekly`."""

    value: NewWeeklyHours
    expected_version: ExpectedVersion | None = None


class PublicHolidaysChange(Incoming):
    """`PUT /v1/projects/{project_id}/settings/business-hours/public-holidays`."""

    value: NewPublicHolidays
    expected_version: ExpectedVersion | None = None


class SpecialDaysChange(Incoming):
    """`PUT /v1/projects/{project_id}/settings/business-hours/special-days`."""

    value: NewSpecialDays
    expected_version: ExpectedVersion | None = None


class PortalWeeklyHoursChange(WeeklyHoursChange, kw_only=True):
    """`PUT /api/settings/business-hours/weekly`; without `project_ref` it is the first project's."""

    project_ref: Label | None = None


class PortalPublicHolidaysChange(PublicHolidaysChange, kw_only=True):
    """`PUT /api/settings/business-hours/public-holidays`; without `project_ref` the first project's."""

    project_ref: Label | None = None


class PortalSpecialDaysChange(SpecialDaysChange, kw_only=True):
    """`PUT /api/settings/business-hours/special-days`; without `project_ref` the first project's."""

    project_ref: Label | None = None


class OpeningPreview(Outgoing):
    """Whether the line would be open `at` a moment, by what is saved.

    `local` is that moment by the clocks of the project's `timezone`; `clocks` says where they make it
    `skipped` (there is no such time, the next is taken) or `repeated` (it comes twice, the first is taken).
    `rule` decided: the weekday's hours, or a special day or public holiday of `label`. `changes_at` is when
    it closes or opens next; null when it does not within five weeks.
    """

    at: Time
    local: str
    timezone: str
    clocks: Literal["plain", "skipped", "repeated"]
    open: bool
    rule: Literal["weekly", "special_day", "public_holiday"]
    label: str
    changes_at: Time | None


MAX_APPENDIX: Final = 1_000
Appendix = Annotated[str, Meta(max_length=MAX_APPENDIX, pattern=TEXT_PATTERN, description="Plain text")]


class ComplianceCopy(Outgoing):
    """`compliance-copy`: an approved template's revision, and the customer's own words after it."""

    template_revision: str
    appendix: str


class NewComplianceCopy(Incoming):
    """What a save of `compliance-copy` takes: the whole value."""

    template_revision: Label
    appendix: Appendix = ""


class ConsentTemplate(Outgoing):
    """A revision to choose from."""

    revision: str
    name: str
    collection_notice: str
    consent_notice: str


class ConsentPreview(Outgoing):
    """What callers are told and asked by the working copy, its own words included."""

    collection_notice: str
    consent_notice: str


class ComplianceCopyDocument(SettingsDocument, kw_only=True):
    """`GET /v1/projects/{project_id}/settings/compliance-copy`; a summary has no `templates`."""

    working: ComplianceCopy
    published: ComplianceCopy
    preview: ConsentPreview
    templates: list[ConsentTemplate]


class PortalComplianceCopy(ComplianceCopyDocument, kw_only=True):
    """`GET /api/settings/compliance-copy`."""

    project_ref: str
    projects: list[SettingsProject]


class ComplianceCopyChange(Incoming):
    """`PUT /v1/projects/{project_id}/settings/compliance-copy`."""

    value: NewComplianceCopy
    expected_version: ExpectedVersion | None = None


class PortalComplianceCopyChange(ComplianceCopyChange, kw_only=True):
    """`PUT /api/settings/compliance-copy`; without `project_ref` it is the first project's."""

    project_ref: Label | None = None


MAX_MESSAGE: Final = 500
Message = Annotated[str, Meta(max_length=MAX_MESSAGE, pattern=TEXT_PATTERN, description="Plain text")]


class TransferSettings(Outgoing):
    """`transfer-settings`: whether calls are handed over after hours, to whom, with which words.

    `destination_revision` is pinned: what a partner changes of the destination is another revision. A summary
    leaves the messages null.
    """

    after_hours: bool
    destination_revision: str | None
    warmup_message: Message | None
    handoff_message: Message | None


class NewTransferSettings(Incoming):
    """What a save of `transfer-settings` takes: the whole value."""

    after_hours: bool
    destination_revision: Label | None = None
    warmup_message: Message = ""
    handoff_message: Message = ""


class TransferOption(Outgoing):
    """A destination to choose. `is_current` false: there is a newer revision of it, or it was withdrawn."""

    revision: str
    label: str
    is_current: bool


class TransferSettingsDocument(SettingsDocument, kw_only=True):
    """`GET /v1/projects/{project_id}/settings/transfer-settings`.

    `options` are what may be saved (none in a summary), `destination` the label of the one that is.
    """

    working: TransferSettings
    published: TransferSettings
    destination: str | None
    options: list[TransferOption]


class PortalTransferSettings(TransferSettingsDocument, kw_only=True):
    """`GET /api/settings/transfer-settings`."""

    project_ref: str
    projects: list[SettingsProject]


class TransferSettingsChange(Incoming):
    """`PUT /v1/projects/{project_id}/settings/transfer-settings`."""

    value: NewTransferSettings
    expected_version: ExpectedVersion | None = None


class PortalTransferSettingsChange(TransferSettingsChange, kw_only=True):
    """`PUT /api/settings/transfer-settings`; without `project_ref` it is the first project's."""

    project_ref: Label | None = None
