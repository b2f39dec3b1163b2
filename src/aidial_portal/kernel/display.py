"""How lists look in this browser: high or low rows, and which columns of calls are left out.

The one thing a newcomer would get wrong: the browser remembers this, and nothing else does. No address and no
saved view holds it, so whoever is sent a list sees it as they chose themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_portal.kernel.nextauth.cookies import Cookie, first

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aidial_portal.design.context import Density
    from aidial_portal.kernel.request import PortalRequest

OPTIONAL_COLUMNS: Final = ("duration", "outcome", "sentiment", "agent", "project")
"""Columns of calls that may be left out; when and who always stand there."""
_DENSITY: Final = "aidial.density"
_LEFT_OUT: Final = "aidial.columns"
_YEAR_S: Final = 31_536_000


def density(request: PortalRequest) -> Density:
    """How high rows are."""
    return "compact" if first(request.cookies, _DENSITY) == "compact" else "comfortable"


def left_out(request: PortalRequest) -> tuple[str, ...]:
    """The columns of calls that are not shown."""
    said = (first(request.cookies, _LEFT_OUT) or "").split(".")
    return tuple(name for name in OPTIONAL_COLUMNS if name in said)


def remember_density(request: PortalRequest, chosen: str) -> None:
    """Keep it in this browser for a year; what is no density is the usual one."""
    value = "compact" if chosen == "compact" else "comfortable"
    request.set_cookies.append(Cookie(_DENSITY, value, max_age_s=_YEAR_S))


def remember_left_out(request: PortalRequest, names: Iterable[str]) -> None:
    """The same for columns."""
    request.set_cookies.append(Cookie(_LEFT_OUT, ".".join(names), max_age_s=_YEAR_S))
