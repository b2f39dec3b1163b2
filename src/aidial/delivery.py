"""One call, one POST, as often as it takes: the transport under `aidial ingest`.

A 429 or 503 is not a refusal: it says when to come back, and then ALL workers wait, not only the one that
was told.
"""

import asyncio
import json
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Any, Self

import aiohttp

from aidial.dialogues import Parcel

CREATED = 201
OK = 200
UNAUTHENTICATED, FORBIDDEN = 401, 403
COME_BACK = frozenset({429, 503})
MAYBE_PASSING = frozenset({500, 502, 504})
MOST_TRIES_UNANSWERED = 4
MOST_TRIES_BROKEN = 3
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 30.0
REQUEST_SECONDS = 30.0
MAX_ANSWER_BYTES = 1024 * 1024


class UnreachableError(Exception):
    """The API gave no answer, or kept asking to come back, for longer than a line may take."""


class StoppedError(Exception):
    """The run is ending; this parcel was not sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said about one call."""

    status: int
    replayed: bool = False
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()
    retry_after_seconds: float | None = None

    @property
    def created(self) -> bool:
        """Whether this delivery put the call in."""
        return self.status == CREATED and not self.replayed

    @property
    def already_there(self) -> bool:
        """Whether an earlier delivery had."""
        return self.status == OK or (self.status == CREATED and self.replayed)

    @property
    def hopeless(self) -> bool:
        """Whether every other line would be refused the same way."""
        return self.status in {UNAUTHENTICATED, FORBIDDEN}


class Courier:
    """Delivers parcels to one API with one key. Use as an async context manager."""

    def __init__(self, api_url: str, key: str, line_timeout_seconds: float) -> None:
        self._url = f"{api_url}/v1/calls"
        self._key = key
        self._line_timeout_seconds = line_timeout_seconds
        self._quiet_until = 0.0
        self._rng = Random()  # noqa: S311 - jitter
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
            headers={
                "X-API-Key": self._key,
                "Accept-Encoding": "identity",
                "Content-Type": "application/json",
            },
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()

    async def deliver(self, sent: Parcel, stop: asyncio.Event) -> Answer:
        """Send until there is an answer. Raises UnreachableError and, once `stop` is set, StoppedError."""
        try:
            async with asyncio.timeout(self._line_timeout_seconds):
                return await self._until_answered(sent, stop)
        except TimeoutError as late:
            raise UnreachableError(f"no final answer within {self._line_timeout_seconds:g} s") from late

    async def _until_answered(self, sent: Parcel, stop: asyncio.Event) -> Answer:
        unanswered = broken = waits = 0
        while True:
            await self._until_quiet_ends(stop)
            try:
                async with asyncio.timeout(REQUEST_SECONDS):
                    answer = await self._post(sent)
            except (aiohttp.ClientError, TimeoutError, OSError) as problem:
                unanswered += 1
                if unanswered >= MOST_TRIES_UNANSWERED:
                    raise UnreachableError(f"the API does not answer ({type(problem).__name__})") from problem
                self._be_quiet(self._backoff(unanswered))
                continue
            unanswered = 0
            again = answer.status in COME_BACK or (answer.code == "request_in_progress")
            if answer.status in MAYBE_PASSING and broken < MOST_TRIES_BROKEN - 1:
                broken += 1
                again = True
            if not again:
                return answer
            waits += 1
            self._be_quiet(answer.retry_after_seconds or self._backoff(waits))

    async def _post(self, sent: Parcel) -> Answer:
        if self._session is None:
            raise RuntimeError("use the courier as a context manager")
        headers = {"Idempotency-Key": sent.idempotency_key}
        async with self._session.post(
            self._url, data=sent.body, headers=headers, allow_redirects=False
        ) as response:
            body = (
                await response.content.read(MAX_ANSWER_BYTES) if response.status not in {OK, CREATED} else b""
            )
            if not body:
                await response.read()
            replayed = response.headers.get("Idempotency-Replayed") == "true"
            return _answer(response.status, body, replayed, response.headers.get("Retry-After"))

    def _backoff(self, tries: int) -> float:
        longest: float = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**tries)
        return longest * self._rng.uniform(0.5, 1)

    def _be_quiet(self, seconds: float) -> None:
        self._quiet_until = max(self._quiet_until, asyncio.get_running_loop().time() + seconds)

    async def _until_quiet_ends(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if stop.is_set():
                raise StoppedError
            left = self._quiet_until - loop.time()
            if left <= 0:
                return
            try:
                await asyncio.wait_for(stop.wait(), left)
            except TimeoutError:
                continue


def _answer(status: int, body: bytes, replayed: bool, retry_after: str | None) -> Answer:  # noqa: FBT001
    if status in {OK, CREATED}:
        return Answer(status, replayed)
    try:
        parsed: Any = json.loads(body)
    except ValueError:
        parsed = {}
    told = parsed if isinstance(parsed, dict) else {}
    found = told.get("field_errors") or []
    fields = tuple(str(each["field"]) for each in found if isinstance(each, dict) and "field" in each)
    seconds = float(retry_after) if retry_after and retry_after.isdecimal() else None
    return Answer(
        status,
        code=str(told.get("code", f"http_{status}")),
        message=str(told.get("message", "The answer was not the API's; check the URL.")),
        fields=fields,
        retry_after_seconds=seconds,
    )
