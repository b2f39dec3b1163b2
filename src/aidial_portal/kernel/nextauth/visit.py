"""One request to `/api/auth/...`: what came in, what cookies go out, and how the answer is written.

What a newcomer gets wrong: with `json=true` in a form (the text, not the boolean) a redirect becomes
200 `{"url": ...}` with the same cookies, failures too. `next-auth/react` reads the error from that URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from aidial_portal.kernel.nextauth.cookies import Cookie, Pairs, read_pairs
from aidial_portal.kernel.nextauth.csrf import CsrfState

NO_CACHE = {"Cache-Control": "private, no-cache, no-store", "Pragma": "no-cache", "Expires": "0"}
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_MAX_FORM_FIELDS = 100


@dataclass(slots=True)
class Visit:
    """`query` and `body` keep the last of repeated names; `cookies` are set on the answer, in order."""

    request: Request
    secure: bool
    pairs: Pairs
    query: Mapping[str, str]
    body: Mapping[str, Any]
    csrf: CsrfState
    callback_url: str
    cookies: list[Cookie] = field(default_factory=list)

    def redirect(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        """Answer 302 to the URL, or 200 `{"url"}` where the form asked for JSON."""
        if self.body.get("json") == "true":
            return self.json({"url": url}, headers)
        response = Response(status_code=302, headers=headers)
        response.headers["Location"] = quote(url, safe=_ASCII)
        return self._with_cookies(response)

    def json(self, body: object, headers: Mapping[str, str] | None = None, *, status: int = 200) -> Response:
        """Answer JSON with this visit's cookies."""
        return self._with_cookies(json_response(body, headers, status=status))

    def html(self, page: str) -> Response:
        """Answer a page with this visit's cookies."""
        return self._with_cookies(Response(page, media_type="text/html"))

    def _with_cookies(self, response: Response) -> Response:
        for cookie in self.cookies:
            response.headers.append("Set-Cookie", cookie.header(secure=self.secure))
        return response


def json_response(body: object, headers: Mapping[str, str] | None = None, *, status: int = 200) -> Response:
    """Answer JSON without any cookie."""
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


def request_pairs(request: Request) -> list[tuple[str, str]]:
    """Every cookie of the request, duplicates kept."""
    return read_pairs(request.headers.getlist("cookie"))


async def read_body(request: Request) -> dict[str, Any]:
    """Read a POST's form or JSON object; anything else counts as empty."""
    content_type = request.headers.get("content-type", "").lower()
    raw = await request.body() if request.method == "POST" else b""
    try:
        if "application/json" in content_type:
            return msgspec.json.decode(raw, type=dict[str, Any])
        if "application/x-www-form-urlencoded" in content_type:
            text = raw.decode(errors="replace")
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS))
    except (ValueError, msgspec.DecodeError):
        return {}
    return {}
