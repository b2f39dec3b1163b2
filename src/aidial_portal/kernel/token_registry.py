"""The API's registry as a refresh sees it: ask for the lease, store fresh tokens, end the session.

The one thing a newcomer would get wrong: a lease is counted from before it was asked for, by our own clock.
What is left of it by `lease_until` would be as wrong as two machines' clocks are apart.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.shapes.sessions import EndSession, RefreshLease, StoredTokens, StoreTokens
from aidial_portal.kernel.api import decoded
from aidial_portal.kernel.upstream import Call

if TYPE_CHECKING:
    from aidial_portal.kernel.tokens import Sealer, TokenSet
    from aidial_portal.kernel.upstream import Upstream

LEASE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Asker:
    """What a refresh needs of the request that started it; the refresh outlives the request."""

    session_id: str
    subject: str
    request_id: str
    client_ip: str


@dataclass(frozen=True, slots=True)
class Leased:
    """The registry's answer: `generation` is the one stored, `until` is loop time in seconds.

    `taken_over`: won after another one's lease of the same generation, who may have spent the refresh token.
    """

    won: bool
    taken_over: bool
    generation: int
    tokens: TokenSet | None
    until: float


class TokenRegistry:
    """The rows of one session's tokens; each call has the whole time of a call to the API."""

    def __init__(self, upstream: Upstream, sealer: Sealer) -> None:
        self._upstream = upstream
        self._sealer = sealer

    async def lease(self, asker: Asker, bearer: str) -> Leased:
        """Ask to be the one who refreshes. 401 `session_expired` when even this takes the token no more."""
        until = asyncio.get_running_loop().time() + LEASE_S
        try:
            reply = await self._upstream.exchange(self._call(asker, "POST", "refresh-lease", bearer))
        except Fault as fault:
            if fault.row in {errors.TOKEN_EXPIRED, errors.TOKEN_INVALID}:
                raise Fault(
                    errors.SESSION_EXPIRED, reason="the registry does not take the token even for a refresh"
                ) from None
            raise
        said = decoded(reply, RefreshLease)
        tokens = None
        if said.tokens is not None:
            tokens = self._sealer.open(said.tokens, asker.subject, said.token_generation)
        return Leased(said.won, said.taken_over, said.token_generation, tokens, until)

    async def store(self, asker: Asker, fresh: TokenSet, generation: int) -> TokenSet | None:
        """The tokens as the registry numbers them; None when another set came after `generation` first.

        Asked past the circuit, open or not: they exist nowhere else, and may be tried often.
        """
        body = StoreTokens(expected_generation=generation, tokens=self._sealer.seal(fresh, asker.subject))
        try:
            call = self._call(asker, "PUT", "tokens", fresh.access_token, msgspec.json.encode(body))
            reply = await self._upstream.exchange(call, guarded=False)
        except Fault as fault:
            if fault.row is errors.VERSION_CONFLICT:
                return None
            raise
        return fresh.at(decoded(reply, StoredTokens).token_generation)

    async def end(self, asker: Asker, bearer: str) -> None:
        """Say that the session is over; that it cannot be said does not keep it alive."""
        body = msgspec.json.encode(EndSession(reason="refresh_refused"))
        try:
            await self._upstream.exchange(self._call(asker, "POST", "sign-out", bearer, body))
        except Fault:
            return

    def _call(self, asker: Asker, method: str, what: str, bearer: str, body: bytes | None = None) -> Call:
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
