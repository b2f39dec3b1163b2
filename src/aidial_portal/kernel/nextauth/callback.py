"""Where a browser may be sent after sign-in or sign-out: this portal, and nowhere else.

What a newcomer gets wrong: there are two checks. `is_acceptable` is NextAuth's configuration check (a query
parameter or cookie that is no http(s) URL is a 500); `safe_callback_url` then decides, and never fails: what
is not plainly ours becomes the portal's origin.
"""

import re
from urllib.parse import urlsplit

CALLBACK_URL_LIMIT = 2048
"""Characters. A longer one would not fit its cookie."""

_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_EDGES = "".join(map(chr, range(0x21)))
_TABS = re.compile(r"[\t\r\n]")
_ABSOLUTE = re.compile(
    r"((?i:https?))://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?(?:[/?#].*)?", re.DOTALL
)
_SCHEME = re.compile(r"https?:[/\\]*([^/\\?#]*)", re.IGNORECASE)
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s<>^|%:\[\]@]+)(?::([0-9]*))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_MAX_PORT = 65535


def origin_of(nextauth_url: str) -> str:
    """`scheme://host[:port]` of `NEXTAUTH_URL`, lower case, default port left out."""
    parts = urlsplit(nextauth_url)
    scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
    host = f"[{host}]" if ":" in host else host
    return (
        f"{scheme}://{host}"
        if port is None or _DEFAULT_PORTS.get(scheme) == str(port)
        else f"{scheme}://{host}:{port}"
    )


def safe_callback_url(value: object, origin: str) -> str:
    """The URL to go to: `value` when it is a path or lies under `origin`, else the origin itself."""
    if not isinstance(value, str) or len(value) > CALLBACK_URL_LIMIT or _UNSENDABLE.search(value):
        return origin
    if value.startswith("/"):
        return origin + value
    match = _ABSOLUTE.fullmatch(value)
    if match is None:
        return origin
    scheme, host, port = match[1].lower(), match[2].lower(), match[3]
    same = f"{scheme}://{host}" + ("" if port in {None, _DEFAULT_PORTS[scheme]} else f":{port}") == origin
    return value if same else origin


def is_acceptable(value: str) -> bool:
    """Whether a query parameter or cookie is a path or an http(s) URL as browsers parse one."""
    if value.startswith("/"):
        return True
    match = _SCHEME.match(_TABS.sub("", value.strip(_EDGES)))
    if match is None:
        return False
    host = _HOST.fullmatch(match[1].rpartition("@")[2])
    return host is not None and int(host[1] or 0) <= _MAX_PORT
