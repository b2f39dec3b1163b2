"""`expected_version`: the check is part of the UPDATE itself. Source: `contract.md` section 6.

The one thing a newcomer would get wrong: compare in SQL (`WHERE version = $n`), and read the current version
only to say it once nothing was updated.
"""

from __future__ import annotations

from aidial_contract import errors
from aidial_contract.fault import Fault


def conflict(current_version: int) -> Fault:
    """409 `version_conflict` with `details.current_version`: stale means not equal, newer ones too."""
    details = {"current_version": current_version}
    return Fault(errors.VERSION_CONFLICT, details=details, reason="expected_version is not current")
