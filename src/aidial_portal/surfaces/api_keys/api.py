"""API keys as JSON for the portal's own scripts.

The one thing a newcomer would get wrong: which client it is about is the API's to judge, also for internal
people, who reach no client until they name one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.headers import IDEMPOTENCY_KEY
from aidial_contract.shapes.api_keys import ApiKeyAnswer, ApiKeyList, ApiKeyMade
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.api import with_query

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

CREATED = 201


async def keys(request: PortalRequest) -> Response:
    """`GET /api/partner/api-keys?client_id=`: `{"api_keys", "next_cursor"}`."""
    return json_answer(await request.api.forward("/v1/api-keys", ApiKeyList, query=request.query))


async def create(request: PortalRequest) -> Response:
    """`POST /api/partner/api-keys`: 201 `{"api_key", "secret"}`; the secret is shown this once."""
    made = await request.api.send(
        "POST", "/v1/api-keys", ApiKeyMade, body=request.value, extra=_once(request)
    )
    return json_answer(made, CREATED)


async def rotate(request: PortalRequest) -> Response:
    """`POST /api/partner/api-keys/{api_key_id}/rotate`: 201 like a new key."""
    path = await _path(request, "rotate")
    return json_answer(await request.api.send("POST", path, ApiKeyMade, extra=_once(request)), CREATED)


async def revoke(request: PortalRequest) -> Response:
    """`POST /api/partner/api-keys/{api_key_id}/revoke`: the key as it is now."""
    path = await _path(request, "revoke")
    return json_answer(await request.api.send("POST", path, ApiKeyAnswer, body=request.value))


async def _path(request: PortalRequest, what: str) -> str:
    api_key_id = request.path_values["api_key_id"]
    if not (api_key_id.isascii() and api_key_id.isalnum()):
        await steps.deny(request, "no key id")
    return with_query(f"/v1/api-keys/{api_key_id}/{what}", request.query)


def _once(request: PortalRequest) -> dict[str, str]:
    """A browser that asks again under the same `Idempotency-Key` gets the first answer."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    return {} if key is None else {IDEMPOTENCY_KEY: key}
