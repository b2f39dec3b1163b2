"""`/v1` on behalf of one signed-in session: what handlers call.

`request.api.get("/v1/calls", CallList, query={...})` gives the shape; `forward` gives the same as checked
JSON bytes. The one thing a newcomer would get wrong: a refused token is refreshed and the call repeated once
in here; a handler never sees `token_expired`. `records=True` goes with every read that the API writes down as
somebody's look: the same word as on its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlencode

import msgspec

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.transport import violation
from aidial_portal.kernel.upstream import Call, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping

    from aidial_portal.kernel.portal import Portal
    from aidial_portal.kernel.session import Session
    from aidial_portal.kernel.streaming import Stream, Wanted

T = TypeVar("T")
NO_CONTENT = 204
_encoder = msgspec.json.Encoder()


@cache
def _decoder(shape: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def decoded(reply: Reply, shape: type[T]) -> T:
    """The answer as its shape (unknown members dropped), or 500 `upstream_contract_violation`."""
    if reply.media_type != "application/json":
        raise violation("success answer is not application/json")
    try:
        value: T = _decoder(cast("Hashable", shape)).decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise violation(f"success answer does not fit {shape!r}: {type(error).__name__}") from None
    return value


def with_query(path: str, query: Mapping[str, str] | None) -> str:
    """A path with its query encoded."""
    return f"{path}?{urlencode(query)}" if query else path


@dataclass(frozen=True, slots=True)
class Api:
    """Calls within one request's deadline (loop time, seconds). Every method raises `Fault`."""

    portal: Portal
    session: Session
    request_id: str
    client_ip: str
    deadline: float

    async def get(
        self, path: str, shape: type[T], *, query: Mapping[str, str] | None = None, records: bool = False
    ) -> T:
        """The answer of a read as its shape."""
        return decoded(await self.call("GET", with_query(path, query), records=records), shape)

    async def forward(
        self, path: str, shape: type[Any], *, query: Mapping[str, str] | None = None, records: bool = False
    ) -> bytes:
        """The answer of a read as JSON bytes that fit the shape and hold nothing else."""
        return _encoder.encode(await self.get(path, shape, query=query, records=records))

    async def send(
        self,
        method: str,
        path: str,
        shape: type[T],
        *,
        body: msgspec.Struct | bytes | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> T:
        """The answer of a change as its shape. `extra` are headers such as `if-match`."""
        return decoded(await self.call(method, path, body=body, extra=extra), shape)

    async def order(
        self,
        method: str,
        path: str,
        *,
        body: msgspec.Struct | bytes | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        """A change that answers 204."""
        reply = await self.call(method, path, body=body, extra=extra)
        if reply.status != NO_CONTENT:
            raise violation("204 was expected")

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: msgspec.Struct | bytes | None = None,
        extra: Mapping[str, str] | None = None,
        records: bool = False,
    ) -> Reply:
        """One exchange, repeated once with fresh tokens when the API refuses these."""
        raw = _encoder.encode(body) if isinstance(body, msgspec.Struct) else body
        call = partial(self._call, method, path, raw, extra, records=records)
        return await self._fresh(lambda: self.portal.upstream.exchange(call()))

    async def _fresh(self, once: Callable[[], Awaitable[T]]) -> T:
        """What `once` gives back, asked again with fresh tokens when the API refuses these."""
        await self.portal.keeper.prepare(self)
        tokens = self.session.tokens
        try:
            return await once()
        except Fault as fault:
            if fault.row not in {errors.TOKEN_EXPIRED, errors.TOKEN_INVALID}:
                raise
        await self.portal.keeper.renew(self, tokens)
        try:
            return await once()
        except Fault as fault:
            if fault.row in {errors.TOKEN_EXPIRED, errors.TOKEN_INVALID}:
                raise violation("the API refused fresh tokens") from None
            raise

    async def stream(
        self,
        path: str,
        wanted: Wanted,
        *,
        query: Mapping[str, str],
        method: str,
        live: bool = False,
        extra: Mapping[str, str] | None = None,
        records: bool = False,
    ) -> Stream:
        """An answer to be passed on from its first bytes; `method` is GET or HEAD.

        `live`: one that goes on until somebody leaves, which takes no file's place. `extra` are headers.
        """
        streams = self.portal.live_streams if live else self.portal.streams
        headers = {"accept": wanted.media_type, **(extra or {})}
        call = partial(self._call, method, with_query(path, query), None, headers, records=records)
        return await self._fresh(lambda: streams.open(call(), wanted))

    def _call(
        self, method: str, path: str, body: bytes | None, extra: Mapping[str, str] | None, *, records: bool
    ) -> Call:
        return Call(
            method=method,
            path=path,
            deadline=self.deadline,
            request_id=self.request_id,
            client_ip=self.client_ip,
            bearer=self.session.tokens.access_token,
            session_id=self.session.session_id,
            body=body,
            extra=extra or {},
            records=records,
        )
