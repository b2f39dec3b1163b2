"""Who asks in tests: an HTTP client that sends one actor's headers with everything.

The one thing a newcomer would get wrong: nothing is raised for a status; a refusal is an answer too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from tests.people import Machine, Someone


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """The error's code, "" when the answer is no error."""
        return str(self.json["code"]) if self.status >= 400 else ""


@dataclass(slots=True)
class Asker:
    """Somebody, or nobody, who asks the API: `headers` go with every request."""

    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    async def ask(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request; `body` becomes JSON (bytes go as they are), an extra header of "" takes one away."""
        sent = {**self.headers, **(headers or {})}
        data = None
        if body is not None:
            sent.setdefault("content-type", "application/json")
            data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        sent = {name: value for name, value in sent.items() if value}
        async with self.http.request(method, path, data=data, headers=sent) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def refused_after(self, path: str, since: float, limit_s: float = 1.0) -> Answer:
        """GET until it is refused, as it is for whoever asks more than `limit_s` after `since` (monotonic).

        When they ask counts, not how long a busy machine takes to answer.
        """
        while True:
            asked = time.monotonic()
            if (answer := await self.get(path)).status != 200:
                return answer
            assert asked - since < limit_s, f"let in {asked - since:.2f} s after"

    async def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return await self.ask("GET", path, headers=_spelled(headers))

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST."""
        return await self.ask("POST", path, body, headers=_spelled(headers))

    async def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        """PUT."""
        return await self.ask("PUT", path, body, headers=_spelled(headers))

    async def patch(self, path: str, body: Any = None, **headers: str) -> Answer:
        """PATCH."""
        return await self.ask("PATCH", path, body, headers=_spelled(headers))

    async def delete(self, path: str, **headers: str) -> Answer:
        """DELETE."""
        return await self.ask("DELETE", path, headers=_spelled(headers))


def _spelled(headers: Mapping[str, str]) -> dict[str, str]:
    """`if_match="..."` as the header `if-match`."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(slots=True)
class SignedIn(Asker):
    """A person with a bearer token and a registered session."""

    someone: Someone = field(kw_only=True)
    user_id: str = field(kw_only=True)
    bearer: str = field(kw_only=True, repr=False)
    session_id: str = field(kw_only=True)


@dataclass(slots=True)
class KeyHolder(Asker):
    """A machine with a key."""

    machine: Machine = field(kw_only=True)
    key: str = field(kw_only=True, repr=False)


async def health_when(asker: Asker, holds: Callable[[Any], bool]) -> Answer:
    """Health once it is so: a process that stands still for 0.8 s takes everything it needs for away."""
    answer = await asker.get("/v1/health")
    for _ in range(5):
        if holds(answer.json):
            break
        await asyncio.sleep(0.5)
        answer = await asker.get("/v1/health")
    return answer


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask again while there is no place for it: many at once may wait long on a busy machine.

    Nothing was done by whoever is answered so.
    """
    while True:
        answer = await ask()
        if answer.status != 503 or answer.code != "dependency_unavailable":
            return answer
        await asyncio.sleep(0.05)
