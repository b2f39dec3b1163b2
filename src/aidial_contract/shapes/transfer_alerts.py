"""`transfer-alerts` on the wire: who is told when a transfer to a destination fails.

The one thing a newcomer would get wrong: recipients are whole for whoever edits them alone. A summary, and
every history, has them masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from aidial_contract.addresses import is_address
from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import Incoming, Label, Outgoing
from aidial_contract.shapes.settings import Address, ExpectedVersion, SettingsDocument, SettingsProject
from aidial_contract.shapes.workspace import MOST_DESTINATIONS, Code

MOST_RECIPIENTS: Final = 20


class TransferAlerts(Outgoing):
    """`transfer-alerts`: by destination, the e-mail addresses that are told; none is told of the others."""

    alerts: dict[str, list[Address]]


class NewTransferAlerts(Incoming):
    """What a save of `transfer-alerts` takes: the whole value. A destination left out tells nobody."""

    alerts: Annotated[
        dict[Code, Annotated[list[Address], Meta(max_length=MOST_RECIPIENTS)]],
        Meta(max_length=MOST_DESTINATIONS),
    ]


class AlertDestination(Outgoing):
    """A destination somebody can be told of. `is_current` false: it is no longer approved."""

    code: str
    label: str
    is_current: bool


class TransferAlertsDocument(SettingsDocument, kw_only=True):
    """`GET /v1/projects/{project_id}/settings/transfer-alerts`.

    `destinations`: those that are approved, and those that people were told of. `sends_email` false: this
    installation keeps such messages and brings them to nobody.
    """

    working: TransferAlerts
    published: TransferAlerts
    destinations: list[AlertDestination]
    sends_email: bool


class PortalTransferAlerts(TransferAlertsDocument, kw_only=True):
    """`GET /api/settings/transfer-alerts`."""

    project_ref: str
    projects: list[SettingsProject]


class TransferAlertsChange(Incoming):
    """`PUT /v1/projects/{project_id}/settings/transfer-alerts`."""

    value: NewTransferAlerts
    expected_version: ExpectedVersion | None = None


class PortalTransferAlertsChange(TransferAlertsChange, kw_only=True):
    """`PUT /api/settings/transfer-alerts`; without `project_ref` it is the first project's."""

    project_ref: Label | None = None


def transfer_alerts_rule(body: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """Recipients that can be some, each once for a destination."""
    value = body.get("value") if isinstance(body, dict) else None
    alerts = value.get("alerts") if isinstance(value, dict) else None
    for code, recipients in alerts.items() if isinstance(alerts, dict) else ():
        place = f"/value/alerts/{code}"
        if not isinstance(recipients, list) or place in failed:
            continue
        seen = set()
        for index, text in enumerate(recipients):
            one = f"{place}/{index}"
            if not isinstance(text, str) or one in failed:
                continue
            if not is_address(text):
                yield FieldError(one, "format")
            elif text.casefold() in seen:
                yield FieldError(one, "repeated")
            seen.add(text.casefold())
