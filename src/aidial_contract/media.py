"""Media types at the edge of both apps: what a caller takes in return, and what a body was sent as.

The one thing a newcomer would get wrong: `q=0` is a no, and the narrowest word about a type is the one that
counts: `text/html;q=0, */*` takes everything but pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
ANY: Final = "*/*"
_UTF_8: Final = frozenset({"utf-8", "utf8", "us-ascii"})
"""What a charset may be called; ASCII is UTF-8 as well."""


def accepts(accept: str, media_type: str) -> bool:
    """Whether an `Accept` takes a media type; plain JSON stands for every type that is written in it.

    A type like `audio/*`, of which nobody knows yet what it will be, is taken by whoever takes one of them.
    """
    if media_type == ANY or accept.strip() in {"", ANY, media_type}:
        return True
    narrowest, best = 0, 0.0
    for word, quality in _words(accept):
        near = _nearness(word, media_type)
        if near and near >= narrowest:
            best = max(best, quality) if near == narrowest else quality
            narrowest = near
    return best > 0


def _words(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.lower().split(","):
        word, *parameters = (piece.strip() for piece in part.split(";"))
        if word:
            yield word, next((_quality(one[2:]) for one in parameters if one.startswith("q=")), 1.0)


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _nearness(word: str, media_type: str) -> int:
    """How narrowly a word of `Accept` speaks of a type; 0 when it does not."""
    kind = media_type.partition("/")[0]
    if word == media_type or (media_type == f"{kind}/*" and word.startswith(f"{kind}/")):
        return 4
    if word == JSON and media_type.endswith("+json"):
        return 3
    if word == f"{kind}/*":
        return 2
    return 1 if word == ANY else 0


def plain_type(headers: Mapping[str, str]) -> str:
    """What a body says it is, without parameters; "" when it does not say."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_sent_as(headers: Mapping[str, str], types: Iterable[str]) -> bool:
    """Whether a body says it is one of these types, and nothing that would make it other bytes than it is.

    Nothing here unpacks, so a coding (`Content-Encoding: gzip`) is refused; JSON is UTF-8, so another charset
    is. A form is plain ASCII, so for one Latin-1, which Java's clients say of themselves, is as good.
    """
    media_type = plain_type(headers)
    if media_type not in types or headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        return False
    if media_type not in {JSON, FORM}:
        return True
    charset = _charset(headers["content-type"])
    return charset in _UTF_8 or (media_type == FORM and charset == "iso-8859-1")


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.strip().lower().partition("=")
        if name == "charset":
            return value.strip().strip('"')
    return "utf-8"
