"""Transfer settings: which approved destination calls are handed over to, and what the agent says.

The one thing a newcomer would get wrong: a saved destination may have been changed or withdrawn since. It
stays as it was, and may be saved again; another old one may not.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from aidial_api.kernel import destinations
from aidial_api.kernel.ask import Ask
from aidial_api.surfaces.settings.way import Ways
from aidial_contract import errors
from aidial_contract.access import Level
from aidial_contract.fault import Fault, FieldError
from aidial_contract.shapes.project_settings import NewTransferSettings, TransferOption, TransferSettings


def _nobody(_: asyncpg.Record) -> TransferSettings:
    return TransferSettings(
        after_hours=False, destination_revision=None, warmup_message="", handoff_message=""
    )


def _approved(ask: Ask) -> dict[str, str]:
    """Labels by revision of the destinations that are published now."""
    text = ask.found["destinations"]
    found: list[dict[str, str]] = [] if text is None else msgspec.json.decode(text)
    return {one["revision"]: one["label"] for one in found}


def _settled(ask: Ask, new: NewTransferSettings, former: TransferSettings) -> TransferSettings:
    """422 for a destination that is not approved, and for transfers after hours to nobody."""
    revision = new.destination_revision
    problem = None
    if revision is None and new.after_hours:
        problem = "required"
    elif revision is not None and revision not in {*_approved(ask), former.destination_revision}:
        problem = "not_allowed"
    if problem:
        fields = [FieldError("/value/destination_revision", problem)]
        raise Fault(errors.VALIDATION_FAILED, field_errors=fields, reason="no such destination")
    return TransferSettings(
        after_hours=new.after_hours,
        destination_revision=revision,
        warmup_message=new.warmup_message.strip(),
        handoff_message=new.handoff_message.strip(),
    )


async def _options(ask: Ask, value: TransferSettings) -> dict[str, Any]:
    labels = _approved(ask)
    options = [TransferOption(revision=one, label=label, is_current=True) for one, label in labels.items()]
    chosen = value.destination_revision
    label = labels.get(chosen) if chosen is not None else None
    if chosen is not None and label is None:
        place = ask.found["client_id"], ask.found["project_id"]
        label = await destinations.label_of(ask.tx, place, chosen)
        options.append(TransferOption(revision=chosen, label=label or chosen, is_current=False))
    return {"destination": label, "options": [] if ask.level is Level.SUMMARY else options}


TRANSFERS = Ways(default=_nobody, settled=_settled, more=_options)
