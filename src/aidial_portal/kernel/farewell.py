"""Why a session ended, carried to `/access-denied` in a signed cookie that lives a minute.

The one thing a newcomer would get wrong: the reason never travels in the URL, where anybody could write one.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Final, Literal, get_args

from aidial_contract import errors
from aidial_portal.kernel.nextauth.cookies import Cookie, first

if TYPE_CHECKING:
    from collections.abc import Callable

    from aidial_contract.fault import Fault
    from aidial_portal.kernel.nextauth.cookies import Pairs

NAME: Final = "aidial.farewell"
LIFE_S: Final = 60
Reason = Literal[
    "session_revoked",
    "session_expired",
    "concurrent_limit",
    "revoked_by_owner",
    "revoked_by_administrator",
    "backchannel_logout",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


def reason_of(fault: Fault) -> Reason:
    """Why a session ended, from what the API says of it."""
    if fault.row is not errors.SESSION_REVOKED:
        return "session_expired"
    said = (fault.details or {}).get("ended")
    return next((one for one in REASONS if one == said), "session_revoked")


class Farewells:
    """Signs and reads the reason."""

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock

    def cookie(self, reason: Reason) -> Cookie:
        """The cookie to send with the redirect."""
        text = f"{reason}.{int(self._clock()) + LIFE_S}"
        return Cookie(NAME, f"{text}.{self._proof(text)}", max_age_s=LIFE_S)

    def read(self, pairs: Pairs) -> Reason | None:
        """The reason a request carries; None when there is none, or it is not ours, or too old."""
        text, _, proof = (first(pairs, NAME) or "").rpartition(".")
        if not text or not hmac.compare_digest(proof.encode(), self._proof(text).encode()):
            return None
        reason, _, until = text.partition(".")
        if int(until) < self._clock():
            return None
        return next((one for one in REASONS if one == reason), "session_expired")

    def _proof(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
