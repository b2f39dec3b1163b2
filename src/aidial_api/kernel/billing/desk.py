"""The desk in front of the billing provider: time-outs, few at once, and no answer believed unread.

The one thing a newcomer would get wrong: whatever a provider does, callers meet one fault, 503
`billing_provider_unavailable`; and only so many wait for it at once, because each holds a database connection
that calls need. What fails again and again for one account may be that account's books: it is left alone for
that account, and for everybody only once several newly failed so and nobody was answered meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog

from aidial_api.kernel.connections import DatabaseUnavailable
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.shapes.billing import Invoice, InvoiceSummary, PaymentPortal, Usage

if TYPE_CHECKING:
    from datetime import datetime

    from aidial_api.kernel.ask import Ask
    from aidial_api.kernel.billing.port import Account, BillingProvider, Page, Wanted

T = TypeVar("T")
AT_ONCE: Final = 4
WAIT_FOR_PLACE_S: Final = 0.1
SHARE_OF_BUDGET: Final = 0.6
"""How much of what is left of a request's time the provider may use: the answer still has to be written."""
FAILURES_IN_A_ROW: Final = 3
FAIR_SHARE: Final = 0.25
"""A provider that was given less of its time than this, by a caller in a hurry, did not fail."""
QUIET_S: Final = 5.0
"""How long a provider that failed an account so often is left alone by it."""
SEVERAL: Final = 2
"""So many accounts that newly leave it alone, while nobody is answered, say that everybody better does."""
MAX_PDF_BYTES: Final = 8 * 1024 * 1024
_log = structlog.get_logger("aidial_api")


@dataclass(slots=True)
class _Failing:
    """An account the provider failed: how often in a row, and whether others were answered meanwhile."""

    failures: int = 0
    others_answered: bool = False
    quiet_until: float = 0.0


class BillingDesk:
    """One a process. `timeout_s` is the longest any answer of the provider is waited for."""

    def __init__(self, provider: BillingProvider, *, timeout_s: float) -> None:
        self._provider = provider
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(AT_ONCE)
        self._failing: dict[str, _Failing] = {}

    async def usage(self, ask: Ask, account: Account, at: datetime) -> Usage:
        """What the provider says now; a failure leaves the transaction as it was."""
        async with ask.tx.savepoint(), self._asking(ask, account):
            said = _believed(await self._provider.usage(ask.tx, account, at), Usage)
            _require(said.client_id == account.client_id, "usage of another account")
            return said

    async def invoices(self, ask: Ask, account: Account, wanted: Wanted) -> Page:
        """A page, every row of it checked."""
        async with self._asking(ask, account):
            page = await self._provider.invoices(ask.tx, account, wanted)
            for row in page.invoices:
                _add_up(_believed(row, InvoiceSummary))
            _require(len(page.invoices) <= wanted.most, "more invoices than asked for")
            return page

    async def invoice(self, ask: Ask, account: Account, invoice_id: str) -> Invoice | None:
        """One invoice whose lines add up, or None."""
        async with self._asking(ask, account):
            said = await self._provider.invoice(ask.tx, account, invoice_id)
            if said is None:
                return None
            invoice = _believed(said, Invoice)
            _add_up(invoice)
            _require(sum(line.amount_minor for line in invoice.lines) == invoice.subtotal_minor, "lines")
            _require(invoice.paid_minor + invoice.due_minor == invoice.total_minor, "paid and due")
            return invoice

    async def invoice_pdf(self, ask: Ask, account: Account, invoice: Invoice) -> bytes:
        """A PDF of a sensible size."""
        async with self._asking(ask, account):
            pdf = await self._provider.invoice_pdf(ask.tx, account, invoice)
            _require(bytes(pdf).startswith(b"%PDF-"), "not a PDF")
            _require(len(pdf) <= MAX_PDF_BYTES, "a PDF too large")
            return pdf

    async def payment_portal(self, ask: Ask, account: Account, return_url: str) -> str:
        """An address that is safe to send somebody to."""
        async with self._asking(ask, account):
            url = await self._provider.payment_portal(ask.tx, account, return_url)
            _believed(PaymentPortal(url=url), PaymentPortal)
            there, back = urlsplit(url), urlsplit(return_url)
            ours = (there.scheme, there.netloc) == (back.scheme, back.netloc)
            _require(there.scheme == "https" or ours, "an address that is not safe")
            return url

    async def answers(self) -> bool:
        """Whether the provider works, for health."""
        return await self._provider.answers()

    @asynccontextmanager
    async def _asking(self, ask: Ask, account: Account) -> AsyncIterator[None]:
        """Ask within the time and places there are; every failure of the provider is the one fault."""
        left_s = self._left_alone_s(account)
        if left_s > 0:
            raise _away("left alone after failures", retry_after_ms=int(left_s * 1_000) + 1)
        await self._take_place()
        time_s = self._time_s(ask)
        try:
            async with asyncio.timeout(time_s):
                yield
        except (DatabaseUnavailable, Fault):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a provider does wrong, it is away
            if not isinstance(error, TimeoutError) or time_s >= FAIR_SHARE * self._timeout_s:
                self._failed(error, ask, account)
            raise _away(f"{type(error).__name__}: {error}") from None
        else:
            self._answered(account)
        finally:
            self._places.release()

    def _left_alone_s(self, account: Account) -> float:
        """For how long the account, or everybody, asks no more; 0 when it may ask."""
        now = time.monotonic()
        its_own = self._failing.get(account.client_id)
        everybodys = [
            one.quiet_until
            for one in self._failing.values()
            if one.failures == FAILURES_IN_A_ROW and one.quiet_until > now and not one.others_answered
        ]
        if len(everybodys) >= SEVERAL:
            return max(everybodys) - now
        return its_own.quiet_until - now if its_own else 0.0

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(WAIT_FOR_PLACE_S):
                await self._places.acquire()
        except TimeoutError:
            raise _away("too many wait for the provider") from None

    def _time_s(self, ask: Ask) -> float:
        left_s = ask.deadline - asyncio.get_running_loop().time()
        return min(self._timeout_s, left_s * SHARE_OF_BUDGET)

    def _answered(self, account: Account) -> None:
        self._failing.pop(account.client_id, None)
        for other in self._failing.values():
            other.others_answered = True

    def _failed(self, error: Exception, ask: Ask, account: Account) -> None:
        failing = self._failing.setdefault(account.client_id, _Failing())
        failing.failures += 1
        if failing.failures >= FAILURES_IN_A_ROW:
            failing.quiet_until = time.monotonic() + QUIET_S
        _log.warning("billing_provider.failed", error=type(error).__name__, request_id=ask.request_id)


def _away(reason: str, *, retry_after_ms: int = 1_000) -> Fault:
    return Fault(errors.BILLING_PROVIDER_UNAVAILABLE, retry_after_ms=retry_after_ms, reason=reason)


def _believed(said: Any, shape: type[T]) -> T:
    """What was said, once it fits the shape whole; raises `msgspec.ValidationError`."""
    _require(isinstance(said, shape), f"not a {shape.__name__}")
    return msgspec.convert(msgspec.to_builtins(said), shape)


def _add_up(invoice: InvoiceSummary) -> None:
    _require(invoice.subtotal_minor + invoice.tax_minor == invoice.total_minor, "an invoice's total")


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise ValueError(what)
