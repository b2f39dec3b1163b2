"""The one transport to `AIDIAL_API_BASE_URL`.

Every call has a deadline that covers all its tries, carries the request id and the caller's address, and
ends in bytes of a 2xx answer or in a `Fault`. Whole answers come over `lines.py`, streams over aiohttp. The
one thing a newcomer would get wrong: aiohttp repeats PUT and DELETE on a lost connection by itself, rounds
time-outs, keeps cookies, follows redirects and unpacks without a cap; all of that is switched off here.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import aiohttp
from yarl import URL

from aidial_contract import errors, headers
from aidial_contract.fault import BUSY, Fault
from aidial_contract.transport import parse, parse_head, violation
from aidial_portal.kernel.breaker import Breaker
from aidial_portal.kernel.lines import Lines, LostError, NotHttpError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

T = TypeVar("T")
DEFAULT_CAP_BYTES: Final = 16 * 1024 * 1024
SESSION_PATHS: Final = ("/v1/session-context", "/v1/sessions")
RESERVED_SHARE: Final = 4
"""Calls about sessions have a quarter of the others' places, on top of them: see `rooms.py`."""
JITTER_S: Final = (0.01, 0.06)
KEEP_ALIVE_S: Final = 4.0
"""Shorter than any server's own, so that a POST never meets a connection that is being closed."""

_OTHERS_TROUBLE: Final = frozenset(
    {
        errors.BILLING_PROVIDER_UNAVAILABLE,
        errors.STORAGE_UNAVAILABLE,
        errors.SESSION_SERVICE_UNAVAILABLE,
    }
)
"""5xx that say the API itself is well: they never open the circuit, nor does one that is only busy."""

_PASSED_ON_401: Final = frozenset(
    {
        errors.SESSION_INVALID,
        errors.SESSION_EXPIRED,
        errors.SESSION_REVOKED,
        errors.SESSION_CLAIMS_MISSING,
        errors.SESSION_MISSING,
        errors.TOKEN_EXPIRED,
        errors.TOKEN_INVALID,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to `/v1`. `path` has its query already encoded; `deadline` is the loop's time in seconds.

    `records`: a read that the API writes down as somebody's look, so it is asked once, like a change: an
    answer that was lost may have been counted.
    """

    method: str
    path: str
    deadline: float
    request_id: str
    client_ip: str
    bearer: str | None = None
    session_id: str | None = None
    body: bytes | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    cap_bytes: int = DEFAULT_CAP_BYTES
    records: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A 2xx answer: its status, its headers (lower-case look-up) and its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The answer's media type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class _BrokenError(Exception):
    """The API itself is in trouble: `fault` goes to the caller, and the circuit counts it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault


class Upstream:
    """Made once per process inside its event loop; `close` it. Safe for any number of tasks at once.

    `timeout_ms` is the whole budget of a call; `connections` how many calls may be under way, not counting
    those about sessions, which have a quarter of it to themselves.
    """

    def __init__(
        self, base_url: str, timeout_ms: float, *, connections: int = 256, breaker: Breaker | None = None
    ) -> None:
        self.timeout_s = timeout_ms / 1_000
        self._base = base_url.rstrip("/")
        self._places = asyncio.Semaphore(connections)
        self._session_places = asyncio.Semaphore(max(1, connections // RESERVED_SHARE))
        self.breaker = breaker or Breaker()
        self._lines = Lines(base_url, connect_s=self.timeout_s / 4, idle_s=KEEP_ALIVE_S)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=10),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=self.timeout_s / 4, ceil_threshold=float("inf")
            ),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("user-agent", "accept", "content-type"),
        )
        self._session._retry_connection = False  # noqa: SLF001 - there is no public switch for it

    async def close(self) -> None:
        """Close every connection."""
        self._lines.close()
        await self._session.close()

    def deadline(self) -> float:
        """When a call that starts now must be over (loop time, seconds)."""
        return asyncio.get_running_loop().time() + self.timeout_s

    async def exchange(self, call: Call, *, guarded: bool = True) -> Reply:
        """The API's 2xx answer, or a `Fault`.

        Errors: whatever the API's transport envelope says; 503 `dependency_timeout`,
        `dependency_unavailable` (also at once while the circuit is open; `guarded=False` asks past it, for
        health, and for what would be lost for good); 500 `upstream_contract_violation`.
        """
        return await self._guarded(call, partial(self._whole, call), guarded=guarded)

    async def ask(
        self,
        call: Call,
        take: Callable[[aiohttp.ClientResponse, Call], Awaitable[T]],
        *,
        guarded: bool = True,
    ) -> T:
        """What `take` makes of the API's 2xx answer, within the call's time; the same faults as `exchange`.

        The answer is `take`'s to release; when it raises, the connection is closed.
        """
        return await self._guarded(call, partial(self._begun, call, take), guarded=guarded)

    async def _guarded(self, call: Call, once: Callable[[], Awaitable[T]], *, guarded: bool) -> T:
        if not guarded:
            return await self._unguarded(call, once)
        permit = self.breaker.enter()
        try:
            reply = await self._timed(call, once)
        except _BrokenError as broken:
            self.breaker.failed(permit)
            raise broken.fault from None
        except Fault:
            self.breaker.succeeded(permit)
            raise
        except BaseException:
            self.breaker.abandoned(permit)
            raise
        self.breaker.succeeded(permit)
        return reply

    async def _unguarded(self, call: Call, once: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._timed(call, once)
        except _BrokenError as broken:
            raise broken.fault from None

    async def _timed(self, call: Call, once: Callable[[], Awaitable[T]]) -> T:
        waiting = True
        try:
            places = self._session_places if call.path.startswith(SESSION_PATHS) else self._places
            async with asyncio.timeout_at(call.deadline), places:
                waiting = False
                return await self._tries(call, once)
        except TimeoutError:
            fault = Fault(errors.DEPENDENCY_TIMEOUT, reason=f"{call.method} to the API ran out of time")
            if waiting:  # our own crowd, not the API's trouble
                raise fault from None
            raise _BrokenError(fault) from None

    async def _tries(self, call: Call, once: Callable[[], Awaitable[T]]) -> T:
        try:
            return await once()
        except LostError as lost:
            if call.method != "GET" or call.records:
                raise _unavailable(lost) from None
        await asyncio.sleep(random.uniform(*JITTER_S))  # noqa: S311 - spreads repeats, guards nothing
        try:
            return await once()
        except LostError as lost:
            raise _unavailable(lost) from None

    async def _whole(self, call: Call) -> Reply:
        try:
            answer = await self._lines.ask(call.method, call.path, _headers(call), call.body, call.cap_bytes)
        except TooLargeError:
            raise violation("the API's answer is too large") from None
        except NotHttpError as error:
            raise _BrokenError(violation(f"the API's answer is not HTTP: {error}")) from None
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise violation("the API's answer is encoded, though identity was asked for")
        if 200 <= answer.status < 300:  # noqa: PLR2004 - the success class
            return Reply(answer.status, answer.headers, answer.body)
        raise _error_of(call, answer.status, answer.headers.get("content-type", ""), answer.body)

    async def _begun(self, call: Call, take: Callable[[aiohttp.ClientResponse, Call], Awaitable[T]]) -> T:
        try:
            answer = await self._session.request(
                call.method,
                URL(self._base + call.path, encoded=True),
                headers=_headers(call),
                data=call.body,
                allow_redirects=False,
            )
            try:
                if 200 <= answer.status < 300:  # noqa: PLR2004 - the success class
                    return await take(answer, call)
                body = await _read(answer, call.cap_bytes)
            except BaseException:
                answer.close()
                raise
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError) as error:
            raise LostError(type(error).__name__) from None
        except aiohttp.ClientError as error:
            raise _BrokenError(violation(f"the API's answer is not HTTP: {type(error).__name__}")) from None
        answer.release()
        raise _error_of(call, answer.status, answer.headers.get("content-type", ""), body)


def _unavailable(lost: LostError) -> _BrokenError:
    return _BrokenError(Fault(errors.DEPENDENCY_UNAVAILABLE, reason=f"no answer from the API: {lost}"))


def _headers(call: Call) -> dict[str, str]:
    left_s = call.deadline - asyncio.get_running_loop().time()
    sent = {
        "accept": "application/json",
        "accept-encoding": "identity",
        headers.REQUEST_ID: call.request_id,
        headers.CLIENT_IP: call.client_ip,
        headers.BUDGET_MS: str(max(1, int(left_s * 1_000))),
        **call.extra,
    }
    if call.bearer is not None:
        sent["authorization"] = f"Bearer {call.bearer}"
    if call.session_id is not None:
        sent[headers.AIDIAL_SESSION] = call.session_id
    if call.body is not None:
        sent.setdefault("content-type", "application/json")
    return sent


async def _read(answer: aiohttp.ClientResponse, cap_bytes: int) -> bytes:
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise violation("the API's answer is encoded, though identity was asked for")
    declared = answer.content_length
    if declared is not None and declared > cap_bytes:
        raise violation("the API's answer is too large")
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > cap_bytes:
            raise violation("the API's answer is too large")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _error_of(call: Call, status: int, content_type: str, body: bytes) -> Fault | _BrokenError:
    if call.method == "HEAD":
        return parse_head(status)  # too little to judge the API by
    fault = parse(status, content_type, body)
    if fault.row.status == 401 and fault.row not in _PASSED_ON_401:  # noqa: PLR2004 - unauthorised
        return violation(f"the API refused the portal's own credential: {fault.row.code}")
    is_busy = fault.row is errors.DEPENDENCY_UNAVAILABLE and fault.details == BUSY
    if status >= 500 and fault.row not in _OTHERS_TROUBLE and not is_busy:  # noqa: PLR2004 - server errors
        return _BrokenError(fault)
    return fault
