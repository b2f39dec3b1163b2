"""Who is told when a transfer fails, as a project's section `transfer-alerts` keeps it: sealed.

The one thing a newcomer would get wrong: whether anybody is told lies in clear, so that a call's delivery
learns it without opening anything; who it is does not, in no version that is kept.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.jobs import QUEUE
from aidial_api.kernel.outgoing.recipients import TOLD_WITHIN
from aidial_contract.shapes.transfer_alerts import TransferAlerts

if TYPE_CHECKING:
    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.transaction import Tx

SECTION: Final = "transfer-alerts"
ALERT_JOB: Final = "notifications.transfer_failed"
_PURPOSE: Final = "transfer_alerts.recipients"
_DECODER: Final = msgspec.json.Decoder(dict[str, list[str]])

# One look at one row by its key; the job only where somebody is to be told.
_ALERT: Final = f"""
SELECT jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(
    '{QUEUE}'::varchar, '{ALERT_JOB}'::varchar, 0, NULL, NULL,
    jsonb_build_object('client_id', $1::text, 'project_id', $2::text, 'call_id', $3::text), now()
)::jobs.procrastinate_job_to_defer_v1])
FROM project_settings s
WHERE s.client_id = $1 AND s.project_id = $2::uuid AND s.section = '{SECTION}'
    AND s.value @> '{{"tells_somebody": true}}'
"""
_FIND: Final = f"""
SELECT value FROM project_settings
WHERE client_id = $1 AND project_id = $2::uuid AND section = '{SECTION}'
"""


class _Kept(msgspec.Struct):
    tells_somebody: bool
    recipients: str


_kept = msgspec.json.Decoder(_Kept)


async def transfer_failed(tx: Tx, client_id: str, project_id: str, call_id: str, *, at: datetime) -> None:
    """Have people told of a call of `at` whose transfer failed; not of old calls.

    Provided that this transaction commits and somebody asked to be told.
    """
    if utc_now() - at <= TOLD_WITHIN:
        await tx.execute(_ALERT, client_id, project_id, call_id)


def sealed(key: TenantKey, project_id: str, value: TransferAlerts) -> str:
    """The value as it is stored: JSON with its recipients encrypted, bound to the project."""
    ciphertext = key.encrypt(msgspec.json.encode(value.alerts), purpose=_PURPOSE, record=project_id)
    kept = _Kept(tells_somebody=any(value.alerts.values()), recipients=base64.b64encode(ciphertext).decode())
    return msgspec.json.encode(kept).decode()


def opened(key: TenantKey, project_id: str, text: str) -> TransferAlerts:
    """The value that `sealed` stored for the same project."""
    ciphertext = base64.b64decode(_kept.decode(text).recipients)
    plain = key.decrypt(ciphertext, purpose=_PURPOSE, record=project_id)
    return TransferAlerts(alerts=_DECODER.decode(plain))


async def find(tx: Tx, key: TenantKey, project_id: str) -> TransferAlerts | None:
    """What a project has set; None when nobody ever did."""
    text = await tx.fetchval(_FIND, key.client_id, project_id)
    return None if text is None else opened(key, project_id, text)
