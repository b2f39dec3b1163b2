"""The part of Zitadel's user service that enrols a phone: `/v2/users/{user_id}`.

The one thing a newcomer would get wrong: the factor is added to a phone that was verified before, as Zitadel
does; here nobody can verify one but a test, since no message is ever sent.
"""

import hmac
import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aidial_identity.provider import Phone, Provider
from aidial_identity.requests import provider_from

LIMIT_BYTES = 4_096


async def show(request: Request) -> Response:
    """`GET /v2/users/{user_id}`: the person with their phone."""
    provider, subject = provider_from(request), request.path_params["user_id"]
    refusal = _refusal(request, provider)
    if refusal is not None:
        return refusal
    phone = provider.phones.get(subject)
    human = {} if phone is None else {"phone": {"phone": phone.number, "isVerified": phone.is_verified}}
    return JSONResponse({"user": {"userId": subject, "human": human}})


async def set_phone(request: Request) -> Response:
    """`POST .../phone` with `{"phone", "sendCode"}`: kept, not verified."""
    provider, subject = provider_from(request), request.path_params["user_id"]
    refusal = _refusal(request, provider)
    if refusal is not None:
        return refusal
    number = (await _body(request)).get("phone")
    if not isinstance(number, str) or not number.startswith("+"):
        return _error(400, 3, "invalid phone")
    provider.phones[subject] = Phone(number, f"{secrets.randbelow(10**6):06d}")
    return JSONResponse({"details": {}})


async def add_codes(request: Request) -> Response:
    """`POST .../otp_sms`: codes may be sent to a verified phone."""
    provider = provider_from(request)
    refusal = _refusal(request, provider)
    if refusal is not None:
        return refusal
    phone = provider.phones.get(request.path_params["user_id"])
    if phone is None or not phone.is_verified:
        return _error(400, 9, "phone not verified")
    if phone.takes_codes:
        return _error(409, 6, "already exists")
    phone.takes_codes = True
    return JSONResponse({"details": {}})


def _refusal(request: Request, provider: Provider) -> Response | None:
    token = provider.config.management_token
    _, _, given = request.headers.get("authorization", "").partition(" ")
    if token is None or not hmac.compare_digest(given.encode(), token.encode()):
        return _error(401, 16, "auth header missing or wrong")
    if request.path_params["user_id"] not in provider.by_subject:
        return _error(404, 5, "user not found")
    return None


async def _body(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        value = json.loads(body) if len(body) <= LIMIT_BYTES else None
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}


def _error(status: int, code: int, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status_code=status)
