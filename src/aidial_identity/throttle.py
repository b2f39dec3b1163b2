"""Slows down guessing: failed sign-ins are counted per account and per address.

The one thing a newcomer would get wrong: an account is counted whether it exists or not, so that being turned
away tells nothing.
"""

import math

from aidial_contract.limits import Rate
from aidial_identity.config import Throttle
from aidial_limits import Windows


class Gate:
    """Counts failures in memory; a restart forgets them."""

    def __init__(self, throttle: Throttle) -> None:
        self._windows = Windows()
        self._per_account = Rate(
            "account", throttle.failures_per_account, throttle.window_s, "failed sign-ins of one account"
        )
        self._per_address = Rate(
            "address", throttle.failures_per_address, throttle.window_s, "failed sign-ins of one address"
        )

    def wait_s(self, account: str, address: str) -> int:
        """Seconds to wait before another try; 0 when it may go ahead."""
        wanted = ((self._per_account, account), (self._per_address, address))
        return math.ceil(self._windows.take(wanted, count=False).wait_s)

    def failed(self, account: str, address: str) -> None:
        """Count one failed try, in both windows, whichever is full."""
        for rate, whose in ((self._per_account, account), (self._per_address, address)):
            self._windows.take(((rate, whose),))

    def succeeded(self, account: str) -> None:
        """A finished sign-in clears the account's count, not the address's."""
        self._windows.forget(self._per_account, account)
