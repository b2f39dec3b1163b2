"""Fresh tokens: one refresh per session at a time, in this process and over all portals.

In the process, requests of a session share one task; over processes, the API's lease has one winner per
generation, who stores the result by compare-and-set while the others read it. The one thing a newcomer
would get wrong: a refresh token may be used once, so nobody refreshes without having won the lease.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_portal.kernel.newest import REMEMBERED, Newest
from aidial_portal.kernel.rotation import Rotation
from aidial_portal.kernel.token_registry import Asker, TokenRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

    from aidial_portal.kernel.api import Api
    from aidial_portal.kernel.issuer import Refresher
    from aidial_portal.kernel.tokens import Sealer, TokenSet
    from aidial_portal.kernel.upstream import Upstream

REST_AFTER_TROUBLE_S: Final = 3.0
LONGEST_PATIENCE_S: Final = 1.0
"""For fresh tokens while these can be used: a quick issuer's are worth a wait, a slow one's are not."""
_UNAUTHORISED: Final = 401


class TokenKeeper:
    """The newest tokens this process has seen, and the way to newer ones."""

    def __init__(
        self,
        upstream: Upstream,
        issuer: Refresher,
        sealer: Sealer,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._newest: Newest[TokenSet] = Newest()
        self._rotation = Rotation(TokenRegistry(upstream, sealer), issuer, clock)
        self._flights: dict[str, asyncio.Task[TokenSet]] = {}
        self._resting: dict[str, float] = {}

    def newest(self, session_id: str, tokens: TokenSet) -> TokenSet:
        """The newer of `tokens` and what this process remembers of the session."""
        known = self._newest.get(session_id)
        return known if known is not None and known.generation > tokens.generation else tokens

    def forget(self, session_id: str) -> None:
        """Drop what is remembered of a session that has ended."""
        self._newest.forget(session_id)
        self._rotation.forget(session_id)

    async def prepare(self, api: Api) -> None:
        """Give the session tokens the API will accept: newest known, refreshed when near their end.

        Errors: 401 `session_expired` when the issuer refuses; when the token is already unusable, whatever
        keeps it from being refreshed, such as 503 of an issuer that does not answer.
        """
        session = api.session
        session.tokens = self.newest(session.session_id, session.tokens)
        if not session.tokens.is_near_expiry(self._clock()):
            return
        if not session.tokens.is_usable(self._clock()):
            await self.renew(api, session.tokens)
        elif self._resting.get(session.session_id, 0.0) <= self._clock():
            await self._renew_in_passing(api)

    async def _renew_in_passing(self, api: Api) -> None:
        """Start a refresh, and go on with tokens that are still good when it is not done in a moment."""
        now = asyncio.get_running_loop().time()
        patience_s = min(LONGEST_PATIENCE_S, (api.deadline - now) / 2)
        try:
            await self.renew(api, api.session.tokens, until=now + patience_s)
        except Fault as fault:
            if fault.row.status == _UNAUTHORISED:
                raise
            self._rest(api.session.session_id)

    async def renew(self, api: Api, stale: TokenSet, *, until: float | None = None) -> None:
        """Replace tokens the API refused, or soon will; joins a refresh that is under way.

        Waits until the request's time is over, or `until` (loop time): 503 `dependency_timeout`.
        """
        session = api.session
        known = self.newest(session.session_id, stale)
        if known.generation > stale.generation and not known.is_near_expiry(self._clock()):
            session.tokens = known
            return
        task = self._flights.get(session.session_id)
        if task is None:
            asker = Asker(session.session_id, session.subject, api.request_id, api.client_ip)
            task = asyncio.create_task(self._fly(asker, stale))
            self._flights[session.session_id] = task
            task.add_done_callback(lambda done: self._landed(session.session_id, done))
        try:
            async with asyncio.timeout_at(api.deadline if until is None else until):
                session.tokens = await asyncio.shield(task)
        except TimeoutError:
            raise Fault(errors.DEPENDENCY_TIMEOUT, reason="waiting for fresh tokens") from None

    async def close(self) -> None:
        """Let refreshes that are under way store their tokens."""
        await self._rotation.close()

    async def _fly(self, asker: Asker, stale: TokenSet) -> TokenSet:
        try:
            fresh = await self._rotation.fresh(asker, stale)
        except Fault as fault:
            if fault.row is errors.SESSION_EXPIRED:
                self.forget(asker.session_id)
            raise
        self._newest.keep(asker.session_id, fresh)
        return fresh

    def _landed(self, session_id: str, task: asyncio.Task[TokenSet]) -> None:
        self._flights.pop(session_id, None)
        if not task.cancelled():
            task.exception()  # somebody may have stopped waiting; the error is read here at least

    def _rest(self, session_id: str) -> None:
        now = self._clock()
        if len(self._resting) >= REMEMBERED:
            self._resting = {key: until for key, until in self._resting.items() if until > now}
        self._resting[session_id] = now + REST_AFTER_TROUBLE_S
