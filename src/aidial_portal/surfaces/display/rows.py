"""The row of how lists look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.access import Permission
from aidial_portal.kernel.display import OPTIONAL_COLUMNS
from aidial_portal.kernel.pages import SELF, page_row
from aidial_portal.kernel.route import Access
from aidial_portal.surfaces.display import pages

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Route


def rows() -> tuple[Route, ...]:
    """`/display`, for everybody who is signed in."""
    return (
        page_row(
            pages.PATH,
            "display.choose",
            pages.choose,
            access=Access.PENDING,
            permission=Permission.SESSION_OWN,
            scope=SELF,
            query=frozenset({"rows", "of", *OPTIONAL_COLUMNS}),
        ),
    )
