"""The API as an ASGI application: HTTP JSON over PostgreSQL.

The one thing a newcomer would get wrong: there is no framework router. `routes.py` is the table, and the
guard runs its rows; this module only turns ASGI into an `Ask` and an answer or fault back into ASGI.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from importlib.metadata import version
from multiprocessing import get_context

import structlog
from starlette.types import Receive, Scope, Send

from aidial_api.kernel import guard, reply
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.billing.desk import BillingDesk
from aidial_api.kernel.billing.port import BillingProvider
from aidial_api.kernel.budget import deadline_of, told_budget_ms
from aidial_api.kernel.credentials import Credentials
from aidial_api.kernel.crypto import CursorKey, MasterKey, TenantKeys
from aidial_api.kernel.db import NOTHING, Database, DatabaseRefused, DatabaseUnavailable
from aidial_api.kernel.factors import IssuerFactors
from aidial_api.kernel.hygiene import client_ip, read_headers
from aidial_api.kernel.idempotency import IdempotencyKeys
from aidial_api.kernel.installation import require_master_key
from aidial_api.kernel.introspection import Introspector
from aidial_api.kernel.jwks import Jwks
from aidial_api.kernel.key_use import KeyUse
from aidial_api.kernel.limits import Limits
from aidial_api.kernel.news import CallNews
from aidial_api.kernel.pdf import PdfMakers
from aidial_api.kernel.redaction import Redactors
from aidial_api.kernel.rooms import Rooms
from aidial_api.kernel.route import RouteTable
from aidial_api.kernel.services import Services
from aidial_api.kernel.storage import Storage
from aidial_api.kernel.tokens import TokenVerifier
from aidial_api.routes import TABLE
from aidial_api.settings import Settings
from aidial_api.surfaces.billing.embedded import EmbeddedProvider, Issuer
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.headers import REQUEST_ID, acceptable_request_id
from aidial_contract.ids import new_id
from aidial_contract.limits import (
    HEADER_BLOCK,
    LIVE_STREAMS,
    LIVE_STREAMS_OF_ONE,
    STORE_TIMEOUT,
    URI,
)
from aidial_limits import Counting, SharedWindows, Windows
from aidial_serving.hangups import Leavers
from aidial_serving.health import HealthChecks, Probe
from aidial_serving.last_resort import LastResort

_log = structlog.get_logger("aidial_api")
SERVER_ERROR = 500
PR_SET_PDEATHSIG = 1
REDACTORS = 2


async def open_services(
    settings: Settings,
    stack: AsyncExitStack,
    table: RouteTable = TABLE,
    billing_provider: BillingProvider | None = None,
) -> Services:
    """Connect to what the API needs; closed with `stack`. Billing is embedded unless another is given."""
    db = await Database.connect(settings.database_url, max_size=settings.database_connections)
    stack.push_async_callback(db.close)
    master = MasterKey(settings.master_key)
    async with db.transaction(NOTHING) as tx:
        await require_master_key(tx, master)
    jwks = Jwks(settings.issuer)
    introspector = None if settings.introspection is None else Introspector(settings.introspection, jwks)
    if introspector is not None:
        stack.push_async_callback(introspector.close)
    factors = IssuerFactors(settings.issuer, settings.management_token)
    stack.push_async_callback(factors.close)
    verifier = TokenVerifier(settings.audience, settings.portal_client_id, jwks, introspector=introspector)
    use = KeyUse(db)
    use.start()
    stack.push_async_callback(use.close)
    credentials = Credentials(db, verifier, settings.issuer, use)
    await db.listen("aidial_credentials", credentials.heard)
    news = CallNews(
        db,
        most=settings.numbers.size(LIVE_STREAMS),
        most_of_one=settings.numbers.size(LIVE_STREAMS_OF_ONE),
    )
    await news.start()
    stack.push_async_callback(news.close)
    credentials.on_news.append(news.ring)

    billing = BillingDesk(
        billing_provider or _embedded(settings), timeout_s=settings.billing_timeout_ms / 1_000
    )
    storage = Storage(settings.storage, timeout_s=settings.storage_timeout_ms / 1_000)
    counting = await _counting(settings, stack)
    probes = [
        Probe("database", True, db.beats),
        Probe("issuer", False, jwks.reachable),
        Probe("billing", False, billing.answers),
        Probe("storage", False, storage.answers),
    ]
    if counting.shared is not None:
        probes.append(Probe("limiter_store", False, counting.store_answers))
    return Services(
        settings=settings,
        table=table.configured(settings.numbers),
        db=db,
        verifier=verifier,
        jwks=jwks,
        factors=factors,
        credentials=credentials,
        news=news,
        limits=Limits(settings.numbers, counting),
        tenant_keys=TenantKeys(master),
        cursors=CursorKey(master),
        etag_key=master.derived("etags"),
        idempotency=IdempotencyKeys(master),
        health=HealthChecks("aidial_api", version("aidial"), tuple(probes)),
        redactors=_redactors(stack),
        billing=billing,
        pdf_makers=PdfMakers(),
        storage=storage,
        header_limit_bytes=settings.numbers.size(HEADER_BLOCK),
        uri_limit_bytes=settings.numbers.size(URI),
        rooms=Rooms.of(settings.concurrency, settings.queue),
    )


async def _counting(settings: Settings, stack: AsyncExitStack) -> Counting:
    """Where requests are counted: here, or in the store that is configured."""
    shared = (
        SharedWindows(settings.limits_url, settings.numbers.size(STORE_TIMEOUT))
        if settings.limits_url
        else None
    )
    counting = Counting("api", Windows(), shared)
    stack.push_async_callback(counting.close)
    await counting.open()
    return counting


def _embedded(settings: Settings) -> BillingProvider:
    """Invoices in our own tables."""
    issuer = Issuer(
        name=settings.invoice_issuer, number=settings.invoice_abn, how_to_pay=settings.invoice_how_to_pay
    )
    return EmbeddedProvider(issuer)


def _redactors(stack: AsyncExitStack) -> Redactors:
    """Processes for long redactions, started when the first ones come."""
    workers = min(REDACTORS, os.cpu_count() or 1)
    pool = Redactors(lambda: ProcessPoolExecutor(workers, get_context("spawn"), initializer=_die_with_parent))
    stack.callback(pool.shutdown, wait=False, cancel_futures=True)
    return pool


def _told(error: Exception) -> str:
    """Why the API does not start. A driver's own words may hold a part of a password."""
    known = isinstance(error, DatabaseRefused | DatabaseUnavailable)
    return str(error) if known else type(error).__name__


def _die_with_parent() -> None:
    """A killed API must not leave its worker behind: ask Linux for a signal."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Application:
    """The ASGI callable; `services` opens with the lifespan, or `refusal` says why it does not.

    `reload` takes new settings, or None when the configuration is no longer complete: from then on requests
    are answered 500 `configuration_invalid`, and health says `fail`, until a reload repairs it.
    """

    def __init__(
        self,
        settings: Settings,
        table: RouteTable = TABLE,
        *,
        billing_provider: BillingProvider | None = None,
    ) -> None:
        self._settings = settings
        self._table = table
        self._billing_provider = billing_provider
        self._opened = AsyncExitStack()
        self._own = AsyncExitStack()
        self._leavers = Leavers()
        self.services: Services | None = None
        self.refusal: Exception | None = None
        self._http = LastResort(self._answer, reply.written)

    async def reload(self, settings: Settings | None) -> None:
        """Go on with other settings; requests under way end with the ones they began with."""
        if self.services is None:
            return
        if settings is None:
            self.services.is_configured = False
        elif settings == self._settings:
            self.services.is_configured = True
        else:
            await self._open_anew(settings)

    async def _open_anew(self, settings: Settings) -> None:
        """Swap the services. The former ones are closed when the last request that began with them ended."""
        stack = AsyncExitStack()
        try:
            services = await open_services(settings, stack, self._table, self._billing_provider)
        except Exception as error:  # noqa: BLE001 - settings that cannot be used are as good as none
            _log.error("configuration_unusable", error=type(error).__name__)
            await stack.aclose()
            await self.reload(None)
            return
        self._opened.push_async_callback(stack.aclose)
        self._leavers.add(self.services, self._own)
        self._settings, self.services, self._own = settings, services, stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._opened:
            self._opened.push_async_callback(self._own.aclose)
            try:
                self.services = await open_services(
                    self._settings, self._own, self._table, self._billing_provider
                )
            except Exception as error:  # noqa: BLE001 - told to the server, which ends the process
                self.refusal = error
                await send({"type": "lifespan.startup.failed", "message": _told(error)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._leavers.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        ask = self._ask(scope, receive)
        ask.services.under_way += 1
        reason = ""
        try:
            answer = await guard.run(ask)
            status = await reply.send_answer(ask, answer, send)
        except Fault as fault:
            reason = f"{fault.row.code}: {fault.reason}"
            status = await reply.send_fault(ask, fault, send)
        except DatabaseUnavailable as gone:
            reason = f"database: {gone.reason}"
            status = await reply.send_fault(ask, Fault(errors.DEPENDENCY_UNAVAILABLE), send)
        except (ConnectionResetError, asyncio.CancelledError):
            _log.info("request.abandoned", request_id=ask.request_id, path=ask.path_text)
            raise
        except Exception as error:  # noqa: BLE001 - the last resort
            reason = f"unexpected {type(error).__name__}"
            # Answered first: a slow log must not hold the caller back.
            status = await reply.send_fault(ask, Fault(errors.INTERNAL_ERROR), send)
            _log.exception("request.failed", request_id=ask.request_id)
        finally:
            ask.services.under_way -= 1
        _log_request(ask, status, started, reason or ask.broken_off)

    def _ask(self, scope: Scope, receive: Receive) -> Ask:
        services = self.services
        if services is None:
            raise RuntimeError("the application was not started")
        headers, header_fault = read_headers(scope["headers"], services.header_limit_bytes)
        pairs, query_fault = guard.split_query(scope["query_string"].decode("latin-1"))
        told = headers.get(REQUEST_ID, "")
        peer = scope.get("client") or ("", 0)
        told_ms = told_budget_ms(peer[0], headers, services.settings.trusted_proxies)
        now = asyncio.get_running_loop().time()
        return Ask(
            services=services,
            scope=scope,
            receive=receive,
            method=scope["method"],
            path_text=scope["raw_path"].decode("latin-1"),
            headers=headers,
            request_id=told if acceptable_request_id(told) else new_id(),
            client_ip=client_ip(peer[0], headers, services.settings.trusted_proxies),
            deadline=deadline_of(now, told_ms, services.settings.request_timeout_ms),
            told_budget_ms=told_ms,
            uri_bytes=len(scope["raw_path"]) + len(scope["query_string"]),
            header_fault=header_fault,
            query_fault=query_fault,
            raw_query=pairs,
        )


def _log_request(ask: Ask, status: int, started: float, reason: str) -> None:
    actor = ask.actor_or_none
    log = _log.warning if status >= SERVER_ERROR else _log.info
    log(
        "request",
        method=ask.method,
        route=ask.route.name if ask.route else None,
        status=status,
        duration_ms=round((time.perf_counter() - started) * 1_000, 2),
        request_id=ask.request_id,
        actor=f"{actor.kind}:{actor.actor_id}" if actor else None,
        ip=ask.client_ip,
        reason=reason or None,
    )
