"""Whom a project has messages sent to, as its section `notifications` keeps them: sealed.

The one thing a newcomer would get wrong: whether something is on lies in clear, so that a call's delivery
learns it without opening anything; who gets it does not, in no version that is kept.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.jobs import QUEUE
from aidial_contract.shapes.notifications import EmailTranscript, Notifications, SmsSummary

if TYPE_CHECKING:
    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.transaction import Tx

SECTION: Final = "notifications"
ANNOUNCE_JOB: Final = "notifications.announce"
TOLD_WITHIN: Final = timedelta(hours=24)
"""Of its end: nobody is written to about an older call, such as one that is brought in from elsewhere."""
_PURPOSE: Final = "notifications.recipients"
_DECODER: Final = msgspec.json.Decoder(list[list[str]])

# One look at one row by its key; the job only where something is on.
_ANNOUNCE: Final = f"""
SELECT jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(
    '{QUEUE}'::varchar, '{ANNOUNCE_JOB}'::varchar, 0, NULL, NULL,
    jsonb_build_object('client_id', $1::text, 'project_id', $2::text, 'call_id', $3::text), now()
)::jobs.procrastinate_job_to_defer_v1])
FROM project_settings s
WHERE s.client_id = $1 AND s.project_id = $2::uuid AND s.section = '{SECTION}'
    AND (s.value @> '{{"email_transcript": {{"enabled": true}}}}'
        OR s.value @> '{{"sms_summary": {{"enabled": true}}}}')
"""
_FIND: Final = f"""
SELECT value FROM project_settings
WHERE client_id = $1 AND project_id = $2::uuid AND section = '{SECTION}'
"""


async def call_ended(tx: Tx, client_id: str, project_id: str, call_id: str, *, at: datetime) -> None:
    """Have people told of a call that was over at `at` (its start where no end is known).

    Provided that this transaction commits and somebody asked, and not of old calls.
    """
    if utc_now() - at > TOLD_WITHIN:
        return
    await tx.execute(_ANNOUNCE, client_id, project_id, call_id)


def nobody() -> Notifications:
    """What counts before anybody saved: both are off."""
    return Notifications(
        email_transcript=EmailTranscript(enabled=False, mask=True, recipients=[]),
        sms_summary=SmsSummary(enabled=False, recipients=[]),
    )


def sealed(key: TenantKey, project_id: str, value: Notifications) -> str:
    """The value as it is stored: JSON with its recipients encrypted, bound to the project."""
    plain = msgspec.json.encode([value.email_transcript.recipients, value.sms_summary.recipients])
    ciphertext = key.encrypt(plain, purpose=_PURPOSE, record=project_id)
    kept: dict[str, Any] = {
        "email_transcript": {
            "enabled": value.email_transcript.enabled,
            "mask": value.email_transcript.mask,
        },
        "sms_summary": {"enabled": value.sms_summary.enabled},
        "recipients": base64.b64encode(ciphertext).decode(),
    }
    return msgspec.json.encode(kept).decode()


def opened(key: TenantKey, project_id: str, text: str) -> Notifications:
    """The value that `sealed` stored for the same project."""
    kept: dict[str, Any] = msgspec.json.decode(text)
    plain = key.decrypt(base64.b64decode(kept["recipients"]), purpose=_PURPOSE, record=project_id)
    addresses, mobiles = _DECODER.decode(plain)
    return Notifications(
        email_transcript=EmailTranscript(**kept["email_transcript"], recipients=addresses),
        sms_summary=SmsSummary(**kept["sms_summary"], recipients=mobiles),
    )


async def find(tx: Tx, key: TenantKey, project_id: str) -> Notifications | None:
    """What a project has set; None when nobody ever did."""
    text = await tx.fetchval(_FIND, key.client_id, project_id)
    return None if text is None else opened(key, project_id, text)
