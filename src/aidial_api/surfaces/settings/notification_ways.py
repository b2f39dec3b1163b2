"""What is `notifications`' own: recipients are sealed as they are kept, and masked in summaries."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.masking import mask_address, mask_number
from aidial_api.kernel.outgoing import recipients
from aidial_api.surfaces.settings.way import Ways
from aidial_contract.mobiles import mobile_number
from aidial_contract.shapes.notifications import (
    EmailTranscript,
    NewNotifications,
    Notifications,
    Reaches,
    SmsSummary,
)


def _off(_: asyncpg.Record) -> Notifications:
    return recipients.nobody()


def _settled(_: Ask, new: NewNotifications, __: Any) -> Notifications:
    mail, sms = new.email_transcript, new.sms_summary
    return Notifications(
        email_transcript=EmailTranscript(
            enabled=mail.enabled, mask=mail.mask, recipients=list(mail.recipients)
        ),
        # The rules refused what is no number.
        sms_summary=SmsSummary(
            enabled=sms.enabled, recipients=[mobile_number(one) or one for one in sms.recipients]
        ),
    )


async def _kept(ask: Ask, value: Notifications) -> str:
    key = await ask.services.tenant_keys.get(ask.tx, ask.found["client_id"])
    return recipients.sealed(key, ask.found["project_id"], value)


async def _read(ask: Ask, text: str, _: Any) -> Notifications:
    key = await ask.services.tenant_keys.get(ask.tx, ask.found["client_id"])
    return recipients.opened(key, ask.found["project_id"], text)


def _masked(value: Notifications) -> Notifications:
    mail, sms = value.email_transcript, value.sms_summary
    return Notifications(
        email_transcript=EmailTranscript(
            enabled=mail.enabled, mask=mail.mask, recipients=[mask_address(one) for one in mail.recipients]
        ),
        sms_summary=SmsSummary(enabled=sms.enabled, recipients=[mask_number(one) for one in sms.recipients]),
    )


async def _reaches(ask: Ask, _: Any) -> dict[str, Any]:
    """The API knows by the settings that it shares with the worker. No provider of SMS is built in."""
    return {"reaches": Reaches(email=ask.services.settings.smtp is not None, sms=False)}


NOTIFICATIONS: Final = Ways(
    default=_off,
    settled=_settled,
    kept=_kept,
    read=_read,
    masked=_masked,
    in_history=_masked,
    more=_reaches,
)
