"""A server that answers by script: for refusals at a given moment, lost connections and strangers' answers.

The one thing a newcomer would get wrong: this is no second API. Whatever the real one can be made to do is
tested against the real one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

from aidial_contract.envelopes import Envelope, fault_headers, render
from aidial_contract.fault import Fault

PROJECTS = b'{"projects":[]}'


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it goes on the wire."""

    status: int = 200
    body: bytes = PROJECTS
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


LOST = "lost"
SILENT = "silent"
Step = Raw | Fault | str


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came, and when (loop time, seconds)."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class ScriptedServer:
    """Answers with `steps`, one a request, the last one for ever; `asked` is what came."""

    steps: list[Step] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Listen on a port of its own."""
        runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        now = asyncio.get_running_loop().time()
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("expect") == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        self.asked.append(Asked(request.method, request.path_qs, headers, await request.read(), now))
        self.was_asked.set()
        step = self.steps[min(len(self.asked), len(self.steps)) - 1]
        if isinstance(step, Fault):
            body = render(Envelope.TRANSPORT, step, headers["x-request-id"])
            return web.json_response(body, status=step.row.status, headers=fault_headers(step))
        if isinstance(step, Raw):
            return web.Response(status=step.status, body=step.body, headers=step.headers)
        if step == SILENT:
            await asyncio.Event().wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
