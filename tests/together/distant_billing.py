"""A billing provider that asks a service on the network, as a company's own would.

The one thing a newcomer would get wrong: what it answers is the embedded provider's. Only the way there is
real, so that it can fail as ways do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import aiohttp
from aiohttp import web

from aidial_api.kernel.billing.port import Account, Page, Wanted
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.billing.embedded import EmbeddedProvider
from aidial_contract.shapes.billing import Usage
from tests.api.billing.accounts import ISSUER

ANSWER_BYTES = 2_000
"""At 1 kB a second nobody waits for the end of it."""


class Distant(EmbeddedProvider):
    """The embedded provider, which hears from the service at `url` before each answer."""

    def __init__(self, url: str) -> None:
        super().__init__(ISSUER)
        self._url = url

    async def _hear(self) -> None:
        async with aiohttp.ClientSession(raise_for_status=True) as http, http.get(self._url) as got:
            if len(await got.read()) != ANSWER_BYTES:
                raise ValueError("another answer than the service's")

    async def usage(self, tx: Tx, account: Account, at: datetime) -> Usage:
        await self._hear()
        return await super().usage(tx, account, at)

    async def invoices(self, tx: Tx, account: Account, wanted: Wanted) -> Page:
        await self._hear()
        return await super().invoices(tx, account, wanted)

    async def answers(self) -> bool:
        await self._hear()
        return True


@asynccontextmanager
async def billing_service() -> AsyncIterator[str]:
    """The service on a port of its own; its URL."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"." * ANSWER_BYTES)

    app = web.Application()
    app.add_routes([web.get("/", answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
