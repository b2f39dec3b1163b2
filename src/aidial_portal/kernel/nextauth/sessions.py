"""Session cookies of a visit: read, write with the right age, delete.

What a newcomer gets wrong: NextAuth's session slides with every look at it. Ours slides as well, but never
beyond the `absolute_expires_at` that the session registry gave at sign-in.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from aidial_portal.kernel.nextauth.cookies import session_cookies, session_deletions, session_value
from aidial_portal.kernel.nextauth.jwe import Claims, CookieCipher
from aidial_portal.kernel.nextauth.names import CookieNames
from aidial_portal.kernel.nextauth.port import SESSION_MAX_AGE_S
from aidial_portal.kernel.nextauth.visit import Visit


class SessionCookies:
    """The session cookie of one portal: one cipher, one set of names."""

    def __init__(
        self, names: CookieNames, cipher: CookieCipher, clock: Callable[[], float] = time.time
    ) -> None:
        self._names = names
        self._cipher = cipher
        self._clock = clock

    def sent_with(self, visit: Visit) -> bool:
        """Whether the browser sent any session cookie at all."""
        return session_value(visit.pairs, self._names) is not None

    def read(self, visit: Visit) -> Claims | None:
        """The session's claims, or None."""
        value = session_value(visit.pairs, self._names)
        return self._cipher.decode(value) if value else None

    def write(self, visit: Visit, claims: Claims) -> str | None:
        """Set the session on the answer; the time it ends as ISO text, or None when it is over already.

        Raises ValueError when the claims are too large for any browser.
        """
        now_s = int(self._clock())
        absolute_s = claims.get("absolute_expires_at")
        if not isinstance(absolute_s, int | float):
            return None
        max_age_s = min(SESSION_MAX_AGE_S, int(absolute_s) - now_s)
        if max_age_s <= 0:
            return None
        value = self._cipher.encode(claims, max_age_s)
        visit.cookies += session_cookies(value, now_s + max_age_s, visit.pairs, self._names)
        ends = datetime.fromtimestamp(now_s + max_age_s, UTC)
        return ends.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def delete(self, visit: Visit) -> None:
        """Delete every piece of the session that the browser sent."""
        visit.cookies += session_deletions(visit.pairs)
