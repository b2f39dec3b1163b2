"""Metrics of counting, and the separate listener that shows them where one is configured.

The one thing a newcomer would get wrong: the listener is never the product's own port, and by default there
is none; it asks for no credential, so it belongs on loopback or a private network.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, start_http_server

if TYPE_CHECKING:
    from collections.abc import Iterator

FALLBACKS = Counter(
    "aidial_limits_fallbacks_total",
    "Requests counted in one process's memory because the shared store was away.",
    ("service",),
)
STORE_UP = Gauge("aidial_limits_store_up", "Whether the shared store counts requests.", ("service",))
REFUSED = Counter(
    "aidial_rate_limited_total", "Requests refused because a window was full.", ("service", "rate")
)


def listening(address: str, port: int | None) -> AbstractContextManager[None]:
    """Show this process's metrics at `http://address:port/metrics` while the block runs, given a port."""
    return nullcontext() if port is None else _serving(address, port)


@contextmanager
def _serving(address: str, port: int) -> Iterator[None]:
    try:
        server, thread = start_http_server(port, address)
    except OSError as error:
        raise SystemExit(f"metrics: cannot listen on {address}:{port}: {error.strerror}") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
