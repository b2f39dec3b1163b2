"""What a tenant's plan includes, asked where it counts.

The one thing a newcomer would get wrong: a tenant for whom nothing was ever saved has everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.shapes.entitlements import SECTION, Entitlement, Entitlements

if TYPE_CHECKING:
    from aidial_api.kernel.transaction import Tx

_SAVED: Final = "SELECT value FROM client_settings WHERE client_id = $1 AND section = $2"


def read(value: str | None) -> Entitlements:
    """What was saved; everything, when nothing was."""
    return Entitlements() if value is None else msgspec.json.decode(value, type=Entitlements)


async def require(tx: Tx, client_id: str, name: Entitlement) -> None:
    """403 `entitlement_required` where the plan of a tenant in reach does not include it."""
    if not getattr(read(await tx.fetchval(_SAVED, client_id, SECTION)), name):
        raise Fault(errors.ENTITLEMENT_REQUIRED, reason=f"the plan lacks {name}")
