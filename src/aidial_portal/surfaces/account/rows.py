"""The rows of one's own account. What shows it is open before the second factor is satisfied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aidial_contract.access import Permission
from aidial_contract.shapes.profile import OwnProfileChange, profile_rules
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.pages import SELF, page_row
from aidial_portal.kernel.route import Access, Precondition, json_body
from aidial_portal.kernel.rows import change_row, read_row
from aidial_portal.surfaces.account import api, pages

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Route

_DOCUMENT = "/api/settings/profile"


def rows() -> tuple[Route, ...]:
    """`/account`, which is `/settings?section=profile` too, and one's own profile."""
    shown = read_row(_DOCUMENT, "profile.show", api.show, permission=Permission.PROFILE_VIEW, scope=SELF)
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
        replace(shown, access=Access.PENDING),
        change_row(
            "PUT",
            _DOCUMENT,
            "profile.save",
            api.save,
            permission=Permission.PROFILE_EDIT,
            scope=SELF,
            bucket=SETTINGS_CHANGES,
            body=json_body(OwnProfileChange, profile_rules),
            precondition=Precondition.EXPECTED_VERSION,
            errors=("version_conflict",),
        ),
    )
