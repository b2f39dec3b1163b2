"""The row of one's own account. It is open before the second factor is satisfied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.access import Permission
from aidial_portal.kernel.pages import SELF, page_row
from aidial_portal.kernel.route import Access
from aidial_portal.surfaces.account import pages

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Route


def rows() -> tuple[Route, ...]:
    """`/account`, which is `/settings?section=profile` too."""
    return (
        page_row(
            pages.PATH,
            "account.page",
            pages.account,
            access=Access.PENDING,
            permission=Permission.PROFILE_VIEW,
            scope=SELF,
            query=frozenset({"section"}),
        ),
    )
