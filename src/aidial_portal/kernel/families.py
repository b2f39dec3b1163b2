"""Which envelope a path answers errors in: the table of contract section 3, in one place.

The one thing a newcomer would get wrong: `calls` is for reads; a mutation under `/api/calls` answers in
`protected`, and an `/api` path that no row has answers in `transport`, whatever it starts with.
"""

from __future__ import annotations

from aidial_contract.envelopes import Envelope

_EXACT = {"/api/projects": Envelope.TRANSPORT, "/api/status": Envelope.TRANSPORT}
_FIRST_WORD = {
    "session": Envelope.TRANSPORT,
    "compliance": Envelope.COMPLIANCE,
    "analytics": Envelope.ANALYTICS,
    "support": Envelope.SUPPORT,
}


def is_api(path: str) -> bool:
    """Whether a path is answered in JSON rather than as a page."""
    return path == "/api" or path.startswith("/api/")


def family_of(method: str, path: str, *, mapped: bool = True) -> Envelope:
    """The family of a request; `mapped` says whether any row has the path (whatever its method)."""
    if not is_api(path):
        return Envelope.PAGE
    if not mapped:
        return Envelope.TRANSPORT
    exact = _EXACT.get(path)
    if exact is not None:
        return exact
    if path.startswith("/api/health"):
        return Envelope.TRANSPORT
    word = path.split("/", 3)[2] if path != "/api" else ""
    if word == "calls":
        return Envelope.CALLS if method in {"GET", "HEAD"} else Envelope.PROTECTED
    return _FIRST_WORD.get(word, Envelope.PROTECTED)
