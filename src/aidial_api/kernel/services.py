"""What every request of one process shares: database, credentials, limits, keys, settings.

The one thing a newcomer would get wrong: nothing here is global; tests run several apps in one process.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidial_api.kernel.clock import Clock, utc_now

if TYPE_CHECKING:
    from aidial_api.kernel.billing.desk import BillingDesk
    from aidial_api.kernel.credentials import Credentials
    from aidial_api.kernel.crypto import CursorKey, TenantKeys
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.factors import IssuerFactors
    from aidial_api.kernel.idempotency import IdempotencyKeys
    from aidial_api.kernel.jwks import Jwks
    from aidial_api.kernel.limits import Limits
    from aidial_api.kernel.news import CallNews
    from aidial_api.kernel.pdf import PdfMakers
    from aidial_api.kernel.rooms import Rooms
    from aidial_api.kernel.route import RouteTable
    from aidial_api.kernel.storage import Storage
    from aidial_api.kernel.tokens import TokenVerifier
    from aidial_api.settings import Settings
    from aidial_serving.health import HealthChecks


@dataclass(slots=True)
class Services:
    """One process's shared parts. `is_configured` is false while a required setting is lost.

    `clock` says what time it is where that decides something; a test moves it.
    """

    settings: Settings
    table: RouteTable
    db: Database
    verifier: TokenVerifier
    jwks: Jwks
    factors: IssuerFactors
    credentials: Credentials
    news: CallNews
    limits: Limits
    tenant_keys: TenantKeys
    cursors: CursorKey
    etag_key: bytes
    idempotency: IdempotencyKeys
    health: HealthChecks
    redactors: Executor
    billing: BillingDesk
    pdf_makers: PdfMakers
    storage: Storage
    header_limit_bytes: int
    uri_limit_bytes: int
    rooms: Rooms
    is_configured: bool = True
    under_way: int = 0
    clock: Clock = utc_now
