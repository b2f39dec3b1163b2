"""What is `transfer-alerts`' own: by destination, recipients that are sealed as they are kept.

The one thing a newcomer would get wrong: a save holds every approved destination, those that tell nobody too,
so that two people who write at once compare the same members.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg
import msgspec

from aidial_api.kernel import destinations
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.masking import mask_address
from aidial_api.kernel.outgoing import transfer_alerts
from aidial_api.surfaces.settings.way import Ways
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.shapes.transfer_alerts import AlertDestination, NewTransferAlerts, TransferAlerts


def _labels(row: asyncpg.Record) -> dict[str, str]:
    """Labels by code of the destinations that are published now."""
    text = row["destinations"]
    found: list[dict[str, str]] = [] if text is None else msgspec.json.decode(text)
    return {one["code"]: one["label"] for one in found}


def _nobody(row: asyncpg.Record) -> TransferAlerts:
    return TransferAlerts(alerts={code: [] for code in _labels(row)})


def _settled(ask: Ask, new: NewTransferAlerts, former: TransferAlerts) -> TransferAlerts:
    """422 for a destination that never was one of this project's."""
    known = {**dict.fromkeys(_labels(ask.found)), **dict.fromkeys(former.alerts)}
    strange = [code for code in new.alerts if code not in known]
    if strange:
        fields = [FieldError(f"/value/alerts/{code}", "not_allowed") for code in strange]
        raise Fault(errors.VALIDATION_FAILED, field_errors=fields, reason="no such destination")
    return TransferAlerts(alerts={code: list(new.alerts.get(code, ())) for code in known})


async def _kept(ask: Ask, value: TransferAlerts) -> str:
    key = await ask.services.tenant_keys.get(ask.tx, ask.found["client_id"])
    return transfer_alerts.sealed(key, ask.found["project_id"], value)


async def _read(ask: Ask, text: str, _: Any) -> TransferAlerts:
    key = await ask.services.tenant_keys.get(ask.tx, ask.found["client_id"])
    return transfer_alerts.opened(key, ask.found["project_id"], text)


def _masked(value: TransferAlerts) -> TransferAlerts:
    return TransferAlerts(
        alerts={code: [mask_address(one) for one in people] for code, people in value.alerts.items()}
    )


async def _choices(ask: Ask, value: TransferAlerts) -> dict[str, Any]:
    labels = _labels(ask.found)
    gone = {code: None for code, people in value.alerts.items() if people and code not in labels}
    former = await destinations.labels_of(ask.tx, ask.found["client_id"], ask.found["project_id"], [*gone])
    shown = [
        *(AlertDestination(code=code, label=label, is_current=True) for code, label in labels.items()),
        *(AlertDestination(code=code, label=former.get(code, code), is_current=False) for code in gone),
    ]
    # The API knows by the settings that it shares with the worker.
    return {"destinations": shown, "sends_email": ask.services.settings.smtp is not None}


TRANSFER_ALERTS: Final = Ways(
    default=_nobody,
    settled=_settled,
    kept=_kept,
    read=_read,
    masked=_masked,
    in_history=_masked,
    more=_choices,
)
