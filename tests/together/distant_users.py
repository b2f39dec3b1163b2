"""An API that asks the identity provider's user service by another way than everything else.

The one thing a newcomer would get wrong: the provider's keys stay within reach. What is tried here is what
manages its people, and nothing that checks a token.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aidial_api.kernel.factors import IssuerFactors
from tests.support.issuer import MANAGEMENT_TOKEN
from tests.support.running_api import RunningApi


@asynccontextmanager
async def asking_users_at(api: RunningApi, url: str, timeout_ms: float) -> AsyncIterator[None]:
    """Have an API look for the user service at `url`, and wait for it no longer than this."""
    services = api.app.services
    assert services is not None
    before = services.factors
    services.factors = IssuerFactors(url, MANAGEMENT_TOKEN, timeout_s=timeout_ms / 1_000)
    try:
        yield
    finally:
        await services.factors.close()
        services.factors = before
