"""Cookies as NextAuth writes and reads them, and the policy a session cookie must keep.

What a newcomer gets wrong: read the RAW `Cookie` header. A framework's dictionary hides the second cookie of
the same name, which is exactly what somebody who plants a cookie from a sibling host sends. The first wins.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote, unquote_to_bytes

from aidial_portal.kernel.nextauth.names import PLAIN_SESSION, SECURE_SESSION, CookieNames

CHUNK_CHARS = 4096 - 163
MAX_CHUNKS = 8

Pairs = Sequence[tuple[str, str]]
"""Every cookie of a request in the order sent, duplicates kept, values decoded."""

_DIGITS = re.compile(r"[0-9]{1,9}")
_PERCENT_RUN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = "-_.!~*'()"


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie to set. `max_age_s` 0 deletes; neither age means until the browser closes."""

    name: str
    value: str
    max_age_s: int | None = None
    expires_s: int | None = None

    def header(self, *, secure: bool) -> str:
        """The value of a `Set-Cookie` header, members in the order npm's `cookie` writes them.

        Browsers pass over a prefixed name without `Secure`, also where it is only to be forgotten.
        """
        parts = [f"{self.name}={quote(self.value, safe=_UNRESERVED)}"]
        if self.max_age_s is not None:
            parts.append(f"Max-Age={self.max_age_s}")
        parts.append("Path=/")
        if self.expires_s is not None:
            parts.append(f"Expires={formatdate(self.expires_s, usegmt=True)}")
        parts.append("HttpOnly")
        if secure or self.name.startswith(("__Secure-", "__Host-")):
            parts.append("Secure")
        parts.append("SameSite=Lax")
        return "; ".join(parts)


def deletion(name: str) -> Cookie:
    """The cookie that makes a browser forget `name`."""
    return Cookie(name, "", max_age_s=0)


def read_pairs(cookie_headers: Iterable[str]) -> list[tuple[str, str]]:
    """Every name and value of the given `Cookie` headers, as npm's `cookie` reads them."""
    pairs = []
    for part in ";".join(cookie_headers).split(";"):
        name, equals, value = part.partition("=")
        if equals:
            pairs.append((name.strip(), _decoded(value.strip())))
    return pairs


def first(pairs: Pairs, name: str) -> str | None:
    """The first value sent under that name."""
    return next((value for key, value in pairs if key == name), None)


def session_value(pairs: Pairs, names: CookieNames) -> str | None:
    """The session token put together from its pieces, or None when no piece was sent.

    Pieces are all names that start with the session cookie's, in the order of their number. Ask
    `policy_violation` first: this one, like NextAuth's, joins whatever it finds.
    """
    pieces = {name: first(pairs, name) or "" for name in _pieces(pairs, names)}
    return "".join(pieces[name] for name in sorted(pieces, key=_chunk_number)) or None


def session_cookies(value: str, expires_s: int, pairs: Pairs, names: CookieNames) -> list[Cookie]:
    """Cookies that store `value` until `expires_s` and delete every other piece the request carried.

    Raises ValueError above eight pieces, which the policy would refuse on the way back.
    """
    chunks = [value[start : start + CHUNK_CHARS] for start in range(0, len(value), CHUNK_CHARS)]
    if len(chunks) > MAX_CHUNKS:
        raise ValueError(f"a session cookie of {len(chunks)} pieces is more than a browser may send back")
    cookies = {name: deletion(name) for name in _pieces(pairs, names)}
    for index, chunk in enumerate(chunks):
        name = names.session if len(chunks) == 1 else f"{names.session}.{index}"
        cookies[name] = Cookie(name, chunk, expires_s=expires_s)
    return list(cookies.values())


def session_deletions(pairs: Pairs) -> list[Cookie]:
    """Cookies that delete every session piece the request carried, those of the other name among them.

    The plain name, left over from before https, would be refused again and again.
    """
    sent = (name for name, _ in pairs if name.startswith((PLAIN_SESSION, SECURE_SESSION)))
    return [deletion(name) for name in dict.fromkeys(sent)]


def policy_violation(pairs: Pairs, names: CookieNames) -> str | None:
    """Why the request's session cookies break the cookie policy, for the log; None when they keep it."""
    plain = [name for name, _ in pairs if name.startswith(PLAIN_SESSION)]
    secure = [name for name, _ in pairs if name.startswith(SECURE_SESSION)]
    if plain and secure:
        return "session cookie under its secure and its plain name"
    if plain and names.secure:
        return "session cookie under its plain name on an https portal"
    sent = secure or plain
    if len(set(sent)) != len(sent):
        return "session cookie sent twice"
    bare = SECURE_SESSION if secure else PLAIN_SESSION
    return _chunk_violation([name.removeprefix(bare) for name in sent])


def _chunk_violation(suffixes: list[str]) -> str | None:
    chunks = [suffix for suffix in suffixes if suffix]
    if not chunks:
        return None
    if len(chunks) != len(suffixes):
        return "session cookie whole and in pieces"
    if len(chunks) > MAX_CHUNKS:
        return "session cookie in too many pieces"
    if set(chunks) != {f".{index}" for index in range(len(chunks))}:
        return "session cookie with a missing piece"
    return None


def _pieces(pairs: Pairs, names: CookieNames) -> list[str]:
    return list(dict.fromkeys(name for name, _ in pairs if name.startswith(names.session)))


def _chunk_number(name: str) -> int:
    number = name.rpartition(".")[2]
    # Python refuses to read a number of thousands of digits, which a stranger's cookie may have.
    return int(number) if _DIGITS.fullmatch(number) else 0


def _decoded(value: str) -> str:
    value = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if "%" not in value or _PERCENT_RUN.search(value):
        return value
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        return value
