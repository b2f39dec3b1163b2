"""`notifications` on the wire: what a project's people are sent after each call.

The one thing a newcomer would get wrong: recipients are whole for whoever edits them alone. A summary has
them masked, in the same members.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta, field

from aidial_contract.addresses import is_address
from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.fault import FieldError
from aidial_contract.mobiles import mobile_number
from aidial_contract.shapes.common import Incoming, Label, Outgoing
from aidial_contract.shapes.settings import Address, ExpectedVersion, SettingsDocument, SettingsProject

MOST_ADDRESSES: Final = 20
MOST_MOBILES: Final = 10
Mobile = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=32,
        pattern=TEXT_PATTERN,
        description="A mobile number: E.164, or as written in Australia",
    ),
]


class EmailTranscript(Outgoing):
    """The redacted transcript by e-mail. `mask`: without the caller's number and names."""

    enabled: bool
    mask: bool
    recipients: list[Address]


class SmsSummary(Outgoing):
    """Caller, intent and outcome by SMS. Recipients are E.164."""

    enabled: bool
    recipients: list[Mobile]


class Notifications(Outgoing):
    """`notifications`: each off until somebody turns it on, and independent of the other."""

    email_transcript: EmailTranscript
    sms_summary: SmsSummary


class NewEmailTranscript(Incoming):
    """What a save takes of the e-mail."""

    enabled: bool
    mask: bool = True
    recipients: Annotated[list[Address], Meta(max_length=MOST_ADDRESSES)] = field(default_factory=list)


class NewSmsSummary(Incoming):
    """What a save takes of the SMS."""

    enabled: bool
    recipients: Annotated[list[Mobile], Meta(max_length=MOST_MOBILES)] = field(default_factory=list)


class NewNotifications(Incoming):
    """What a save of `notifications` takes: the whole value."""

    email_transcript: NewEmailTranscript
    sms_summary: NewSmsSummary


class Reaches(Outgoing):
    """Whether messages of a channel get to anybody; false: they are kept and brought to nobody."""

    email: bool
    sms: bool


class NotificationsDocument(SettingsDocument, kw_only=True):
    """`GET /v1/projects/{project_id}/settings/notifications`.

    `reaches`: what this installation can send. What it cannot may be set up all the same.
    """

    reaches: Reaches

    working: Notifications
    published: Notifications


class PortalNotifications(NotificationsDocument, kw_only=True):
    """`GET /api/settings/notifications`."""

    project_ref: str
    projects: list[SettingsProject]


class NotificationsChange(Incoming):
    """`PUT /v1/projects/{project_id}/settings/notifications`."""

    value: NewNotifications
    expected_version: ExpectedVersion | None = None


class PortalNotificationsChange(NotificationsChange, kw_only=True):
    """`PUT /api/settings/notifications`; without `project_ref` it is the first project's."""

    project_ref: Label | None = None


def _address(text: str) -> str | None:
    return text.casefold() if is_address(text) else None


_SORTS: Final = {"email_transcript": _address, "sms_summary": mobile_number}


def notifications_rules(body: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """Recipients that can be some, each once; and nothing is on without anybody to get it."""
    value = body.get("value") if isinstance(body, dict) else None
    for member, read in _SORTS.items():
        card = value.get(member) if isinstance(value, dict) else None
        place = f"/value/{member}/recipients"
        recipients = card.get("recipients", []) if isinstance(card, dict) else None
        if not isinstance(recipients, list) or place in failed:
            continue
        if not recipients and isinstance(card, dict) and card.get("enabled") is True:
            yield FieldError(place, "required")
        seen = set()
        for index, text in enumerate(recipients):
            one = f"{place}/{index}"
            if not isinstance(text, str) or one in failed:
                continue
            known = read(text)
            if known is None:
                yield FieldError(one, "format")
            elif known in seen:
                yield FieldError(one, "repeated")
            seen.add(known)
