"""What the jobs of account exports write into the activity log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aidial_api.surfaces.account_exports import store
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    from aidial_api.kernel.transaction import Tx


async def tell(
    tx: Tx,
    client_id: str,
    job_id: str,
    *,
    action: str,
    technical: dict[str, object],
    outcome: str = "done",
) -> None:
    """One event about an export, of the job and not of a person."""
    said = msgspec.json.encode(technical).decode()
    await store.tell(tx, (new_id(), client_id, action, job_id, outcome, said))
