"""What every request passes first: loopback callers, the issuer's own host name, sizes.

The one thing a newcomer would get wrong: this holds even when somebody serves the app with another server on
a public address, because it looks at who is calling and not at what was bound.
"""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aidial_identity.config import is_loopback
from aidial_identity.requests import FORM_LIMIT_BYTES

QUERY_LIMIT_BYTES = 8_192
DEFAULT_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, issuer: str) -> None:
        self._app = app
        self._host = urlsplit(issuer).netloc.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse or pass on, and complete the headers of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in DEFAULT_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self.refusal(scope)
        await (refusal or self._app)(scope, receive, complete)

    def refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that goes no further, or None."""
        client = scope.get("client")
        if client is None or not is_loopback(client[0]):
            return PlainTextResponse("This provider answers this computer only.", 403)
        names = [value for name, value in scope["headers"] if name == b"host"]
        if names != [self._host]:
            return PlainTextResponse("The Host header is not this provider's.", 400)
        if len(scope["query_string"]) > QUERY_LIMIT_BYTES:
            return PlainTextResponse("The address is too long.", 414)
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not value.isdigit() or int(value) > FORM_LIMIT_BYTES for value in lengths):
            return PlainTextResponse("The body is too large.", 413)
        return None
