"""Fresh tokens: one refresh per session at a time, in this process and over all portals.

In the process, requests of a session share one task; over processes, the API's lease has one winner per
generation, who stores the result by compare-and-set while the others read it. The one thing a newcomer
would get wrong: a refresh token may be used once, so nobody refreshes without having won the lease.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.shapes.sessions import EndSession, RefreshLease, StoredTokens, StoreTokens
from aidial_portal.kernel.api import decoded
from aidial_portal.kernel.upstream import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from aidial_portal.kernel.api import Api
    from aidial_portal.kernel.tokens import Sealer, TokenSet
    from aidial_portal.kernel.upstream import Upstream

REMEMBERED: Final = 10_000
POLL_S: Final = (0.04, 0.09)
REST_AFTER_TROUBLE_S: Final = 1.0
LONGEST_FLIGHT_S: Final = 8.0
"""A lease lasts 5 s; a loser waits for its end and a little longer, its requests only for their own time."""


class RefusedRefreshError(Exception):
    """The issuer will never answer this refresh token again (`invalid_grant`)."""


class Refresher(Protocol):
    """The issuer, as far as refreshing goes."""

    async def refresh(self, refresh_token: str, subject: str) -> TokenSet:
        """New tokens; `RefusedRefreshError`, or `Fault` 503 when the issuer does not answer."""


@dataclass(frozen=True, slots=True)
class _Asker:
    """What a refresh needs of the request that started it; the task outlives the request."""

    session_id: str
    subject: str
    request_id: str
    client_ip: str


class TokenKeeper:
    """The newest tokens this process has seen, and the way to newer ones."""

    def __init__(
        self,
        upstream: Upstream,
        issuer: Refresher,
        sealer: Sealer,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._upstream = upstream
        self._issuer = issuer
        self._sealer = sealer
        self._clock = clock
        self._newest: OrderedDict[str, TokenSet] = OrderedDict()
        self._flights: dict[str, asyncio.Task[TokenSet]] = {}
        self._resting: dict[str, float] = {}

    def newest(self, session_id: str, tokens: TokenSet) -> TokenSet:
        """The newer of `tokens` and what this process remembers of the session."""
        known = self._newest.get(session_id)
        return known if known is not None and known.generation > tokens.generation else tokens

    def forget(self, session_id: str) -> None:
        """Drop what is remembered of a session that has ended."""
        self._newest.pop(session_id, None)

    async def prepare(self, api: Api) -> None:
        """Give the session tokens the API will accept: newest known, refreshed when near their end.

        Errors: 401 `session_expired` when the issuer refuses; 503 when it does not answer and the token
        is already unusable.
        """
        session = api.session
        session.tokens = self.newest(session.session_id, session.tokens)
        if not session.tokens.is_near_expiry(self._clock()):
            return
        usable = session.tokens.is_usable(self._clock())
        if usable and self._resting.get(session.session_id, 0.0) > self._clock():
            return
        try:
            await self.renew(api, session.tokens)
        except Fault as fault:
            if not usable or fault.row.status != 503:  # noqa: PLR2004 - a dependency's trouble
                raise
            self._rest(session.session_id)

    async def renew(self, api: Api, stale: TokenSet) -> None:
        """Replace tokens the API refused, or soon will; joins a refresh that is under way."""
        session = api.session
        known = self.newest(session.session_id, stale)
        if known.generation > stale.generation and not known.is_near_expiry(self._clock()):
            session.tokens = known
            return
        task = self._flights.get(session.session_id)
        if task is None:
            asker = _Asker(session.session_id, session.subject, api.request_id, api.client_ip)
            task = asyncio.create_task(self._fly(asker, stale))
            self._flights[session.session_id] = task
            task.add_done_callback(lambda done: self._landed(session.session_id, done))
        try:
            async with asyncio.timeout_at(api.deadline):
                session.tokens = await asyncio.shield(task)
        except TimeoutError:
            raise Fault(errors.DEPENDENCY_TIMEOUT, reason="waiting for fresh tokens") from None

    def _landed(self, session_id: str, task: asyncio.Task[TokenSet]) -> None:
        self._flights.pop(session_id, None)
        if not task.cancelled():
            task.exception()  # somebody may have stopped waiting; the error is read here at least

    def _rest(self, session_id: str) -> None:
        now = self._clock()
        if len(self._resting) >= REMEMBERED:
            self._resting = {key: until for key, until in self._resting.items() if until > now}
        self._resting[session_id] = now + REST_AFTER_TROUBLE_S

    def _remember(self, session_id: str, tokens: TokenSet) -> TokenSet:
        self._newest[session_id] = tokens
        self._newest.move_to_end(session_id)
        if len(self._newest) > REMEMBERED:
            self._newest.popitem(last=False)
        return tokens

    async def _fly(self, asker: _Asker, stale: TokenSet) -> TokenSet:
        last_look = asyncio.get_running_loop().time() + LONGEST_FLIGHT_S
        while asyncio.get_running_loop().time() < last_look:
            lease = await self._lease(asker, stale)
            stored = None
            if lease.tokens is not None:
                stored = self._sealer.open(lease.tokens, asker.subject, lease.token_generation)
            if stored and stored.generation > stale.generation and not stored.is_near_expiry(self._clock()):
                return self._remember(asker.session_id, stored)
            if lease.won:
                fresh = await self._win(asker, stored or stale, lease.token_generation)
                if fresh is not None:
                    return self._remember(asker.session_id, fresh)
            await asyncio.sleep(random.uniform(*POLL_S))  # noqa: S311 - spreads polls, guards nothing
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason="the lease's holder never stored fresh tokens")

    async def _win(self, asker: _Asker, held: TokenSet, generation: int) -> TokenSet | None:
        """Refresh as the lease's winner; None when another one stored tokens first after all."""
        if held.refresh_token is None:
            raise Fault(errors.SESSION_EXPIRED, reason="the session has no refresh token")
        try:
            fresh = await self._issuer.refresh(held.refresh_token, asker.subject)
        except RefusedRefreshError:
            await self._end(asker, held)
            raise Fault(errors.SESSION_EXPIRED, reason="the issuer refused the refresh token") from None
        body = StoreTokens(expected_generation=generation, tokens=self._sealer.seal(fresh, asker.subject))
        try:
            reply = await self._upstream.exchange(
                self._call(asker, "PUT", "tokens", fresh.access_token, msgspec.json.encode(body))
            )
        except Fault as fault:
            if fault.row is errors.VERSION_CONFLICT:
                return None
            raise
        return fresh.at(decoded(reply, StoredTokens).token_generation)

    async def _end(self, asker: _Asker, held: TokenSet) -> None:
        """Tell the registry that the session is over; that it cannot be told does not keep it alive."""
        self.forget(asker.session_id)
        body = msgspec.json.encode(EndSession(reason="refresh_refused"))
        try:
            await self._upstream.exchange(self._call(asker, "POST", "sign-out", held.access_token, body))
        except Fault:
            return

    async def _lease(self, asker: _Asker, stale: TokenSet) -> RefreshLease:
        try:
            reply = await self._upstream.exchange(
                self._call(asker, "POST", "refresh-lease", stale.access_token, None)
            )
        except Fault as fault:
            if fault.row in {errors.TOKEN_EXPIRED, errors.TOKEN_INVALID}:
                raise Fault(
                    errors.SESSION_EXPIRED, reason="the registry does not take the token even for a refresh"
                ) from None
            raise
        return decoded(reply, RefreshLease)

    def _call(self, asker: _Asker, method: str, what: str, bearer: str, body: bytes | None) -> Call:
        return Call(
            method=method,
            path=f"/v1/sessions/{asker.session_id}/{what}",
            deadline=self._upstream.deadline(),
            request_id=asker.request_id,
            client_ip=asker.client_ip,
            bearer=bearer,
            session_id=asker.session_id,
            body=body,
        )
