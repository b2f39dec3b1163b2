"""A PostgreSQL URL from the environment, looked over before a driver sees it.

The one thing a newcomer would get wrong: checking the scheme is not enough. Two drivers read the same URL,
each by its own rules, and what they complain of holds the text they stumbled over: half a password, once a
`/` stands in it unencoded. So what either stumbles over is refused here, in words that repeat nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from aidial_contract.settings import port

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMES: Final = ("postgres", "postgresql")
WORDS: Final = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "primary", "standby", "read-write", "read-only", "prefer-standby"),
}
"""Parameters that take one of some words, and the words."""
_HOST = re.compile(r"(?P<name>\[[^\[\]@]+\]|[^\[\]:@]*)(?::(?P<port>.*))?")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")


def database_url(raw: str) -> str:
    """A `postgresql` URL as it was given, its scheme in lower case.

    It may name no host, one, several by commas, or `?host=/folder` of a socket. ValueError says what it must
    be, and nothing of what it is.
    """
    value = raw.strip()
    try:
        parts = urlsplit(value)
        query = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        _look_over(value, parts, query)
    except ValueError:
        raise ValueError("must be a postgresql URL; percent-encode what is in the password") from None
    for name, choices in WORDS.items():
        if query.get(name, choices[0]) not in choices:
            raise ValueError(f"must have one of these as {name}: {', '.join(choices)}")
    return parts.scheme + value[len(parts.scheme) :]


def _is_plain(value: str) -> bool:
    """Whether every reader takes its parts for the same: `#` ends it for one of them alone."""
    return (
        value.isprintable()
        and "://" in value
        and not any(letter.isspace() or letter == "#" for letter in value)
        and not _BAD_PERCENT.search(value)
    )


def _look_over(value: str, parts: SplitResult, query: Mapping[str, str]) -> None:
    """Raise ValueError for what is no such URL, or has a host or port that none can be."""
    if not _is_plain(value) or parts.scheme not in SCHEMES or "@" in parts.path:
        raise ValueError("no URL of a database")
    _, at, behind = parts.netloc.partition("@")
    for hosts in (behind if at else parts.netloc, query.get("host", "")):
        for host in hosts.split(",") if hosts else ():
            _look_over_host(host)
    for number in query["port"].split(",") if "port" in query else ():
        port(number)


def _look_over_host(host: str) -> None:
    if host.startswith("/"):
        return  # the folder of a socket
    found = _HOST.fullmatch(host)
    if not host or found is None:
        raise ValueError("no host")
    unquote(found["name"]).encode("idna")
    if found["port"]:
        port(found["port"])
