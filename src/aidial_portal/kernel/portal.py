"""Everything of the running portal that outlives a request, in one place.

The one thing a newcomer would get wrong: it is made inside the event loop (`opened`), because connections
belong to a loop; a surface reaches it as `request.portal` and makes nothing of the kind itself.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidial_contract.limits import (
    HEADER_BLOCK,
    JSON_BODY,
    LIVE_STREAMS,
    LIVE_STREAMS_OF_ONE,
    STORE_TIMEOUT,
    URI,
)
from aidial_limits import Counting, SharedWindows, Windows
from aidial_portal.kernel.breaker import Breaker, Circuit
from aidial_portal.kernel.context import Contexts
from aidial_portal.kernel.farewell import Farewells
from aidial_portal.kernel.health import health_checks
from aidial_portal.kernel.hygiene import Head
from aidial_portal.kernel.limits import Limiter
from aidial_portal.kernel.nextauth.callback import origin_of
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import PortalKeys, derive_key, derive_keys
from aidial_portal.kernel.nextauth.names import CookieNames, cookie_names
from aidial_portal.kernel.presence import Presence
from aidial_portal.kernel.refresh import TokenKeeper
from aidial_portal.kernel.rooms import Rooms
from aidial_portal.kernel.streaming import Streams
from aidial_portal.kernel.tokens import Sealer
from aidial_portal.kernel.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aidial_portal.kernel.issuer import Issuer
    from aidial_portal.kernel.matcher import Matcher
    from aidial_portal.settings import PortalSettings
    from aidial_serving.health import HealthChecks

REFERENCE_INFO = "aidial project reference"
FAREWELL_INFO = "aidial farewell"


@dataclass(frozen=True, slots=True)
class Portal:
    """The services of one process. `origin` is the portal's own as browsers write it in `Origin`.

    `timeless` reads session cookies without looking at the time: it tells one that is too old from one that
    is not ours, and nothing it reads is ever believed.
    """

    settings: PortalSettings
    matcher: Matcher
    origin: str
    head: Head
    body_limit_bytes: int
    names: CookieNames
    keys: PortalKeys
    cipher: CookieCipher
    timeless: CookieCipher
    sealer: Sealer
    upstream: Upstream
    streams: Streams
    live_streams: Streams
    issuer: Issuer
    keeper: TokenKeeper
    contexts: Contexts
    presence: Presence
    limiter: Limiter
    farewells: Farewells
    reference_key: bytes
    rooms: Rooms
    health: HealthChecks


@asynccontextmanager
async def opened(settings: PortalSettings, matcher: Matcher, issuer: Issuer) -> AsyncIterator[Portal]:
    """The portal's services while the block runs; closes every connection after it."""
    secret = settings.nextauth_secret
    names = cookie_names(settings.nextauth_url)
    keys = derive_keys(secret, names)
    sealer = Sealer(secret)
    upstream = Upstream(
        settings.api_base_url,
        settings.api_timeout_ms,
        connections=settings.upstream_connections,
        breaker=Breaker(circuit=Circuit.of(settings.numbers)),
    )
    shared = (
        SharedWindows(settings.limits_url, settings.numbers.size(STORE_TIMEOUT))
        if settings.limits_url
        else None
    )
    counting = Counting("portal", Windows(), shared)
    presence = Presence()
    keeper = TokenKeeper(upstream, issuer, sealer)
    try:
        await counting.open()
        yield Portal(
            settings=settings,
            matcher=matcher,
            origin=origin_of(settings.nextauth_url),
            head=Head(
                settings.accepted_hosts, settings.numbers.size(HEADER_BLOCK), settings.numbers.size(URI)
            ),
            body_limit_bytes=settings.numbers.size(JSON_BODY),
            names=names,
            keys=keys,
            cipher=CookieCipher(keys.session),
            timeless=CookieCipher(keys.session, cache_size=0, clock=lambda: 0.0),
            sealer=sealer,
            upstream=upstream,
            streams=Streams(upstream, settings.stream_idle_ms),
            live_streams=Streams(
                upstream,
                settings.stream_idle_ms,
                at_once=settings.numbers.size(LIVE_STREAMS),
                of_one_session=settings.numbers.size(LIVE_STREAMS_OF_ONE),
            ),
            issuer=issuer,
            keeper=keeper,
            contexts=Contexts(),
            presence=presence,
            limiter=Limiter(settings.numbers, counting),
            farewells=Farewells(derive_key(secret, salt="", info=FAREWELL_INFO)),
            reference_key=derive_key(secret, salt="", info=REFERENCE_INFO),
            rooms=Rooms.of(settings.concurrency, settings.queue),
            health=health_checks(upstream, issuer, counting),
        )
    finally:
        await presence.close()
        await keeper.close()
        await upstream.close()
        await issuer.close()
        await counting.close()
