"""One way of asking the issuer something: JSON only, 3.5 s, 256 KiB, no redirects, no cookies.

What a newcomer gets wrong: aiohttp's own time-out rounds up above 5 s and its defaults follow redirects and
keep cookies; both would carry one person's secrets into another's request.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from aidial_portal.kernel.oidc.fault import OpenIdError

TIMEOUT_S = 3.5
BODY_LIMIT_BYTES = 256 * 1024

Answer = tuple[int, dict[str, Any]]
"""Status and JSON object; an error answer without a JSON object has an empty one."""


def issuer_http_session() -> aiohttp.ClientSession:
    """Open the one session a portal process talks to its issuer with; the caller closes it."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "aidial-portal"},
        timeout=aiohttp.ClientTimeout(total=None),
    )


async def ask(
    http: aiohttp.ClientSession,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    authorization: str | None = None,
) -> Answer:
    """GET the URL, or POST the form to it. Raises OpenIdError `unavailable` or `invalid`."""
    headers = {"Authorization": authorization} if authorization else {}
    method = "GET" if form is None else "POST"
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            http.request(method, url, data=form, headers=headers, allow_redirects=False) as response,
        ):
            body = await _capped(response)
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise OpenIdError("unavailable", f"issuer did not answer: {type(error).__name__}") from error
    if status >= 500 or status == 429:  # noqa: PLR2004 - the issuer's trouble, not its refusal
        raise OpenIdError("unavailable", f"issuer answered {status}")
    return status, _json_object(status, body)


async def _capped(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            raise OpenIdError("invalid", f"issuer answered more than {BODY_LIMIT_BYTES} bytes")
    return bytes(body)


def _json_object(status: int, body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if status == 200:  # noqa: PLR2004
            raise OpenIdError("invalid", "issuer answered no JSON object") from error
        return {}
