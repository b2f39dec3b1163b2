"""One refresh of one session: win the lease, spend the refresh token, store what came for it.

The one thing a newcomer would get wrong: from the moment the issuer answers, the new tokens exist nowhere
else. They are kept until the registry has them or the session is over; and a refusal is no end by itself,
because the token may have been spent by another portal whose tokens are only now being stored.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_portal.kernel.issuer import RefusedRefreshError
from aidial_portal.kernel.newest import Newest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from aidial_portal.kernel.issuer import Refresher
    from aidial_portal.kernel.token_registry import Asker, Leased, TokenRegistry
    from aidial_portal.kernel.tokens import TokenSet

SHORTEST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0
LONGEST_WAIT_S: Final = 8.0
"""A lease lasts 5 s; a loser waits for its end and a little longer, its requests only for their own time."""
LONGEST_GRANT_S: Final = 3.5
"""The issuer's token endpoint is waited for so long: see `oidc/http.py`."""
STORED_WITHIN_S: Final = 30.0
LAST_S: Final = 5.0
"""For who holds a lease when the portal stops."""
LOOKS_S: Final = (0.0,)
LOOKS_AFTER_ANOTHER_S: Final = (0.0, 0.5, 1.0)
"""Pauses before each look after a refusal. When another portal held the lease before, they are together
longer than its longest pause between two tries to store."""

_OVER: Final = frozenset(
    {
        errors.SESSION_EXPIRED,
        errors.SESSION_REVOKED,
        errors.SESSION_INVALID,
        errors.SESSION_MISSING,
        errors.NOT_FOUND,
    }
)
"""What the registry says of a session that will never take tokens again."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Unstored:
    """Tokens the registry has not got yet, to come after `generation`."""

    tokens: TokenSet
    generation: int


def pauses() -> Iterator[float]:
    """Ever longer pauses, a little apart from everybody else's: 50 ms, doubling to a second."""
    longest = SHORTEST_PAUSE_S
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - spreads polls, guards nothing
        longest = min(longest * 2, LONGEST_PAUSE_S)


def _may_pass(fault: Fault) -> bool:
    """Trouble of the API, a full window, or a signing key it has not heard of yet."""
    return fault.row.status in {401, 429} or fault.row.status >= 500  # noqa: PLR2004 - HTTP


class Rotation:
    """Refreshes sessions, each in one task at a time."""

    def __init__(self, registry: TokenRegistry, issuer: Refresher, clock: Callable[[], float]) -> None:
        self._registry = registry
        self._issuer = issuer
        self._clock = clock
        self._unstored: Newest[Unstored] = Newest()
        self._winning: set[asyncio.Future[TokenSet | None]] = set()

    async def close(self) -> None:
        """Wait a little for who holds a lease: nobody else can store what the issuer gives them."""
        if self._winning:
            await asyncio.wait(self._winning, timeout=LAST_S)

    def forget(self, session_id: str) -> None:
        """Drop the tokens of a session that has ended."""
        self._unstored.forget(session_id)

    async def fresh(self, asker: Asker, stale: TokenSet) -> TokenSet:
        """Tokens newer than `stale`, stored: our own refresh's or another portal's.

        Errors: 401 `session_expired` when the issuer refuses for good; 503 when it or the lease's holder
        gives no answer; whatever the registry says.
        """
        late = self._unstored.get(asker.session_id)
        if late is not None and late.tokens.is_usable(self._clock()):
            stored = await self._store(asker, late)
            if stored is not None:
                return stored
        # What the issuer publishes is fetched before the lease runs, which is only as long as one exchange.
        await self._issuer.make_ready()
        last_look = asyncio.get_running_loop().time() + LONGEST_WAIT_S
        for pause in pauses():
            lease = await self._registry.lease(asker, stale.access_token)
            newer = lease.tokens
            if newer and newer.generation > stale.generation and not newer.is_near_expiry(self._clock()):
                return newer
            won = await self._noted(self._win(asker, newer or stale, lease)) if lease.won else None
            if won is not None:
                return won
            if asyncio.get_running_loop().time() + pause > last_look:
                break
            await asyncio.sleep(pause)
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason="the lease's holder never stored fresh tokens")

    async def _noted(self, winning: Coroutine[Any, Any, TokenSet | None]) -> TokenSet | None:
        task = asyncio.ensure_future(winning)
        self._winning.add(task)
        try:
            return await task
        finally:
            self._winning.discard(task)

    async def _win(self, asker: Asker, held: TokenSet, lease: Leased) -> TokenSet | None:
        """Refresh as the lease's winner; None when another one stored tokens first after all."""
        late = self._unstored.get(asker.session_id)
        if late is not None and late.generation == lease.generation:
            held = late.tokens  # too old to be stored, but for the registry's own the issuer gave them away
        if held.refresh_token is None:
            raise Fault(errors.SESSION_EXPIRED, reason="the session has no refresh token")
        try:
            fresh = await self._granted(held.refresh_token, asker.subject, lease.until)
        except RefusedRefreshError:
            return await self._refused(asker, held, lease)
        unstored = Unstored(fresh, lease.generation)
        self._unstored.keep(asker.session_id, unstored)
        return await self._store(asker, unstored)

    async def _granted(self, refresh_token: str, subject: str, until: float) -> TokenSet:
        """The issuer's answer; asked once more after a hiccup that left the lease enough time for it."""
        try:
            return await self._issuer.refresh(refresh_token, subject)
        except Fault:
            pause = next(pauses())
            if asyncio.get_running_loop().time() + pause + LONGEST_GRANT_S > until:
                raise
        await asyncio.sleep(pause)
        return await self._issuer.refresh(refresh_token, subject)

    async def _store(self, asker: Asker, unstored: Unstored) -> TokenSet | None:
        """The tokens as stored, tried until they are; None when another portal's came first."""
        give_up = asyncio.get_running_loop().time() + STORED_WITHIN_S
        for pause in pauses():
            try:
                stored = await self._registry.store(asker, unstored.tokens, unstored.generation)
            except Fault as fault:
                if fault.row in _OVER:
                    self.forget(asker.session_id)
                    raise
                if not _may_pass(fault) or asyncio.get_running_loop().time() + pause > give_up:
                    _log.error("tokens_not_stored", code=fault.row.code, reason=fault.reason)
                    raise
            else:
                self.forget(asker.session_id)
                return stored
            await asyncio.sleep(pause)
        return None

    async def _refused(self, asker: Asker, held: TokenSet, lease: Leased) -> TokenSet | None:
        """Newer tokens that another portal stored, None to ask for the lease anew; else the end."""
        for pause in LOOKS_AFTER_ANOTHER_S if lease.taken_over else LOOKS_S:
            await asyncio.sleep(pause)
            seen = await self._registry.lease(asker, held.access_token)
            if seen.generation != lease.generation:
                is_good = seen.tokens is not None and not seen.tokens.is_near_expiry(self._clock())
                return seen.tokens if is_good else None
        self.forget(asker.session_id)
        await self._registry.end(asker, held.access_token)
        raise Fault(errors.SESSION_EXPIRED, reason="the issuer refused the refresh token")
