"""A tenant's data governance as it applies now.

The one thing a newcomer would get wrong: a tenant whose partner never saved a policy has one all the same,
which keeps everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from aidial_contract.shapes.governance import SECTION, DataGovernance

if TYPE_CHECKING:
    from aidial_api.kernel.transaction import Tx

_POLICY: Final = "SELECT value FROM client_settings WHERE client_id = $1 AND section = $2"


async def policy_of(tx: Tx, client_id: str) -> DataGovernance:
    """The policy of a tenant in reach."""
    value: str | None = await tx.fetchval(_POLICY, client_id, SECTION)
    return DataGovernance() if value is None else msgspec.json.decode(value, type=DataGovernance)
