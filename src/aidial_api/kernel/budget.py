"""How long a request may take: the caller's own budget within ours.

The portal says with every call what is left of the time it has (`X-AiDial-Budget-Ms`), and is answered before
that is over. The one thing a newcomer would get wrong: the word counts only from a trusted proxy, can only
shorten, and a malformed one is as good as none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address

from aidial_contract.headers import BUDGET_MS
from aidial_contract.settings import Network

MARGIN_SHARE = 0.1
LONGEST_MARGIN_MS = 50.0
"""What is kept back of a caller's budget, so that the answer arrives before they stop waiting."""
_MAX_DIGITS = 7


def told_budget_ms(peer: str, headers: Mapping[str, str], trusted: tuple[Network, ...]) -> float | None:
    """What the caller has left in milliseconds, or None when nobody whose word counts says so."""
    text = headers.get(BUDGET_MS)
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        return None
    return float(text) or None if _is_trusted(peer, trusted) else None


def deadline_of(started: float, told_ms: float | None, own_ms: float) -> float:
    """When a request that started then must be answered; `started` and the result are the loop's time."""
    if told_ms is None:
        return started + own_ms / 1_000
    kept_ms = min(told_ms * MARGIN_SHARE, LONGEST_MARGIN_MS)
    return started + min(told_ms - kept_ms, own_ms) / 1_000


@lru_cache(maxsize=4096)
def _is_trusted(peer: str, trusted: Iterable[Network]) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in network for network in trusted)
