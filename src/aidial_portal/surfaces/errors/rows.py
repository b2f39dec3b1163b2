"""The rows of `/access-denied` and `/not-found`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_portal.kernel.pages import NOBODY, page_row
from aidial_portal.kernel.route import Access
from aidial_portal.surfaces.errors import pages

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Route


def rows() -> tuple[Route, ...]:
    """Both are public: they are for people who have no session, or none that helps."""
    return (
        page_row(
            "/access-denied",
            "errors.access_denied",
            pages.access_denied,
            access=Access.PUBLIC,
            permission=None,
            scope=NOBODY,
        ),
        page_row(
            "/not-found",
            "errors.not_found",
            pages.not_found,
            access=Access.PUBLIC,
            permission=None,
            scope=NOBODY,
        ),
    )
