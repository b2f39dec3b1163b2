"""Reading requests: forms with a cap, no parameter twice, redirects that keep the query they had.

The one thing a newcomer would get wrong: OAuth forbids repeated parameters; taking the first or the last one
would let two readers of the same request disagree.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request

from aidial_identity.provider import Provider

FORM_LIMIT_BYTES = 16_384
FORM_TYPE = "application/x-www-form-urlencoded"


class UnreadableRequest(Exception):  # noqa: N818 (it says what the request is)
    """The body or the query cannot be used; `status` is the HTTP status to answer with."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def provider_from(request: Request) -> Provider:
    """The provider that serves this request."""
    provider: Provider = request.app.state.provider
    return provider


def address_of(request: Request) -> str:
    """The caller's address, always a loopback one."""
    return request.client.host if request.client else "unknown"


def once_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters as a dictionary; UnreadableRequest (400) when one is there twice or holds a NUL."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise UnreadableRequest(400, "A parameter was sent more than once.")
        if "\x00" in value:
            raise UnreadableRequest(400, "A parameter holds a character that is not allowed.")
        found[name] = value
    return found


async def read_form(request: Request) -> dict[str, str]:
    """The form of a POST. UnreadableRequest: 415 other media type, 413 too large, 400 unreadable."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM_TYPE:
        raise UnreadableRequest(415, f"Send the parameters as {FORM_TYPE}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_LIMIT_BYTES:
            raise UnreadableRequest(413, "The form is too large.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=64)
    except ValueError as error:
        raise UnreadableRequest(400, "The form could not be read.") from error
    return once_each(pairs)


async def read_parameters(request: Request) -> dict[str, str]:
    """The parameters of an endpoint that takes GET and POST. Empty ones count as absent (RFC 6749 3.1)."""
    if request.method == "POST":
        found = await read_form(request)
    else:
        found = once_each(request.query_params.multi_items())
    return {name: value for name, value in found.items() if value}


def with_query(uri: str, parameters: dict[str, str | None]) -> str:
    """`uri` with the given parameters added to its query; None leaves one out."""
    parts = urlsplit(uri)
    added = urlencode({name: value for name, value in parameters.items() if value is not None})
    query = "&".join(part for part in (parts.query, added) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


def origin_of(uri: str) -> str:
    """Scheme, host and port of a registered URI, as a policy names them."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
