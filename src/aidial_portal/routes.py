"""The portal's table: every row of every surface. The table is the router.

The one thing a newcomer would get wrong: a route that is not listed here does not exist; adding a surface is
adding its `rows()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_portal.surfaces.account import pages as account_pages
from aidial_portal.surfaces.account import rows as account
from aidial_portal.surfaces.api_keys import rows as api_keys
from aidial_portal.surfaces.assets import rows as assets
from aidial_portal.surfaces.audit import rows as audit
from aidial_portal.surfaces.auth import rows as auth
from aidial_portal.surfaces.billing import rows as billing
from aidial_portal.surfaces.calls import rows as calls
from aidial_portal.surfaces.calls import view_rows as call_views
from aidial_portal.surfaces.clients import rows as clients
from aidial_portal.surfaces.components import rows as components
from aidial_portal.surfaces.dashboard import rows as dashboard
from aidial_portal.surfaces.display import rows as display
from aidial_portal.surfaces.errors import rows as errors
from aidial_portal.surfaces.health import rows as health
from aidial_portal.surfaces.ops import rows as ops
from aidial_portal.surfaces.projects import rows as projects
from aidial_portal.surfaces.recordings import rows as recordings
from aidial_portal.surfaces.session import rows as session
from aidial_portal.surfaces.sessions import rows as sessions
from aidial_portal.surfaces.settings import rows as settings
from aidial_portal.surfaces.sign_in import rows as sign_in
from aidial_portal.surfaces.status import rows as status
from aidial_portal.surfaces.support import rows as support
from aidial_portal.surfaces.workspace import rows as workspace

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Route


def all_rows() -> tuple[Route, ...]:
    """Every row, made anew for each application."""
    surfaces = (
        account,
        api_keys,
        assets,
        audit,
        auth,
        billing,
        calls,
        call_views,
        clients,
        components,
        dashboard,
        display,
        errors,
        health,
        ops,
        projects,
        recordings,
        session,
        sessions,
        sign_in,
        status,
        workspace,
        support,
    )
    rows = (row for surface in surfaces for row in surface.rows())
    return (*rows, *settings.rows(profile=account_pages.account, sessions=account_pages.session_rows))
