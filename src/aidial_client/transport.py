"""One question to `/v1` until it has its answer: tries, waits, caps, and nothing that leaks the key.

The one thing a newcomer would get wrong: `raise` never stands inside an `except` here. What aiohttp raises
may hold the request's headers, the key among them, and an exception keeps the one it was raised from.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from io import BytesIO
from typing import Final, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
from yarl import URL

from aidial_client.errors import AidialError, NoAnswer, Refused, UnexpectedAnswer, read_refusal
from aidial_client.sending import FileBody
from aidial_contract.headers import API_KEY, REQUEST_ID
from aidial_contract.ids import new_id, parse_api_key

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
KEEP_ALIVE_S: Final = 4.0
"""Shorter than any server's own, so that a change never meets a connection that is being closed."""
FIRST_WAIT_S: Final = 0.2
LONGEST_JITTER_S: Final = 1.0
JSON: Final = "application/json"
COME_BACK: Final = frozenset({429, 502, 503, 504})
"""Statuses worth another try even when a proxy's page comes with them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request. `path` and `query` are encoded; `repeatable` says that asking twice does no harm.

    `answers` are the statuses that answer it, `media_type` what they come as. With a `file` the
    time-out is for each piece of it, then for the answer.
    """

    method: str
    path: str
    query: str = ""
    body: bytes | None = None
    file: FileBody | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False
    answers: frozenset[int] = frozenset({200})
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is one: status, headers (any case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    request_id: str


def checked_url(api_url: str) -> str:
    """The address without a slash at its end; ValueError (which never repeats it) when it is none."""
    parts = urlsplit(api_url)
    extra = parts.query or parts.fragment or parts.username is not None or parts.password is not None
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        raise ValueError("api_url must be http(s)://host[:port][/path], nothing else")
    return api_url.rstrip("/")


def checked_key(api_key: str) -> str:
    """The key; ValueError (which never repeats it) when a letter is missing or wrong."""
    if parse_api_key(api_key) is None:
        raise ValueError("api_key is not a whole API key: adk_live_... or adk_test_..., as it was shown")
    return api_key


class Transport:
    """Asks questions. `timeout_s` is for one question as a whole: its tries, waits and answers."""

    def __init__(self, api_url: str, api_key: str, *, timeout_s: float, retries: int) -> None:
        if not timeout_s > 0 or retries < 0:
            raise ValueError("timeout_s must be positive, retries not negative")
        self.api_url = checked_url(api_url)
        self._api_key = checked_key(api_key)
        self._timeout_s = timeout_s
        self._retries = retries
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def close(self) -> None:
        """Close every connection, for good."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def ask(self, question: Question) -> Reply:
        """The answer. Raises `Refused`, `NoAnswer`, `UnexpectedAnswer`; RuntimeError once closed."""
        session = self._opened()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_s
        request_id = new_id()
        tries_left = self._retries if question.repeatable else 0
        wait_s = FIRST_WAIT_S
        while True:
            outcome = await self._try(session, question, request_id, deadline)
            if isinstance(outcome, Reply):
                return outcome
            if question.file is not None:
                deadline = loop.time() + self._timeout_s
            pause_s = _pause_s(outcome, wait_s)
            if not tries_left or not _may_pass(outcome) or loop.time() + pause_s >= deadline:
                raise outcome
            tries_left -= 1
            wait_s *= 2
            await asyncio.sleep(pause_s)

    async def stream(self, question: Question) -> AsyncIterator[bytes]:
        """The answer's bytes as they come: `timeout_s` to the first with all tries, then between any two.

        Raises what `ask` does, and `NoAnswer` when they stop before the end: what came is not the whole.
        """
        session = self._opened()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_s
        request_id = new_id()
        tries_left = self._retries
        wait_s = FIRST_WAIT_S
        while True:
            outcome = await self._begun(session, question, request_id, deadline)
            if isinstance(outcome, aiohttp.ClientResponse):
                break
            pause_s = _pause_s(outcome, wait_s)
            if not tries_left or not _may_pass(outcome) or loop.time() + pause_s >= deadline:
                raise outcome
            tries_left -= 1
            wait_s *= 2
            await asyncio.sleep(pause_s)
        try:
            while True:
                piece = await self._piece(outcome, request_id)
                if isinstance(piece, AidialError):
                    raise piece
                if not piece:
                    return
                yield piece
        finally:
            outcome.close()

    async def _begun(
        self, session: aiohttp.ClientSession, question: Question, request_id: str, deadline: float
    ) -> aiohttp.ClientResponse | AidialError:
        """An answer that is one, its body still to be read."""
        sent = {"accept": question.media_type, REQUEST_ID: request_id, **question.headers}
        query = f"?{question.query}" if question.query else ""
        url = URL(f"{self.api_url}{question.path}{query}", encoded=True)
        try:
            async with asyncio.timeout_at(deadline):
                answer = await session.request(question.method, url, headers=sent, allow_redirects=False)
                encoded = answer.headers.get("content-encoding", "identity").lower() != "identity"
                came_as = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
                if answer.status in question.answers and came_as == question.media_type and not encoded:
                    return answer
                try:
                    body = await _read(answer)
                finally:
                    answer.close()
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError) as error:
            return NoAnswer(f"No answer from the API ({type(error).__name__}).", request_id)
        except aiohttp.ClientError as error:
            return UnexpectedAnswer(f"The answer is not HTTP ({type(error).__name__}).", request_id)
        except TimeoutError:
            return NoAnswer(f"No answer from the API within {self._timeout_s:g} s.", request_id)
        if isinstance(body, str):
            return UnexpectedAnswer(body, request_id, status=answer.status)
        return read_refusal(answer.status, answer.headers, body, request_id)

    async def _piece(self, answer: aiohttp.ClientResponse, request_id: str) -> bytes | AidialError:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await answer.content.readany()
        except aiohttp.ClientError as error:
            return NoAnswer(f"The answer broke off ({type(error).__name__}).", request_id)
        except TimeoutError:
            return NoAnswer(f"The answer paused for {self._timeout_s:g} s.", request_id)

    def _opened(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("the client was closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._timeout_s / 4, ceil_threshold=float("inf")
                ),
                auto_decompress=False,
                trust_env=False,
                headers={
                    API_KEY: self._api_key,
                    "accept-encoding": "identity",
                    "user-agent": f"aidial-client/{version('aidial')}",
                },
            )
            # aiohttp would repeat a GET once by itself, uncounted; there is no public switch for it.
            self._session._retry_connection = False  # noqa: SLF001
        return self._session

    async def _try(
        self, session: aiohttp.ClientSession, question: Question, request_id: str, deadline: float
    ) -> Reply | AidialError:
        try:
            async with asyncio.timeout_at(deadline) as limit:
                return await self._exchange(session, question, request_id, limit)
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError) as error:
            return NoAnswer(f"No answer from the API ({type(error).__name__}).", request_id)
        except aiohttp.ClientError as error:
            return UnexpectedAnswer(f"The answer is not HTTP ({type(error).__name__}).", request_id)
        except TimeoutError:
            return NoAnswer(f"No answer from the API within {self._timeout_s:g} s.", request_id)

    async def _exchange(
        self, session: aiohttp.ClientSession, question: Question, request_id: str, limit: asyncio.Timeout
    ) -> Reply | AidialError:
        sent = {"accept": question.media_type, REQUEST_ID: request_id, **question.headers}
        body_sent: BytesIO | AsyncIterator[bytes] | None = None
        if question.body is not None:
            sent["content-type"] = JSON
            body_sent = BytesIO(question.body)  # large bytes would be written in one go
        elif question.file is not None:
            sent |= {
                "content-type": question.file.media_type,
                "content-length": str(question.file.size_bytes),
            }
            body_sent = question.file.pieces(limit, self._timeout_s)
        query = f"?{question.query}" if question.query else ""
        url = URL(f"{self.api_url}{question.path}{query}", encoded=True)
        # What is refused is refused before its file is sent: in the middle it may be lost with the line.
        async with session.request(
            question.method,
            url,
            headers=sent,
            data=body_sent,
            allow_redirects=False,
            expect100=question.file is not None,
        ) as answer:
            body = await _read(answer)
            if isinstance(body, str):
                return UnexpectedAnswer(body, request_id, status=answer.status)
            reply = Reply(answer.status, answer.headers, body, request_id)
        came_as = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if reply.status in question.answers and came_as == question.media_type:
            return reply
        return read_refusal(reply.status, reply.headers, reply.body, request_id)


async def _read(answer: aiohttp.ClientResponse) -> bytes | str:
    """The whole body, or what is wrong with it."""
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        return "The answer is encoded, though identity was asked for."
    too_large = f"The answer is larger than {MAX_ANSWER_BYTES} bytes."
    if (answer.content_length or 0) > MAX_ANSWER_BYTES:
        return too_large
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            return too_large
        parts.append(part)
    return b"".join(parts)


def _may_pass(trouble: AidialError) -> bool:
    """Whether the same question may have another answer soon."""
    if isinstance(trouble, Refused):
        return trouble.retryable
    if isinstance(trouble, UnexpectedAnswer):
        return trouble.status in COME_BACK
    return True


def _pause_s(trouble: AidialError, wait_s: float) -> float:
    """How long to wait before the next try: never less than was asked for, and never in step with others."""
    least_s = trouble.retry_after_s or 0.0
    return max(least_s, wait_s / 2) + random.uniform(0, min(wait_s, LONGEST_JITTER_S))  # noqa: S311


def decode(reply: Reply, shape: type[T]) -> T:
    """The reply's body as a contract shape, or `UnexpectedAnswer`."""
    try:
        return msgspec.json.decode(reply.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        about = f"The answer (HTTP {reply.status}) is not a {shape.__name__}."
    raise UnexpectedAnswer(about, reply.request_id, status=reply.status)
